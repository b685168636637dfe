/* hull net ls: which container has what. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/flags.h"
#include "base/table.h"
#include "base/template.h"
#include "base/tree.h"
#include "runtime/net/front.h"
#include "runtime/net/request.h"
#include "runtime/net/view.h"

#include "base/banned.h"

#define SHORT_ID 12

struct ls_values {
	const char *format, *network;
	struct opt_bool no_trunc;
};

static const struct flag_row ls_rows[] = {
	FLAG(struct ls_values, format, TEXT, "format", 'f', "FORMAT",
	     "table, json, or a template: {{.ID}} {{.IPAddress}} {{.PortsText}}"),
	FLAG(struct ls_values, network, TEXT, "network", 0, "NETWORK", "only this one"),
	FLAG(struct ls_values, no_trunc, BOOL, "no-trunc", 0, NULL, "whole ids"),
	{ 0 },
};

static void add_row(struct table *table, const struct claim *claim, bool whole)
{
	char address[ADDRESS_TEXT_BYTES + 4], id[SHORT_ID + 1], network[128];
	autotext struct text ports = TEXT_EMPTY;
	size_t length;

	address_format(claim->address, address);
	length = strlen(address);
	(void)snprintf(address + length, sizeof(address) - length, "/%u", claim->prefix);
	(void)snprintf(id, sizeof(id), "%s", claim->id);
	(void)snprintf(network, sizeof(network), "%s:%s", claim_driver_names[claim->driver], claim->network);
	publish_format(&claim->ports, &ports);
	table_add(table, whole ? claim->id : id);
	table_add(table, claim->name);
	table_add(table, network);
	table_add(table, claim->interface);
	table_add(table, claim->address == 0 ? "" : address);
	table_add(table, ports.data);
}

static int add_formatted(struct front *front, const struct claim *claim, const char *format, struct text *ret,
			 struct error *err)
{
	const struct json *document = NULL;
	int result = view_make(claim, &front->arena, &document, err);

	if (result == 0 && text_equal(format, "json"))
		tree_write(document, NULL, ret);
	else if (result == 0)
		result = template_write(format, document, true, ret, err);
	text_append(ret, "\n");
	return result;
}

static int ls_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	static const char *const heads[] = { "CONTAINER ID", "NAME",    "NETWORK",
					     "INTERFACE",    "ADDRESS", "PORTS" };
	const struct ls_values *given = values;
	bool table_wanted = given->format == NULL || text_equal(given->format, "table");
	autotext struct text text = TEXT_EMPTY;
	struct state_view view = { 0 };
	enum claim_driver driver = CLAIM_BRIDGE;
	const char *network = NULL;
	struct table table;
	int result = 0;

	(void)args; /* the command takes none */
	if (given->network != NULL)
		result = request_parse_network(front, given->network, &driver, &network, err);
	if (result == 0)
		result = state_load(&front->state, &front->arena, &view, err);
	if (result < 0)
		return result;
	table_init(&table, ARRAY_LEN(heads), TABLE_WIDTH_DOCKER);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		table_add(&table, heads[i]);
	for (size_t i = 0; result == 0 && i < view.claims.count; i++) {
		const struct claim *claim = &view.claims.items[i];

		if (!claim->alive ||
		    (network != NULL && (claim->driver != driver || !text_equal(claim->network, network))))
			continue;
		if (table_wanted)
			add_row(&table, claim, given->no_trunc.value);
		else
			result = add_formatted(front, claim, given->format, &text, err);
	}
	if (table_wanted)
		table_format(&table, &text);
	table_release(&table);
	return result < 0 || text.length == 0 ? result : commands_print(&text, err);
}

const struct command cmd_ls = {
	.name = "ls",
	.aliases = "list ps",
	.usage = "",
	.summary = "List the containers that are in networks",
	.options = ls_rows,
	.values_size = COMMAND_VALUES(struct ls_values),
	.run = ls_run,
};
