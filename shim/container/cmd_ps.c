/* hull container ps: the list of containers as a table, ids, JSON or by a template. */
#include "shim/container/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/listing.h"
#include "base/number.h"
#include "base/text.h"
#include "base/words.h"
#include "shim/container/network.h"
#include "shim/container/spawn.h"
#include "shim/container/view.h"

#include "base/banned.h"

struct ps_values {
	const char *format;
	struct flag_list filters;
	struct opt_bool all, quiet, no_trunc, latest;
	struct opt_i64 last;
};

static const struct flag_row ps_rows[] = {
	FLAG(struct ps_values, all, BOOL, "all", 'a', NULL, "all of them (default: those that run)"),
	FLAG(struct ps_values, filters, LIST, "filter", 'f', "KEY=VALUE",
	     "only those with this name, id, status or exited (repeatable)"),
	FLAG(struct ps_values, format, TEXT, "format", 0, "FORMAT",
	     "table, json, or a template: {{.ID}} {{.Names}}"),
	FLAG(struct ps_values, last, INT, "last", 'n', "N", "the N created last, in any state"),
	FLAG(struct ps_values, latest, BOOL, "latest", 'l', NULL, "the one created last, in any state"),
	FLAG(struct ps_values, no_trunc, BOOL, "no-trunc", 0, NULL, "do not shorten"),
	FLAG(struct ps_values, quiet, BOOL, "quiet", 'q', NULL, "only ids"),
	{ 0 },
};

/* One line of the list; a damaged container has only its id and what is wrong. */
struct row {
	struct view view;
	bool damaged;
	const struct json *network; /* NULL: none that hull-net knows */
};

/* --- which ---------------------------------------------------------------------------------------- */

static bool starts_with(const char *filter, const char *key, const char **ret_value)
{
	size_t length = strlen(key);

	*ret_value = filter + length;
	return strncmp(filter, key, length) == 0;
}

static int check_filters(const struct flag_list *filters, struct error *err)
{
	static const char *const states[] = { "created", "restarting", "running", "removing",
					      "paused",  "exited",     "dead" };
	const char *value;

	for (size_t i = 0; i < filters->count; i++) {
		const char *filter = filters->items[i];
		int64_t code;
		bool known = false;

		if (starts_with(filter, "name=", &value) || starts_with(filter, "id=", &value))
			continue;
		if (starts_with(filter, "exited=", &value)) {
			int result = number_parse_i64(value, INT32_MIN, INT32_MAX, &code, err);

			if (result < 0)
				return error_add(err, "invalid filter 'exited=%s'", value);
			continue;
		}
		if (!starts_with(filter, "status=", &value))
			return error_set(err, 0, "invalid filter '%.*s'", (int)strcspn(filter, "="), filter);
		for (size_t j = 0; j < ARRAY_LEN(states); j++)
			known = known || text_equal(states[j], value);
		if (!known)
			return error_set(err, 0, "invalid filter 'status=%s'", value);
	}
	return 0;
}

/* Filters of one key are alternatives, those of several keys all apply. */
static bool passes(const struct row *row, const struct flag_list *filters)
{
	static const char *const keys[] = { "name=", "id=", "status=", "exited=" };
	const char *name = row->damaged ? "" : row->view.container.name, *value;
	char code[16];

	(void)snprintf(code, sizeof(code), "%d", view_exit_code(&row->view));
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		bool asked = false, found = false;

		for (size_t i = 0; i < filters->count; i++) {
			if (!starts_with(filters->items[i], keys[k], &value))
				continue;
			asked = true;
			if (k == 0)
				found = found || strstr(name, value + (value[0] == '/')) != NULL;
			else if (k == 1)
				found = found || text_starts(row->view.id, value);
			else if (k == 2)
				found = found ||
					text_equal(row->damaged ? "dead"
								: lifecycle_state_names[row->view.state],
						   value);
			else
				found = found || (row->view.state == LIFE_EXITED && text_equal(code, value));
		}
		if (asked && !found)
			return false;
	}
	return true;
}

static bool any_state(const struct ps_values *values)
{
	const char *ignored;

	if (values->all.value || values->latest.value || values->last.set)
		return true;
	for (size_t i = 0; i < values->filters.count; i++)
		if (starts_with(values->filters.items[i], "status=", &ignored) ||
		    starts_with(values->filters.items[i], "exited=", &ignored))
			return true;
	return false;
}

