/*
 * hull pause: freezes every process of a container.
 */
#include "runtime/cli/command.h"

#include "base/banned.h"

static int pause_run(const struct command_call *call, struct error *err)
{
	return container_pause(call->context, call->args.items[0], err);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "CONTAINER",
	.summary = "freeze every process of a container",
	.description = "   The processes stay where they are until `resume`.\n",
	.min_args = 1,
	.max_args = 1,
	.run = pause_run,
};
