/* hull container attach: at a running container's streams. */
#include "shim/container/command.h"

#include "base/cleanup.h"
#include "shim/container/attach.h"
#include "shim/container/client.h"
#include "shim/container/operate.h"

#include "base/banned.h"

struct attach_values {
	const char *detach_keys;
	struct opt_bool no_stdin, sig_proxy;
};

static const struct flag_row attach_rows[] = {
	FLAG(struct attach_values, detach_keys, TEXT, "detach-keys", 0, "KEYS",
	     "keys that leave it running (default: ctrl-p,ctrl-q)"),
	FLAG(struct attach_values, no_stdin, BOOL, "no-stdin", 0, NULL, "do not attach standard input"),
	FLAG(struct attach_values, sig_proxy, BOOL, "sig-proxy", 0, NULL, "pass signals on (default: true)"),
	{ 0 },
};

static int attach_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct attach_values *given = values;
	struct attach_options options = { .proxy_signals = !given->sig_proxy.set || given->sig_proxy.value };
	autoclose int fd = -1;
	enum attach_end end;
	struct view view;
	int code, status;
	int result = attach_parse_keys(given->detach_keys, &options.keys, err);

	if (result == 0)
		result = view_find(front, args->items[0], &view, err);
	if (result == 0)
		result = lifecycle_check(LIFE_ATTACH, view.state, view.container.name, err);
	if (result < 0)
		return result;
	view_adopt(front, &view);
	options.terminal = view.container.terminal;
	options.input = view.container.open_stdin && !given->no_stdin.value;
	result = client_connect(&front->store, view.id, &fd, err);
	if (result == 0)
		result = attach_hello(fd, &options, err);
	if (result == 0)
		result = attach_stay(front, view.id, fd, &options, &end, &code, err);
	if (result == 0)
		result = operate_after_attach(front, view.id, end, code, &status, err);
	return result < 0 ? result : status;
}

const struct command cmd_attach = {
	.name = "attach",
	.usage = "CONTAINER",
	.summary = "Attach to the input, output and errors of a running container",
	.description = "The detach keys, heeded where the container has a terminal, leave it running. The "
		       "exit status is\n"
		       "the container's.\n",
	.options = attach_rows,
	.values_size = COMMAND_VALUES(struct attach_values),
	.min_args = 1,
	.max_args = 1,
	.run = attach_run,
};
