/*
 * hull start: lets the program of a created container run.
 */
#include "runtime/cli/command.h"

#include "base/banned.h"

static int start_run(const struct command_call *call, struct error *err)
{
	return container_start(call->context, call->args.items[0], err);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "CONTAINER",
	.summary = "start the program of a created container",
	.description = "   Lets the program of a created container run and returns when it does.\n",
	.min_args = 1,
	.max_args = 1,
	.run = start_run,
};
