/* hull container stats: what running containers use, once or as a live table. */
#include "shim/container/command.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/table.h"
#include "base/template.h"
#include "base/text.h"
#include "base/tree.h"
#include "base/words.h"
#include "shim/container/stats.h"
#include "shim/container/view.h"

#include "base/banned.h"

#define INTERVAL_MS 1000
#define NAME_BYTES 160 /* of a name, with its NUL */
#define CLEAR_SCREEN "\033[2J\033[H"

struct stats_values {
	const char *format;
	struct opt_bool all, no_stream, no_trunc;
};

static const struct flag_row stats_rows[] = {
	FLAG(struct stats_values, all, BOOL, "all", 'a', NULL, "those that do not run, too"),
	FLAG(struct stats_values, format, TEXT, "format", 0, "FORMAT",
	     "table, json, or a template: {{.Name}} {{.CPUPerc}}"),
	FLAG(struct stats_values, no_stream, BOOL, "no-stream", 0, NULL, "show one result only"),
	FLAG(struct stats_values, no_trunc, BOOL, "no-trunc", 0, NULL, "do not shorten"),
	{ 0 },
};

/* One container that is watched. */
struct watched {
	char id[STORE_ID_DIGITS + 1];
	char name[NAME_BYTES];
	bool runs, known; /* known: before holds a sample of the same process */
	pid_t pid;
	struct stats_sample before, now;
};

static bool shows(const struct view *view, bool all)
{
	return all || view->state == LIFE_RUNNING || view->state == LIFE_PAUSED;
}

/* Those that are named, or all that run. What is read for it is @front's until the caller releases it. */
static int choose_with(struct front *front, const struct stats_values *values, const struct strings *args,
		       struct watched **ret, size_t *ret_count, struct error *err)
{
	char(*ids)[STORE_ID_DIGITS + 1] = NULL;
	size_t count = args->count, kept = 0;
	int result = args->count > 0 ? 0 : store_list(&front->store, &ids, &count, err);
	struct watched *chosen = result < 0 ? NULL : calloc(count + 1, sizeof(*chosen));

	if (result == 0 && chosen == NULL)
		result = error_set(err, ENOMEM, "choose containers");
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct view view;

		result =
			args->count > 0 ? store_find(&front->store, args->items[i], chosen[kept].id, err) : 0;
		if (result == 0 && args->count == 0)
			memcpy(chosen[kept].id, ids[i], sizeof(ids[i]));
		if (result == 0)
			result = view_load(front, chosen[kept].id, false, &view, err);
		if (result < 0 && args->count == 0) {
			result = 0; /* damaged or just removed: the others are shown */
			continue;
		}
		if (result == 0 && (args->count > 0 || shows(&view, values->all.value)))
			(void)snprintf(chosen[kept++].name, NAME_BYTES, "%s", view.container.name); /* fits */
	}
	free(ids);
	if (result < 0) {
		free(chosen);
		return result;
	}
	*ret = chosen;
	*ret_count = kept;
	return 0;
}

/* Called each second: the records that it reads do not stay. */
static int choose(const struct front *front, const struct stats_values *values, const struct strings *args,
		  struct watched **ret, size_t *ret_count, struct error *err)
{
	struct front scratch = *front;

	arena_init(&scratch.arena, 0);
	int result = choose_with(&scratch, values, args, ret, ret_count, err);
	arena_release(&scratch.arena);
	return result;
}

/* A further sample of each. */
static void sample(struct front *front, struct watched *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct watched *one = &list[i];
		struct store_run run;
		struct pidfd process;
		struct error ignored;
		pid_t pid = one->pid;

		one->before = one->now;
		one->known = one->runs;
		one->runs = store_run_load(&front->store, one->id, &run, &ignored) == 0 &&
			    run.container.pid != 0 && process_find(&run.container, &process, &ignored) == 0;
		if (!one->runs)
			continue;
		one->pid = run.container.pid;
		one->known = one->known && one->pid == pid;
		one->runs = stats_read(one->pid, &one->now, &ignored) == 0;
		(void)close(process.fd); /* only asked whether it is there */
	}
}

/* --- how it is shown ------------------------------------------------------------------------------ */

enum column {
	COL_ID,
	COL_NAME,
	COL_CPU,
	COL_MEMORY,
	COL_MEMORY_PERCENT,
	COL_NETWORK,
	COL_BLOCK,
	COL_PIDS,
	COL_PRESSURE,
	COL_COUNT
};
static const struct {
	const char *field, *heading;
} columns[] = {
	[COL_ID] = { "ID", "CONTAINER ID" },
	[COL_NAME] = { "Name", "NAME" },
	[COL_CPU] = { "CPUPerc", "CPU %" },
	[COL_MEMORY] = { "MemUsage", "MEM USAGE / LIMIT" },
	[COL_MEMORY_PERCENT] = { "MemPerc", "MEM %" },
	[COL_NETWORK] = { "NetIO", "NET I/O" },
	[COL_BLOCK] = { "BlockIO", "BLOCK I/O" },
	[COL_PIDS] = { "PIDs", "PIDS" },
	[COL_PRESSURE] = { "Pressure", "PRESSURE CPU MEM IO" },
};
_Static_assert(ARRAY_LEN(columns) == COL_COUNT, "every column needs a row");

static void write_pair(int64_t a, int64_t b, unsigned unit, struct text *ret)
{
	if (a < 0)
		text_append(ret, "--");
	else
		words_size((double)a, unit, ret);
	text_append(ret, " / ");
	if (b < 0)
		text_append(ret, "--");
	else
		words_size((double)b, unit, ret);
}

