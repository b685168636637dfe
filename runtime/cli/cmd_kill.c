/*
 * hull kill: a signal for the init process.
 */
#include "runtime/cli/command.h"

#include <signal.h>

#include "base/banned.h"

struct kill_values {
	struct opt_bool all;
};

static const struct option_row kill_rows[] = {
	/* engines still give it: a stopped container is then no error */
	OPTION(struct kill_values, all, BOOL, "all", 'a', NULL, NULL),
	{ 0 },
};

static int kill_run(const struct command_call *call, struct error *err)
{
	const struct kill_values *values = call->values;
	const char *word = call->args.count > 1 ? call->args.items[1] : NULL;
	struct kill_options options = {
		.id = call->args.items[0],
		.signal = word == NULL ? SIGTERM : spec_signal_number(word),
		.all = values->all.value,
	};

	if (options.signal < 0)
		return error_set(err, 0, "unknown signal \"%s\"", word);
	return container_kill(call->context, &options, err);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "CONTAINER [SIGNAL]",
	.summary = "send a signal to the init process of a container",
	.description =
		"   SIGNAL is a number or a name, with or without SIG, in any case; the default is TERM.\n"
		"   Real-time signals are given by number.\n",
	.options = kill_rows,
	.values_size = COMMAND_VALUES(struct kill_values),
	.min_args = 1,
	.max_args = 2,
	.order = OPTIONS_FIRST,
	.run = kill_run,
};
