/* hull image ls: the images as a table, ids, JSON or by a template. Reads index.json and nothing else. */
#include "oci/image/command.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/listing.h"
#include "base/words.h"
#include "oci/image/content.h"
#include "oci/image/refs.h"
#include "oci/spec/filter.h"

#include "base/banned.h"

struct ls_values {
	const char *format;
	struct flag_list filters;
	struct opt_bool all, quiet, no_trunc, digests;
};

static const struct flag_row ls_rows[] = {
	FLAG(struct ls_values, all, BOOL, "all", 'a', NULL, "all of them (there are no hidden ones)"),
	FLAG(struct ls_values, digests, BOOL, "digests", 0, NULL, "show digests, too"),
	FLAG(struct ls_values, filters, LIST, "filter", 'f', "KEY=VALUE",
	     "only those with this reference, label, dangling, before or since (repeatable)"),
	FLAG(struct ls_values, format, TEXT, "format", 0, "FORMAT",
	     "table, json, or a template: {{.Repository}}:{{.Tag}} {{.ID}}"),
	FLAG(struct ls_values, no_trunc, BOOL, "no-trunc", 0, NULL, "do not shorten"),
	FLAG(struct ls_values, quiet, BOOL, "quiet", 'q', NULL, "only ids"),
	{ 0 },
};

struct row {
	const struct ref *ref;
	const char *repository, *tag; /* NULL: none */
	int64_t created_ns;           /* INT64_MIN: unknown */
};

struct list {
	struct row *rows;
	size_t count;
	bool cut;
	int64_t now_ns;
};

static int make_row(struct front *front, const struct ref *ref, struct row *ret, struct error *err)
{
	struct arena *arena = &front->arena;
	struct reference reference;
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	*ret = (struct row){ .ref = ref, .created_ns = INT64_MIN };
	if (ref->created != NULL && words_parse_moment(ref->created, 0, &ret->created_ns, &ignored) < 0)
		ret->created_ns = INT64_MIN;
	if (ref->name == NULL)
		return 0;
	int result = reference_parse(ref->name, arena, &reference, err);

	if (result < 0)
		return result;
	reference_familiar_name(&reference, &text);
	ret->repository = front_copy(front, &text);
	ret->tag = reference.tag;
	return ret->repository == NULL ? error_set(err, ENOMEM, "list images") : 0;
}

/* --- filters ------------------------------------------------------------------------------------------ */

struct filter {
	const char *key, *value;
	int64_t bound_ns;
};

/* What fnmatch is asked: the name with and without its tag, familiar and whole. */
static bool matches_reference(const struct row *row, const char *pattern)
{
	autotext struct text text = TEXT_EMPTY;

	if (row->repository == NULL)
		return false;
	text_format(&text, "%s:%s", row->repository, row->tag == NULL ? "" : row->tag);
	return !text.failed && (fnmatch(pattern, text.data, FNM_PATHNAME) == 0 ||
				fnmatch(pattern, row->repository, FNM_PATHNAME) == 0 ||
				fnmatch(pattern, row->ref->name, FNM_PATHNAME) == 0);
}

static bool matches_label(struct front *front, const struct row *row, const char *wanted)
{
	struct content content;
	struct error ignored;

	return content_load(&front->store, row->ref, NULL, &front->arena, &content, &ignored) == 0 &&
	       filter_has_label(&content.config.defaults.labels, wanted);
}

static bool passes(struct front *front, const struct row *row, const struct filter *filter)
{
	if (text_equal(filter->key, "reference"))
		return matches_reference(row, filter->value);
	if (text_equal(filter->key, "label"))
		return matches_label(front, row, filter->value);
	if (text_equal(filter->key, "dangling"))
		return (row->ref->name == NULL) ==
		       (text_equal(filter->value, "true") || text_equal(filter->value, "1"));
	if (text_equal(filter->key, "before"))
		return row->created_ns < filter->bound_ns;
	return row->created_ns > filter->bound_ns; /* since */
}

