/*
 * hull create: a container up to the point where its program would start.
 */
#include "runtime/cli/create_values.h"

#include "base/banned.h"

static const struct option_row create_rows[] = { CREATE_VALUES_ROWS, { 0 } };

static int create_run(const struct command_call *call, struct error *err)
{
	struct create_options options;
	int result = create_values_options(call->values, call->args.items[0], &options, err);

	if (result < 0)
		return result;
	return container_create(call->context, &options, err);
}

const struct command cmd_create = {
	.name = "create",
	.usage = "CONTAINER",
	.summary = "create a container, ready to be started",
	.description =
		"   Builds the container that the bundle describes and waits before its program; `start`\n"
		"   lets it run. CONTAINER is a name of your own, unique below the state root.\n",
	.options = create_rows,
	.values_size = COMMAND_VALUES(struct create_values),
	.min_args = 1,
	.max_args = 1,
	.error_context = "create failed",
	.error_named = true,
	.run = create_run,
};