static void write_percent(double percent, struct text *ret)
{
	if (percent < 0)
		text_append(ret, "--");
	else
		text_format(ret, "%.2f%%", percent);
}

static void write_cell(const struct watched *one, enum column column, bool cut, struct text *ret)
{
	const struct stats_sample *now = &one->now;

	if (column == COL_ID)
		text_format(ret, "%.*s", cut ? VIEW_SHORT_DIGITS : STORE_ID_DIGITS, one->id);
	else if (column == COL_NAME)
		text_append(ret, one->name);
	else if (!one->runs)
		text_append(ret, column == COL_MEMORY || column == COL_NETWORK || column == COL_BLOCK
					 ? "-- / --"
					 : "--");
	else if (column == COL_CPU)
		write_percent(one->known ? stats_cpu_percent(&one->before, now) : STATS_UNKNOWN, ret);
	else if (column == COL_MEMORY)
		write_pair(now->memory_bytes, now->memory_limit_bytes, 1024, ret);
	else if (column == COL_MEMORY_PERCENT)
		write_percent(now->memory_bytes < 0 || now->memory_limit_bytes <= 0
				      ? STATS_UNKNOWN
				      : (double)now->memory_bytes * 100.0 / (double)now->memory_limit_bytes,
			      ret);
	else if (column == COL_NETWORK)
		write_pair(now->received_bytes, now->sent_bytes, 1000, ret);
	else if (column == COL_BLOCK)
		write_pair(now->read_bytes, now->written_bytes, 1000, ret);
	else if (column == COL_PIDS && now->pids >= 0)
		text_format(ret, "%" PRId64, now->pids);
	else if (column == COL_PRESSURE && now->has_pressure)
		text_format(ret, "%.2f %.2f %.2f", now->pressure[0], now->pressure[1], now->pressure[2]);
	else
		text_append(ret, "--");
}

static bool any_pressure(const struct watched *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].runs && list[i].now.has_pressure)
			return true;
	return false;
}

static int append_table(const struct watched *list, size_t count, bool cut, struct text *ret,
			struct error *err)
{
	size_t width = any_pressure(list, count) ? COL_COUNT : COL_PRESSURE;
	struct table table;
	int result = 0;

	table_init(&table, width, TABLE_WIDTH_DOCKER);
	for (size_t c = 0; c < width; c++)
		table_add(&table, columns[c].heading);
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; result == 0 && c < width; c++) {
			autotext struct text cell = TEXT_EMPTY;

			write_cell(&list[i], (enum column)c, cut, &cell);
			result = text_done(&cell, err);
			if (result == 0)
				table_add(&table, cell.data);
		}
	}
	table_format(&table, ret);
	table_release(&table);
	return result;
}

static int append_line(const struct watched *one, const char *format, bool cut, struct text *ret,
		       struct error *err)
{
	struct arena arena;
	const struct json *object = NULL;
	int result = 0;

	arena_init(&arena, 0);
	for (size_t c = 0; result == 0 && c < COL_COUNT; c++) {
		autotext struct text cell = TEXT_EMPTY;

		write_cell(one, (enum column)c, cut, &cell);
		result = text_done(&cell, err);
		if (result < 0)
			break;
		const char *copy = arena_copy(&arena, cell.data, cell.length);

		object = copy == NULL
				 ? NULL
				 : tree_with(&arena, object, columns[c].field, tree_string(&arena, copy));
		if (object == NULL)
			result = error_set(err, ENOMEM, "show statistics");
	}
	if (result == 0 && text_equal(format, "json"))
		tree_write(object, NULL, ret);
	else if (result == 0)
		result = template_write(format, object, true, ret, err);
	text_append(ret, "\n");
	arena_release(&arena);
	return result;
}

static int show(const struct watched *list, size_t count, const struct stats_values *values, bool live,
		struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	bool table = values->format == NULL || text_equal(values->format, "table");
	int result = 0;

	text_append(&text, live ? CLEAR_SCREEN : "");
	if (table)
		result = append_table(list, count, !values->no_trunc.value, &text, err);
	for (size_t i = 0; result == 0 && !table && i < count; i++)
		result = append_line(&list[i], values->format, !values->no_trunc.value, &text, err);
	return result < 0 || text.length == 0 ? result : commands_print(&text, err);
}

static int stats_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct stats_values *given = values;
	struct watched *list = NULL;
	size_t count = 0;
	int result = choose(front, given, args, &list, &count, err);

	if (result < 0)
		return result;
	sample(front, list, count);
	do {
		(void)poll(NULL, 0, INTERVAL_MS);
		sample(front, list, count);
		result = show(list, count, given, !given->no_stream.value && isatty(STDOUT_FILENO) != 0, err);
		if (result == 0 && !given->no_stream.value && args->count == 0) {
			struct watched *next = NULL;
			size_t next_count = 0;

			/* containers come and go; those that stay keep their samples */
			result = choose(front, given, args, &next, &next_count, err);
			for (size_t i = 0; result == 0 && i < next_count; i++)
				for (size_t j = 0; j < count; j++)
					if (text_equal(next[i].id, list[j].id))
						next[i] = list[j];
			if (result == 0) {
				free(list);
				list = next;
				count = next_count;
			}
		}
	} while (result == 0 && !given->no_stream.value);
	free(list);
	return result;
}

const struct command cmd_stats = {
	.name = "stats",
	.usage = "[CONTAINER...]",
	.summary = "Display what containers use: CPU, memory, network, block I/O, processes",
	.options = stats_rows,
	.values_size = COMMAND_VALUES(struct stats_values),
	.max_args = COMMAND_ARGS_ANY,
	.run = stats_run,
};
