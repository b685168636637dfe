/*
 * hull run: create and start in one, and without --detach wait for the program and delete the container.
 */
#include "runtime/cli/create_values.h"

#include "base/banned.h"

struct run_values {
	struct create_values create; /* first: its rows are shared */
	struct opt_bool detach, keep, no_subreaper;
};

static const struct option_row run_rows[] = {
	CREATE_VALUES_ROWS,
	OPTION(struct run_values, detach, BOOL, "detach", 'd', NULL, "do not wait for the program"),
	OPTION(struct run_values, keep, BOOL, "keep", 0, NULL,
	       "do not delete the container when its program ended"),
	OPTION(struct run_values, no_subreaper, BOOL, "no-subreaper", 0, NULL,
	       "do not adopt the container's orphans while waiting"),
	{ 0 },
};
_Static_assert(offsetof(struct run_values, create) == 0, "CREATE_VALUES_ROWS count from the struct's start");

static int run_run(const struct command_call *call, struct error *err)
{
	const struct run_values *values = call->values;
	struct run_options options = {
		.detach = values->detach.value,
		.keep = values->keep.value,
		.no_subreaper = values->no_subreaper.value,
	};
	int status = 0;
	int result = create_values_options(&values->create, call->args.items[0], &options.create, err);

	if (result < 0)
		return result;
	result = container_run(call->context, &options, &status, err);
	return result < 0 ? result : status;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "CONTAINER",
	.summary = "create and run a container",
	.description =
		"   As `create` and `start`. Without --detach hull stays, relays signals and the terminal,\n"
		"   deletes the container at the end and exits with the program's status.\n",
	.options = run_rows,
	.values_size = COMMAND_VALUES(struct run_values),
	.min_args = 1,
	.max_args = 1,
	.error_context = "run failed",
	.error_named = true,
	.run = run_run,
};