/* The moment that "before" and "since" mean: when that image was made. */
static int find_bound(struct front *front, const struct refs *refs, struct filter *filter, struct error *err)
{
	struct refs_found found;
	struct row row;
	int result = refs_find(refs, &front->arena, filter->value, &found, err);

	if (result == 0)
		result = make_row(front, &refs->items[found.index], &row, err);
	if (result == 0)
		filter->bound_ns = row.created_ns;
	return result;
}

static int parse_filter(struct front *front, const struct refs *refs, const char *text, struct filter *ret,
			struct error *err)
{
	static const char *const keys[] = { "reference", "label", "dangling", "before", "since" };
	size_t length = strcspn(text, "=");

	*ret = (struct filter){ .value = text[length] == '=' ? text + length + 1 : NULL };
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strlen(keys[i]) == length && strncmp(keys[i], text, length) == 0)
			ret->key = keys[i];
	if (ret->key == NULL || ret->value == NULL)
		return error_set(err, 0, "invalid filter '%.*s'", (int)length, text);
	if (text_equal(ret->key, "dangling") && !text_equal(ret->value, "true") &&
	    !text_equal(ret->value, "false") && !text_equal(ret->value, "1") && !text_equal(ret->value, "0"))
		return error_set(err, 0, "invalid filter 'dangling=%s'", ret->value);
	if (text_equal(ret->key, "before") || text_equal(ret->key, "since"))
		return find_bound(front, refs, ret, err);
	return 0;
}

static int apply_filter(struct front *front, const struct refs *refs, const char *text, struct list *list,
			struct error *err)
{
	struct filter filter;
	size_t kept = 0;
	int result = parse_filter(front, refs, text, &filter, err);

	for (size_t i = 0; result == 0 && i < list->count; i++)
		if (passes(front, &list->rows[i], &filter))
			list->rows[kept++] = list->rows[i];
	list->count = kept;
	return result;
}

/* `ls busybox`, `ls busybox:1.36`; patterns, too. */
static void keep_named(struct list *list, const char *word)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (matches_reference(&list->rows[i], word))
			list->rows[kept++] = list->rows[i];
	list->count = kept;
}

/* --- cells -------------------------------------------------------------------------------------------- */

enum column {
	COL_REPOSITORY,
	COL_TAG,
	COL_DIGEST,
	COL_ID,
	COL_CREATED_SINCE,
	COL_SIZE,
	COL_CREATED_AT,
	COL_PLATFORM,
	COL_COUNT
};

static const struct listing_column columns[] = {
	[COL_REPOSITORY] = { "Repository", "REPOSITORY" },
	[COL_TAG] = { "Tag", "TAG" },
	[COL_DIGEST] = { "Digest", "DIGEST" },
	[COL_ID] = { "ID", "IMAGE ID" },
	[COL_CREATED_SINCE] = { "CreatedSince", "CREATED" },
	[COL_SIZE] = { "Size", "SIZE" },
	[COL_CREATED_AT] = { "CreatedAt", NULL },
	[COL_PLATFORM] = { "Platform", NULL },
};
_Static_assert(ARRAY_LEN(columns) == COL_COUNT, "every column needs a row");

static void append_id(const struct ref *ref, bool cut, struct text *ret)
{
	const char *id = ref->id == NULL ? ref->digest : ref->id;
	char digits[REFS_SHORT_ID + 1];

	refs_short_id(id, digits);
	text_append(ret, cut ? digits : id);
}

static void append_created(const struct row *row, const struct list *list, enum column column,
			   struct text *ret)
{
	if (row->created_ns == INT64_MIN) {
		text_append(ret, "N/A");
	} else if (column == COL_CREATED_AT) {
		words_time_plain(row->created_ns, ret);
	} else {
		words_duration(list->now_ns - row->created_ns, ret);
		text_append(ret, " ago");
	}
}

