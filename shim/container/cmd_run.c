/* hull container create, run, start: new containers and stopped ones brought to life. */
#include "shim/container/command.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "shim/container/attach.h"
#include "shim/container/make.h"
#include "shim/container/operate.h"

#include "base/banned.h"

static int print_id(const char *id, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	text_format(&text, "%s\n", id);
	return commands_print(&text, err);
}

/* --- create --------------------------------------------------------------------------------------- */

struct create_values {
	struct make_values make;
	struct choices choices;
};

static const struct flag_row create_rows[] = { MAKE_ROWS(struct create_values),
					       CHOICE_ROWS(struct create_values),
					       { 0 } };

static int create_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct create_values *given = values;
	char id[STORE_ID_DIGITS + 1];
	int result = make_container(front, &given->make, &given->choices, args, id, err);

	return result < 0 ? result : print_id(id, err);
}

const struct command cmd_create = {
	.name = "create",
	.usage = "IMAGE|--bundle DIR [COMMAND] [ARG...]",
	.summary = "Create a new container",
	.description =
		"Of an image of hull's store, or of a bundle. COMMAND replaces the program. Options stand "
		"before it.\n",
	.options = create_rows,
	.values_size = COMMAND_VALUES(struct create_values),
	.max_args = COMMAND_ARGS_ANY,
	.order = FLAGS_FIRST,
	.failure_status = FRONT_FAILED_RUN,
	.run = create_run,
};

/* --- run ------------------------------------------------------------------------------------------ */

struct run_values {
	struct make_values make;
	struct choices choices;
	const char *detach_keys;
	struct opt_bool detach, sig_proxy;
};

static const struct flag_row run_rows[] = {
	FLAG(struct run_values, detach, BOOL, "detach", 'd', NULL, "do not wait for it, print its id"),
	MAKE_ROWS(struct run_values),
	CHOICE_ROWS(struct run_values),
	FLAG(struct run_values, detach_keys, TEXT, "detach-keys", 0, "KEYS",
	     "keys that leave it running (default: ctrl-p,ctrl-q)"),
	FLAG(struct run_values, sig_proxy, BOOL, "sig-proxy", 0, NULL, "pass signals on (default: true)"),
	{ 0 },
};

static int check_terminal(const struct make_values *values, bool detach, struct error *err)
{
	if (!detach && values->tty.value && values->interactive.value && isatty(STDIN_FILENO) == 0)
		return error_set(err, 0, "the input device is not a TTY");
	return 0;
}

/* Nothing was started: the error's own exit status; with --rm nothing stays. */
static int fail_start(struct front *front, const char *id, bool remove, const struct error *err)
{
	struct error ignored;

	commands_fail(err);
	if (remove)
		ignore_failure(operate_remove(front, id, true, &ignored)); /* hull-shim may have done it */
	return operate_failure_status(err->text);
}

static int run_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct run_values *given = values;
	struct attach_options options = {
		.input = given->make.interactive.value,
		.terminal = given->make.tty.value,
		.proxy_signals = !given->sig_proxy.set || given->sig_proxy.value,
	};
	char id[STORE_ID_DIGITS + 1];
	int status = 0;
	int result = attach_parse_keys(given->detach_keys, &options.keys, err);

	if (result == 0)
		result = check_terminal(&given->make, given->detach.value, err);
	front->store.later = true; /* by spawn_shim */
	if (result == 0)
		result = make_container(front, &given->make, &given->choices, args, id, err);
	if (result < 0)
		return result;
	if (given->detach.value)
		result = operate_start(front, id, -1, err);
	else
		result = operate_start_attached(front, id, &options, &status, err);
	if (result < 0)
		return fail_start(front, id, given->make.rm.value, err);
	return given->detach.value ? print_id(id, err) : status;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "IMAGE|--bundle DIR [COMMAND] [ARG...]",
	.summary = "Create and run a new container",
	.description =
		"Of an image of hull's store, or of a bundle. COMMAND replaces the program. Options stand "
		"before it.\nWithout --detach the exit\n"
		"status is the program's; 125: it could not be started, 126: it cannot be executed, "
		"127: it was\n"
		"not found.\n",
	.options = run_rows,
	.values_size = COMMAND_VALUES(struct run_values),
	.max_args = COMMAND_ARGS_ANY,
	.order = FLAGS_FIRST,
	.failure_status = FRONT_FAILED_RUN,
	.run = run_run,
};

/* --- start ---------------------------------------------------------------------------------------- */

struct start_values {
	const char *detach_keys;
	struct opt_bool attach, interactive, sig_proxy;
};

static const struct flag_row start_rows[] = {
	FLAG(struct start_values, attach, BOOL, "attach", 'a', NULL, "stay with it: output and signals"),
	FLAG(struct start_values, interactive, BOOL, "interactive", 'i', NULL, "attach standard input, too"),
	FLAG(struct start_values, detach_keys, TEXT, "detach-keys", 0, "KEYS",
	     "keys that leave it running (default: ctrl-p,ctrl-q)"),
	FLAG(struct start_values, sig_proxy, BOOL, "sig-proxy", 0, NULL, "pass signals on (default: true)"),
	{ 0 },
};

static int start_one(struct front *front, const char *id, const void *data, struct error *err)
{
	(void)data;
	return operate_start(front, id, -1, err);
}

static int start_attached(struct front *front, const struct start_values *given, const char *word,
			  struct error *err)
{
	struct attach_options options = { .proxy_signals = !given->sig_proxy.set || given->sig_proxy.value };
	struct view view;
	int status;
	int result = attach_parse_keys(given->detach_keys, &options.keys, err);

	if (result == 0)
		result = view_find(front, word, &view, err);
	if (result < 0)
		return result;
	if (view.state == LIFE_RUNNING)
		return error_set(err, 0, "container %s is running already, attach to it",
				 view.container.name);
	options.terminal = view.container.terminal;
	options.input = given->interactive.value && view.container.open_stdin;
	result = operate_start_attached(front, view.id, &options, &status, err);
	if (result < 0) {
		commands_fail(err);
		return operate_failure_status(err->text);
	}
	return status;
}

static int start_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct start_values *given = values;

	if (!given->attach.value && !given->interactive.value)
		return front_each(front, args, true, start_one, NULL);
	if (args->count > 1)
		return error_set(err, 0, "you cannot start and attach multiple containers at once");
	return start_attached(front, given, args->items[0], err);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Start one or more stopped containers",
	.options = start_rows,
	.values_size = COMMAND_VALUES(struct start_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = start_run,
};
