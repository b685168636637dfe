/* hull image df: what the store takes up, and how much of it could be free. */
#include "oci/image/command.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/listing.h"
#include "base/words.h"
#include "oci/image/collect.h"
#include "oci/image/usage.h"

#include "base/banned.h"

struct df_values {
	const char *format;
	struct opt_bool verbose;
};

static const struct flag_row df_rows[] = {
	FLAG(struct df_values, format, TEXT, "format", 0, "FORMAT",
	     "table, json, or a template: {{.Type}} {{.Size}}"),
	FLAG(struct df_values, verbose, BOOL, "verbose", 'v', NULL, "each image, with what it shares"),
	{ 0 },
};

/* --- the summary -------------------------------------------------------------------------------------- */

enum kind { KIND_IMAGES, KIND_BLOBS, KIND_GARBAGE, KIND_COUNT };
static const char *const kinds[] = { "Images", "Blobs", "Garbage" };
_Static_assert(ARRAY_LEN(kinds) == KIND_COUNT, "every kind needs a name");

struct line {
	size_t total, active;
	uint64_t size, reclaimable;
};

enum column { COL_TYPE, COL_TOTAL, COL_ACTIVE, COL_SIZE, COL_RECLAIMABLE, COL_COUNT };
static const struct listing_column columns[] = {
	[COL_TYPE] = { "Type", "TYPE" },
	[COL_TOTAL] = { "TotalCount", "TOTAL" },
	[COL_ACTIVE] = { "Active", "ACTIVE" },
	[COL_SIZE] = { "Size", "SIZE" },
	[COL_RECLAIMABLE] = { "Reclaimable", "RECLAIMABLE" },
};
_Static_assert(ARRAY_LEN(columns) == COL_COUNT, "every column needs a row");

static void write_cell(const void *context, size_t row, size_t column, struct text *ret)
{
	const struct line *line = &((const struct line *)context)[row];

	switch ((enum column)column) {
	case COL_TYPE:
		text_append(ret, kinds[row]);
		return;
	case COL_TOTAL:
		text_format(ret, "%zu", line->total);
		return;
	case COL_ACTIVE:
		text_format(ret, "%zu", line->active);
		return;
	case COL_SIZE:
		words_size((double)line->size, 1000, ret);
		return;
	case COL_RECLAIMABLE:
		words_size((double)line->reclaimable, 1000, ret);
		if (line->size > 0)
			text_format(ret, " (%d%%)",
				    (int)((double)line->reclaimable * 100 / (double)line->size));
		return;
	case COL_COUNT:
		break;
	}
}

/* Blobs are those that images refer to; each counts once. */
static int measure_blobs(struct front *front, const struct usage *usage, struct line *line, struct error *err)
{
	for (size_t i = 0; i < usage->image_count; i++) {
		struct strings objects;
		int result =
			collect_objects(&front->store, &front->arena, usage->images[i].ref, &objects, err);

		if (result < 0)
			return result;
		line->active += usage->images[i].containers > 0;
		for (size_t j = 0; j < objects.count; j++) {
			bool seen = !text_starts(objects.items[j], "blobs/");

			for (size_t k = 0; !seen && k < j; k++)
				seen = text_equal(objects.items[k], objects.items[j]);
			if (!seen) {
				line->total++;
				line->size += collect_size(&front->store, objects.items[j]);
			}
		}
	}
	line->active = 0; /* no container reads one */
	return 0;
}

static int summarise(struct front *front, const struct usage *usage, struct line lines[KIND_COUNT],
		     struct error *err)
{
	struct collect_result garbage;
	struct line *images = &lines[KIND_IMAGES];
	int result = collect_measure(&front->store, &front->arena, &garbage, err);

	if (result < 0)
		return result;
	images->total = usage->image_count;
	for (size_t i = 0; i < usage->image_count; i++)
		images->active += usage->images[i].containers > 0;
	for (size_t i = 0; i < usage->layer_count; i++) {
		images->size += usage->layers[i].bytes;
		images->reclaimable += usage->layers[i].in_use ? 0 : usage->layers[i].bytes;
	}
	lines[KIND_GARBAGE].total = (size_t)garbage.objects;
	lines[KIND_GARBAGE].size = lines[KIND_GARBAGE].reclaimable = garbage.bytes;
	return measure_blobs(front, usage, &lines[KIND_BLOBS], err);
}

/* --- each image --------------------------------------------------------------------------------------- */

struct detail {
	struct front *front;
	const struct usage *usage;
};

enum detail_column {
	DETAIL_NAME,
	DETAIL_ID,
	DETAIL_SIZE,
	DETAIL_SHARED,
	DETAIL_UNIQUE,
	DETAIL_USERS,
	DETAIL_COUNT
};
static const struct listing_column detail_columns[] = {
	[DETAIL_NAME] = { "Name", "IMAGE" },
	[DETAIL_ID] = { "ID", "IMAGE ID" },
	[DETAIL_SIZE] = { "Size", "SIZE" },
	[DETAIL_SHARED] = { "SharedSize", "SHARED SIZE" },
	[DETAIL_UNIQUE] = { "UniqueSize", "UNIQUE SIZE" },
	[DETAIL_USERS] = { "Containers", "CONTAINERS" },
};
_Static_assert(ARRAY_LEN(detail_columns) == DETAIL_COUNT, "every column needs a row");

static void write_detail(const void *context, size_t row, size_t column, struct text *ret)
{
	const struct detail *detail = context;
	const struct usage_image *image = &detail->usage->images[row];
	uint64_t unique, shared;
	char digits[REFS_SHORT_ID + 1];

	usage_sizes(detail->usage, image, &unique, &shared);
	switch ((enum detail_column)column) {
	case DETAIL_NAME:
		usage_format_name(detail->front, image->ref, ret);
		return;
	case DETAIL_ID:
		refs_short_id(image->ref->id == NULL ? image->ref->digest : image->ref->id, digits);
		text_append(ret, digits);
		return;
	case DETAIL_SIZE:
		words_size((double)(unique + shared), 1000, ret);
		return;
	case DETAIL_SHARED:
		words_size((double)shared, 1000, ret);
		return;
	case DETAIL_UNIQUE:
		words_size((double)unique, 1000, ret);
		return;
	case DETAIL_USERS:
		text_format(ret, "%zu", image->containers);
		return;
	case DETAIL_COUNT:
		break;
	}
}

static int do_df(struct front *front, const struct df_values *given, struct error *err)
{
	struct line lines[KIND_COUNT] = { 0 };
	autotext struct text text = TEXT_EMPTY;
	struct usage usage;
	int result = front_enter(front, err);

	if (result == 0)
		result = usage_load(front, &usage, err);
	if (result < 0)
		return result;
	struct detail detail = { front, &usage };
	struct listing listing = { .columns = columns,
				   .column_count = COL_COUNT,
				   .count = KIND_COUNT,
				   .cell = write_cell,
				   .context = lines };

	if (given->verbose.value)
		listing = (struct listing){ .columns = detail_columns,
					    .column_count = DETAIL_COUNT,
					    .count = usage.image_count,
					    .cell = write_detail,
					    .context = &detail };
	else
		result = summarise(front, &usage, lines, err);
	if (result == 0)
		result = listing_write(&listing, given->format, &front->arena, &text, err);
	return result < 0 ? result : commands_print(&text, err);
}

static int df_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)args;
	return front_end(do_df(front, values, err), err);
}

const struct command cmd_df = {
	.name = "df",
	.usage = "",
	.summary = "Show what images take up on the disk",
	.options = df_rows,
	.values_size = COMMAND_VALUES(struct df_values),
	.run = df_run,
};
