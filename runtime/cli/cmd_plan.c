/*
 * hull plan: shows what create would do, without doing it.
 */
#include "runtime/cli/create_values.h"
#include "runtime/cli/output.h"

#include "base/banned.h"

static const struct option_row plan_rows[] = { CREATE_VALUES_ROWS, { 0 } };

static int plan_run(const struct command_call *call, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct create_options options;
	const char *id = call->args.count > 0 ? call->args.items[0] : "container";
	int result = container_check_id(id, err);

	if (result < 0)
		return result;
	result = create_values_options(call->values, id, &options, err);
	if (result < 0)
		return result;
	result = container_plan_print(call->context, &options, &text, err);
	if (result < 0)
		return result;
	return output_write(&text, err);
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "[CONTAINER]",
	.summary = "show what create would do",
	.description =
		"   Prints every decision that follows from the bundle and the options, in the order in\n"
		"   which it would be carried out. Changes nothing and needs no privilege.\n",
	.options = plan_rows,
	.values_size = COMMAND_VALUES(struct create_values),
	.max_args = 1,
	.run = plan_run,
};
