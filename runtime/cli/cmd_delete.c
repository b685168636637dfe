/*
 * hull delete: removes what is left of a container, with --force a running one too.
 */
#include "runtime/cli/command.h"

#include "base/banned.h"

struct delete_values {
	struct opt_bool force;
};

static const struct option_row delete_rows[] = {
	OPTION(struct delete_values, force, BOOL, "force", 'f', NULL,
	       "kill a running container first; one that does not exist is no error"),
	{ 0 },
};

static int delete_run(const struct command_call *call, struct error *err)
{
	const struct delete_values *values = call->values;

	return container_delete(call->context, call->args.items[0], values->force.value, err);
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "CONTAINER",
	.summary = "delete a container and all that belongs to it",
	.description = "   The container must be stopped, or created and never started.\n",
	.options = delete_rows,
	.values_size = COMMAND_VALUES(struct delete_values),
	.min_args = 1,
	.max_args = 1,
	.run = delete_run,
};