static void write_cell(const void *context, size_t index, size_t column, struct text *ret)
{
	const struct list *list = context;
	const struct row *row = &list->rows[index];
	const struct ref *ref = row->ref;

	switch ((enum column)column) {
	case COL_REPOSITORY:
		text_append(ret, row->repository == NULL ? "<none>" : row->repository);
		return;
	case COL_TAG:
		text_append(ret, row->tag == NULL ? "<none>" : row->tag);
		return;
	case COL_DIGEST:
		text_append(ret, ref->index == NULL ? ref->digest : ref->index);
		return;
	case COL_ID:
		append_id(ref, list->cut, ret);
		return;
	case COL_CREATED_SINCE:
	case COL_CREATED_AT:
		append_created(row, list, (enum column)column, ret);
		return;
	case COL_SIZE:
		if (ref->id == NULL)
			text_append(ret, "damaged");
		else if (ref->unpacked < 0)
			text_append(ret, "N/A");
		else
			words_size((double)ref->unpacked, 1000, ret);
		return;
	case COL_PLATFORM:
		if (ref->platform != NULL)
			image_platform_format(ref->platform, ret);
		return;
	case COL_COUNT:
		break;
	}
}

/* --- the command -------------------------------------------------------------------------------------- */

/* The newest first; of one age by name. */
static int compare(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->created_ns != right->created_ns)
		return left->created_ns > right->created_ns ? -1 : 1;
	return strcmp(left->ref->name == NULL ? "" : left->ref->name,
		      right->ref->name == NULL ? "" : right->ref->name);
}

static int make_list(struct front *front, const struct ls_values *given, const struct strings *args,
		     struct list *ret, struct error *err)
{
	struct refs refs;
	int result = refs_load(&front->store, &front->arena, &refs, err);

	if (result < 0)
		return result;
	ret->rows = arena_alloc(&front->arena, (refs.count + 1) * sizeof(*ret->rows));
	if (ret->rows == NULL)
		return error_set(err, ENOMEM, "list images");
	for (size_t i = 0; result == 0 && i < refs.count; i++)
		result = make_row(front, &refs.items[i], &ret->rows[ret->count++], err);
	for (size_t i = 0; result == 0 && i < given->filters.count; i++)
		result = apply_filter(front, &refs, given->filters.items[i], ret, err);
	if (result == 0 && args->count > 0)
		keep_named(ret, args->items[0]);
	if (result == 0 && ret->count > 0)
		qsort(ret->rows, ret->count, sizeof(*ret->rows), compare);
	return result;
}

static int do_ls(struct front *front, const struct ls_values *given, const struct strings *args,
		 struct error *err)
{
	struct list list = { .cut = !given->no_trunc.value, .now_ns = words_now_ns() };
	autotext struct text text = TEXT_EMPTY;
	int result = make_list(front, given, args, &list, err);

	if (result < 0)
		return result;
	struct listing listing = { .columns = columns,
				   .column_count = COL_COUNT,
				   .count = list.count,
				   .cell = write_cell,
				   .context = &list };

	listing.hidden[COL_DIGEST] = !given->digests.value;
	if (given->quiet.value)
		for (size_t i = 0; i < list.count; i++) {
			append_id(list.rows[i].ref, list.cut, &text);
			text_append(&text, "\n");
		}
	else
		result = listing_write(&listing, given->format, &front->arena, &text, err);
	text_append(&text, "");
	return result < 0 ? result : commands_print(&text, err);
}

static int ls_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	return front_end(do_ls(front, values, args, err), err);
}

const struct command cmd_ls = {
	.name = "ls",
	.aliases = "list images",
	.usage = "[REPOSITORY[:TAG]]",
	.summary = "List images",
	.options = ls_rows,
	.values_size = COMMAND_VALUES(struct ls_values),
	.max_args = 1,
	.run = ls_run,
};