static bool is_up(const struct row *row)
{
	return !row->damaged && (row->view.state == LIFE_RUNNING || row->view.state == LIFE_PAUSED ||
				 row->view.state == LIFE_RESTARTING);
}

/* --- their state ---------------------------------------------------------------------------------- */

/* hull knows who is frozen: one call for all. Without its answer they count as running. */
static void mark_paused(struct front *front, struct row *rows, size_t count)
{
	struct spawn_args args = { .count = 0 };
	autotext struct text text = TEXT_EMPTY;
	const struct json *list = NULL;
	struct error ignored;
	bool asked = false;

	for (size_t i = 0; i < count; i++)
		asked = asked || is_up(&rows[i]);
	if (!asked)
		return;
	spawn_add_hull(&args, front, "/dev/null");
	spawn_add(&args, "list");
	spawn_add(&args, "--format");
	spawn_add(&args, "json");
	if (spawn_run(&args, &text, &ignored) < 0 || text.length == 0 ||
	    json_parse(&front->arena, "list", text.data, text.length, &list, &ignored) < 0 ||
	    list->type != JSON_ARRAY)
		return;
	for (const struct json *item = list->first; item != NULL; item = item->next) {
		const struct json *id = json_get(item, "id"), *status = json_get(item, "status");

		if (id == NULL || status == NULL || !text_equal(status->text, "paused"))
			continue;
		for (size_t i = 0; i < count; i++)
			if (rows[i].view.state == LIFE_RUNNING && text_equal(rows[i].view.id, id->text))
				rows[i].view.state = LIFE_PAUSED;
	}
}

/* One call for all. */
static void add_networks(struct front *front, struct row *rows, size_t count)
{
	struct network_list list;
	bool possible = false;

	for (size_t i = 0; i < count; i++)
		possible = possible || (!rows[i].damaged && network_possible(&rows[i].view));
	if (!possible)
		return;
	network_load(front, &list);
	for (size_t i = 0; i < count; i++)
		rows[i].network = network_of(&list, rows[i].view.id);
}

/* The newest first. @ret_damaged: how many could not be read; each was told on standard error. */
static int load_rows(struct front *front, struct row **ret, size_t *ret_count, size_t *ret_damaged,
		     struct error *err)
{
	char(*ids)[STORE_ID_DIGITS + 1] = NULL;
	size_t count = 0, kept = 0;
	int result = store_list(&front->store, &ids, &count, err);

	if (result < 0)
		return result;
	struct row *rows = arena_alloc(&front->arena, (count + 1) * sizeof(*rows));
	for (size_t i = count; rows != NULL && i > 0; i--) {
		struct row *row = &rows[kept];
		struct error why;

		result = view_load(front, ids[i - 1], false, &row->view, &why);
		if (result == -ENOENT)
			continue; /* removed meanwhile */
		if (result < 0) {
			commands_fail(&why);
			row->damaged = true;
			memcpy(row->view.id, ids[i - 1], sizeof(row->view.id));
			++*ret_damaged;
		}
		kept++;
	}
	free(ids);
	if (rows == NULL)
		return error_set(err, ENOMEM, "list containers");
	mark_paused(front, rows, kept);
	*ret = rows;
	*ret_count = kept;
	return 0;
}

/* --- how they are shown --------------------------------------------------------------------------- */

enum column {
	COL_ID,
	COL_IMAGE,
	COL_COMMAND,
	COL_RUNNING_FOR,
	COL_STATUS,
	COL_ADDRESS,
	COL_PORTS,
	COL_NAMES,
	COL_CREATED_AT,
	COL_STATE,
	COL_NETWORKS,
	COL_COUNT
};
static const struct listing_column columns[] = {
	[COL_ID] = { "ID", "CONTAINER ID" },
	[COL_IMAGE] = { "Image", "IMAGE" },
	[COL_COMMAND] = { "Command", "COMMAND" },
	[COL_RUNNING_FOR] = { "RunningFor", "CREATED" },
	[COL_STATUS] = { "Status", "STATUS" },
	[COL_ADDRESS] = { "Address", "ADDRESS" },
	[COL_PORTS] = { "Ports", "PORTS" },
	[COL_NAMES] = { "Names", "NAMES" },
	[COL_CREATED_AT] = { "CreatedAt", "CREATED AT" },
	[COL_STATE] = { "State", "STATE" },
	[COL_NETWORKS] = { "Networks", "NETWORKS" },
};
_Static_assert(ARRAY_LEN(columns) == COL_COUNT, "every column needs a row");

