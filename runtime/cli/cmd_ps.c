/*
 * hull ps: the processes of a container, as pids or as the lines that the host's ps has for them.
 */
#include "runtime/cli/command.h"

#include <errno.h>

#include "base/cleanup.h"
#include "runtime/cli/output.h"
#include "runtime/cli/ps_host.h"

#include "base/banned.h"

struct ps_values {
	const char *format;
};

static const struct option_row ps_rows[] = {
	OPTION(struct ps_values, format, TEXT, "format", 'f', "FORMAT", "table or json (default: table)"),
	{ 0 },
};

static void append_json(const pid_t *pids, size_t count, struct text *ret)
{
	text_append(ret, "[");
	for (size_t i = 0; i < count; i++)
		text_format(ret, "%s%d", i == 0 ? "" : ",", (int)pids[i]);
	text_append(ret, "]\n");
}

static int ps_run(const struct command_call *call, struct error *err)
{
	const struct ps_values *values = call->values;
	autotext struct text text = TEXT_EMPTY, listing = TEXT_EMPTY;
	autofree pid_t *pids = NULL;
	size_t count = 0;
	bool json = text_equal(values->format, "json");
	struct strings options = { call->args.count - 1, call->args.items + 1 };

	if (values->format != NULL && !json && !text_equal(values->format, "table"))
		return error_set(err, 0, "invalid format option");
	int result = container_pids(call->context, call->args.items[0], &pids, &count, err);
	if (result < 0)
		return result;
	if (json) {
		append_json(pids, count, &text);
		return output_write(&text, err);
	}
	result = ps_host_run(&options, &listing, err);
	if (result < 0)
		return result;
	result = ps_host_filter(listing.data, pids, count, &text, err);
	if (result < 0)
		return result;
	return output_write(&text, err);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "CONTAINER [PS-OPTION...]",
	.summary = "list the processes of a container",
	.description =
		"   The table holds the lines that the host's ps prints for them; PS-OPTIONs are given to\n"
		"   it (default: -ef) and must leave the PID column in.\n",
	.options = ps_rows,
	.values_size = COMMAND_VALUES(struct ps_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.order = OPTIONS_FIRST,
	.run = ps_run,
};
