/* hull image history: how an image came to be, step by step, the last one first. */
#include "oci/image/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/listing.h"
#include "base/words.h"
#include "oci/image/content.h"
#include "oci/image/layers.h"
#include "oci/image/refs.h"

#include "base/banned.h"

#define CREATED_BY_CUT 45

struct history_values {
	const char *format;
	struct opt_bool quiet, no_trunc, human;
};

static const struct flag_row history_rows[] = {
	FLAG(struct history_values, format, TEXT, "format", 0, "FORMAT",
	     "table, json, or a template: {{.CreatedBy}} {{.Size}}"),
	FLAG(struct history_values, human, BOOL, "human", 'H', NULL,
	     "sizes and dates for people (default; =false: bytes, dates)"),
	FLAG(struct history_values, no_trunc, BOOL, "no-trunc", 0, NULL, "do not shorten"),
	FLAG(struct history_values, quiet, BOOL, "quiet", 'q', NULL, "only ids"),
	{ 0 },
};

struct step {
	const struct image_history *history; /* NULL: a layer that the history does not tell of */
	int64_t size;
};

struct steps {
	struct step *items; /* the last one first */
	size_t count;
	const char *id;
	bool cut, human;
	int64_t now_ns;
};

/* Layers belong to the steps that are not empty, in order. */
static int make_steps(struct front *front, const struct content *content, struct steps *ret,
		      struct error *err)
{
	const struct image_config *config = &content->config;
	size_t layer = 0, layers = config->diff_ids.count, room = config->history_count + layers + 1;
	struct step *steps = arena_alloc(&front->arena, room * sizeof(*steps));
	size_t count = 0;

	if (steps == NULL)
		return error_set(err, ENOMEM, "tell the history");
	for (size_t i = 0; i < config->history_count || layer < layers; i++) {
		struct step step = { .history = i < config->history_count ? &config->history[i] : NULL };
		struct layers_meta meta;
		struct error ignored;

		if (layer < layers && (step.history == NULL || !step.history->empty_layer)) {
			bool known = layers_load_meta(&front->store, config->diff_ids.items[layer], &meta,
						      &ignored) == 0;

			step.size = known ? (int64_t)meta.bytes : content->manifest.layers.items[layer].size;
			layer++;
		}
		steps[count++] = step;
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct step other = steps[i];

		steps[i] = steps[count - 1 - i];
		steps[count - 1 - i] = other;
	}
	ret->items = steps;
	ret->count = count;
	ret->id = content->id;
	return 0;
}

enum column { COL_ID, COL_SINCE, COL_BY, COL_SIZE, COL_COMMENT, COL_AT, COL_COUNT };
static const struct listing_column columns[] = {
	[COL_ID] = { "ID", "IMAGE" },
	[COL_SINCE] = { "CreatedSince", "CREATED" },
	[COL_BY] = { "CreatedBy", "CREATED BY" },
	[COL_SIZE] = { "Size", "SIZE" },
	[COL_COMMENT] = { "Comment", "COMMENT" },
	[COL_AT] = { "CreatedAt", NULL },
};
_Static_assert(ARRAY_LEN(columns) == COL_COUNT, "every column needs a row");

static void append_id(const struct steps *steps, size_t row, struct text *ret)
{
	char digits[REFS_SHORT_ID + 1];

	if (row > 0) {
		text_append(ret, "<missing>");
		return;
	}
	refs_short_id(steps->id, digits);
	text_append(ret, steps->cut ? digits : steps->id);
}

static void append_created(const struct steps *steps, const struct step *step, bool since, struct text *ret)
{
	int64_t created_ns;
	struct error ignored;

	if (step->history == NULL || step->history->created == NULL) {
		text_append(ret, "N/A");
	} else if (!since || !steps->human ||
		   words_parse_moment(step->history->created, 0, &created_ns, &ignored) < 0) {
		text_append(ret, step->history->created);
	} else {
		words_duration(steps->now_ns - created_ns, ret);
		text_append(ret, " ago");
	}
}

static void append_by(const struct steps *steps, const struct step *step, struct text *ret)
{
	const char *by = step->history == NULL ? NULL : step->history->created_by;

	if (by == NULL)
		return;
	if (!steps->cut || strlen(by) <= CREATED_BY_CUT) {
		text_append(ret, by);
		return;
	}
	size_t length = CREATED_BY_CUT - 1;

	while (length > 0 && ((unsigned char)by[length] & 0xc0) == 0x80)
		length--; /* not within a character */
	text_append_bytes(ret, by, length);
	text_append(ret, "…");
}

static void write_cell(const void *context, size_t row, size_t column, struct text *ret)
{
	const struct steps *steps = context;
	const struct step *step = &steps->items[row];

	switch ((enum column)column) {
	case COL_ID:
		append_id(steps, row, ret);
		return;
	case COL_SINCE:
	case COL_AT:
		append_created(steps, step, column == COL_SINCE, ret);
		return;
	case COL_BY:
		append_by(steps, step, ret);
		return;
	case COL_SIZE:
		if (steps->human)
			words_size((double)step->size, 1000, ret);
		else
			text_format(ret, "%lld", (long long)step->size);
		return;
	case COL_COMMENT:
		if (step->history != NULL && step->history->comment != NULL)
			text_append(ret, step->history->comment);
		return;
	case COL_COUNT:
		break;
	}
}

static int do_history(struct front *front, const struct history_values *given, const char *word,
		      struct error *err)
{
	struct steps steps = { .cut = !given->no_trunc.value,
			       .human = !given->human.set || given->human.value,
			       .now_ns = words_now_ns() };
	autotext struct text text = TEXT_EMPTY;
	struct refs_found found;
	struct content content;
	struct refs refs;
	int result = front_find(front, word, &refs, &found, err);

	if (result == 0)
		result = content_load(&front->store, &refs.items[found.index], NULL, &front->arena, &content,
				      err);
	if (result == 0)
		result = make_steps(front, &content, &steps, err);
	if (result < 0)
		return result;
	struct listing listing = { .columns = columns,
				   .column_count = COL_COUNT,
				   .count = steps.count,
				   .cell = write_cell,
				   .context = &steps };

	if (given->quiet.value)
		for (size_t i = 0; i < steps.count; i++) {
			append_id(&steps, i, &text);
			text_append(&text, "\n");
		}
	else
		result = listing_write(&listing, given->format, &front->arena, &text, err);
	text_append(&text, "");
	return result < 0 ? result : commands_print(&text, err);
}

static int history_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	return front_end(do_history(front, values, args->items[0], err), err);
}

const struct command cmd_history = {
	.name = "history",
	.usage = "IMAGE",
	.summary = "Show how an image came to be",
	.options = history_rows,
	.values_size = COMMAND_VALUES(struct history_values),
	.min_args = 1,
	.max_args = 1,
	.run = history_run,
};