/* What the cells are made of. */
struct shown {
	const struct row *rows;
	bool cut;
	int64_t now_ns;
};

static void write_cell(const void *context, size_t at, size_t column, struct text *ret)
{
	const struct shown *shown = context;
	const struct row *row = &shown->rows[at];
	const struct view *view = &row->view;

	if (column == COL_ID)
		text_format(ret, "%.*s", shown->cut ? VIEW_SHORT_DIGITS : STORE_ID_DIGITS, view->id);
	else if (row->damaged)
		text_append(ret, column == COL_STATUS  ? "Dead (damaged records)"
				 : column == COL_STATE ? "dead"
						       : "");
	else if (column == COL_IMAGE)
		text_append(ret,
			    view->container.image != NULL ? view->container.image : view->container.bundle);
	else if (column == COL_COMMAND)
		words_command(&view->container.command, shown->cut, ret);
	else if (column == COL_ADDRESS)
		text_append(ret, network_text(row->network, "IPAddress"));
	else if (column == COL_PORTS)
		text_append(ret, network_text(row->network, "PortsText"));
	else if (column == COL_NETWORKS)
		text_append(ret, view->container.network == NULL ? "" : view->container.network);
	else if (column == COL_NAMES)
		text_append(ret, view->container.name);
	else if (column == COL_STATE)
		text_append(ret, lifecycle_state_names[view->state]);
	else if (column == COL_STATUS)
		view_status(view, shown->now_ns, ret);
	else if (column == COL_CREATED_AT)
		words_time_plain(view->container.created_ns, ret);
	else {
		words_duration(shown->now_ns - view->container.created_ns, ret);
		text_append(ret, " ago");
	}
}

static int append_rows(struct front *front, const struct ps_values *values, const struct row *rows,
		       size_t count, struct text *ret, struct error *err)
{
	const struct shown shown = { rows, !values->no_trunc.value, words_now_ns() };
	const struct listing listing = {
		.columns = columns,
		.column_count = COL_COUNT,
		.count = count,
		.hidden = { [COL_CREATED_AT] = true, [COL_STATE] = true, [COL_NETWORKS] = true },
		.cell = write_cell,
		.context = &shown
	};

	if (!values->quiet.value)
		return listing_write(&listing, values->format, &front->arena, ret, err);
	for (size_t i = 0; i < count; i++)
		text_format(ret, "%.*s\n", shown.cut ? VIEW_SHORT_DIGITS : STORE_ID_DIGITS, rows[i].view.id);
	return 0;
}

static int ps_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct ps_values *given = values;
	autotext struct text text = TEXT_EMPTY;
	struct row *rows = NULL;
	size_t count = 0, kept = 0, damaged = 0;
	size_t most = given->latest.value                        ? 1
		      : given->last.set && given->last.value > 0 ? (size_t)given->last.value
								 : SIZE_MAX;
	int result = check_filters(&given->filters, err);

	(void)args;
	if (result == 0)
		result = load_rows(front, &rows, &count, &damaged, err);
	if (result < 0)
		return result;
	for (size_t i = 0; i < count && kept < most; i++)
		if ((any_state(given) || is_up(&rows[i])) && passes(&rows[i], &given->filters))
			rows[kept++] = rows[i];
	add_networks(front, rows, given->quiet.value ? 0 : kept);
	result = append_rows(front, given, rows, kept, &text, err);
	if (result == 0 && text.length > 0)
		result = commands_print(&text, err);
	return result < 0 ? result : damaged > 0 ? FRONT_FAILED : 0;
}

const struct command cmd_ps = {
	.name = "ps",
	.aliases = "ls list",
	.usage = "",
	.summary = "List containers",
	.description = "A container whose records are damaged is named on standard error, and the exit "
		       "status is then 1.\n",
	.options = ps_rows,
	.values_size = COMMAND_VALUES(struct ps_values),
	.run = ps_run,
};
