/*
 * hull resume: thaws what pause froze.
 */
#include "runtime/cli/command.h"

#include "base/banned.h"

static int resume_run(const struct command_call *call, struct error *err)
{
	return container_resume(call->context, call->args.items[0], err);
}

const struct command cmd_resume = {
	.name = "resume",
	.usage = "CONTAINER",
	.summary = "let a paused container go on",
	.description = "   Undoes `pause`.\n",
	.min_args = 1,
	.max_args = 1,
	.run = resume_run,
};
