/*
 * hull state: what a container is at this moment.
 */
#include "runtime/cli/command.h"
#include "runtime/cli/container_json.h"
#include "runtime/cli/output.h"

#include "base/banned.h"

static int state_run(const struct command_call *call, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct container_info info;
	int result = container_info_load(call->context, call->args.items[0], &info, err);

	if (result < 0)
		return result;
	result = container_json_format(&info, true, &text, err);
	container_info_release(&info);
	return result < 0 ? result : output_write(&text, err);
}

const struct command cmd_state = {
	.name = "state",
	.usage = "CONTAINER",
	.summary = "print the state of a container",
	.description = "   Prints the state document of the OCI runtime specification, in JSON.\n",
	.min_args = 1,
	.max_args = 1,
	.run = state_run,
};
