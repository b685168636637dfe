/*
 * hull list: the containers below the state root, as a table, JSON or bare ids.
 */
#include "runtime/cli/command.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "runtime/cli/container_json.h"
#include "runtime/cli/output.h"

#include "base/banned.h"

struct list_values {
	const char *format;
	struct opt_bool quiet;
};

static const struct option_row list_rows[] = {
	OPTION(struct list_values, format, TEXT, "format", 'f', "FORMAT", "table or json (default: table)"),
	OPTION(struct list_values, quiet, BOOL, "quiet", 'q', NULL, "print only ids"),
	{ 0 },
};

static void append_ids(const struct container_info *infos, size_t count, struct text *ret)
{
	for (size_t i = 0; i < count; i++)
		text_format(ret, "%s\n", infos[i].id);
}

static int append_json(const struct container_info *infos, size_t count, struct text *ret, struct error *err)
{
	if (count == 0) {
		text_append(ret, "null\n"); /* runc's word for an empty list */
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		text_append(ret, i == 0 ? "[" : ",");
		int result = container_json_format(&infos[i], false, ret, err);
		if (result < 0)
			return result;
	}
	text_append(ret, "]\n");
	return 0;
}

static void append_table(const struct container_info *infos, size_t count, struct text *ret)
{
	static const char *const heading[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	struct table table;

	table_init(&table, ARRAY_LEN(heading), TABLE_WIDTH_RUNC);
	for (size_t i = 0; i < ARRAY_LEN(heading); i++)
		table_add(&table, heading[i]);
	for (size_t i = 0; i < count; i++) {
		char pid[16];

		(void)snprintf(pid, sizeof(pid), "%d", (int)infos[i].pid);
		table_add(&table, infos[i].id);
		table_add(&table, pid);
		table_add(&table, container_status_names[infos[i].status]);
		table_add(&table, infos[i].bundle);
		table_add(&table, infos[i].created);
		table_add(&table, infos[i].owner);
	}
	table_format(&table, ret);
	table_release(&table);
}

static int list_run(const struct command_call *call, struct error *err)
{
	const struct list_values *values = call->values;
	autotext struct text text = TEXT_EMPTY;
	struct container_info *infos = NULL;
	size_t count = 0;
	bool json = text_equal(values->format, "json");

	if (values->format != NULL && !json && !text_equal(values->format, "table"))
		return error_set(err, 0, "invalid format option");
	int result = container_list(call->context, &infos, &count, err);
	if (result < 0 && !(result == -ENOENT && !call->root_given))
		return result; /* a root that nobody named and nothing made yet is an empty list */

	result = 0;
	if (values->quiet.value)
		append_ids(infos, count, &text);
	else if (json)
		result = append_json(infos, count, &text, err);
	else
		append_table(infos, count, &text);
	for (size_t i = 0; i < count; i++)
		container_info_release(&infos[i]);
	free(infos);
	return result < 0 ? result : output_write(&text, err);
}

const struct command cmd_list = {
	.name = "list",
	.usage = "",
	.summary = "list containers",
	.description = "   Lists the containers below the state root (see the global option --root).\n",
	.options = list_rows,
	.values_size = COMMAND_VALUES(struct list_values),
	.run = list_run,
};
