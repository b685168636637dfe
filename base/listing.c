/* Rows for people; see listing.h. */
#include "base/listing.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "base/template.h"
#include "base/tree.h"

#include "base/banned.h"

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "make a list");
}

static bool shown(const struct listing *listing, size_t column)
{
	return listing->columns[column].heading != NULL && !listing->hidden[column];
}

static int write_table(const struct listing *listing, struct text *ret, struct error *err)
{
	struct table table;
	size_t width = 0;
	int result = 0;

	for (size_t c = 0; c < listing->column_count; c++)
		width += shown(listing, c);
	table_init(&table, width, TABLE_WIDTH_DOCKER);
	for (size_t c = 0; c < listing->column_count; c++)
		if (shown(listing, c))
			table_add(&table, listing->columns[c].heading);
	for (size_t row = 0; result == 0 && row < listing->count; row++)
		for (size_t c = 0; result == 0 && c < listing->column_count; c++) {
			autotext struct text cell = TEXT_EMPTY;

			if (!shown(listing, c))
				continue;
			listing->cell(listing->context, row, c, &cell);
			text_append(&cell, "");
			result = text_done(&cell, err);
			if (result == 0)
				table_add(&table, cell.data);
		}
	table_format(&table, ret);
	table_release(&table);
	return result;
}

/* The row as an object whose members are the fields; @row the count of rows: the headings. NULL: no memory.
 */
static const struct json *row_object(const struct listing *listing, struct arena *arena, size_t row)
{
	const struct json *object = NULL;

	for (size_t c = 0; c < listing->column_count; c++) {
		const struct listing_column *column = &listing->columns[c];
		autotext struct text cell = TEXT_EMPTY;
		struct error ignored;

		if (row < listing->count)
			listing->cell(listing->context, row, c, &cell);
		else
			text_append(&cell, column->heading == NULL ? column->field : column->heading);
		text_append(&cell, "");
		const char *copy =
			text_done(&cell, &ignored) < 0 ? NULL : arena_copy(arena, cell.data, cell.length);

		object = copy == NULL ? NULL
				      : tree_with(arena, object, column->field, tree_string(arena, copy));
		if (object == NULL)
			return NULL;
	}
	return object;
}

/* A line of cells, separated by tabs, into the table. */
static void add_line(struct table *table, char *s)
{
	for (size_t c = 0; c < table->columns; c++) {
		size_t length = s == NULL ? 0 : strcspn(s, "\t");
		bool more = s != NULL && s[length] == '\t';

		if (s != NULL)
			s[length] = '\0';
		table_add(table, s);
		s = more ? s + length + 1 : NULL;
	}
}

/* "table TEMPLATE": its columns under their headings. */
static int write_template_table(const struct listing *listing, const char *format, struct arena *arena,
				struct text *ret, struct error *err)
{
	struct table table;
	size_t width = 1;
	int result = 0;

	for (const char *s = format; *s != '\0'; s++)
		width += (s[0] == '\\' && s[1] == 't') || s[0] == '\t';
	table_init(&table, width < TABLE_MAX_COLUMNS ? width : TABLE_MAX_COLUMNS, TABLE_WIDTH_DOCKER);
	for (size_t i = 0; result == 0 && i <= listing->count; i++) {
		autotext struct text line = TEXT_EMPTY;
		const struct json *object = row_object(listing, arena, i == 0 ? listing->count : i - 1);

		result = object == NULL ? no_memory(err) : template_write(format, object, true, &line, err);
		if (result == 0)
			add_line(&table, line.data);
	}
	table_format(&table, ret);
	table_release(&table);
	return result;
}

static int write_lines(const struct listing *listing, const char *format, struct arena *arena,
		       struct text *ret, struct error *err)
{
	for (size_t i = 0; i < listing->count; i++) {
		const struct json *object = row_object(listing, arena, i);
		int result = 0;

		if (object == NULL)
			return no_memory(err);
		if (format == NULL)
			tree_write(object, NULL, ret);
		else
			result = template_write(format, object, true, ret, err);
		if (result < 0)
			return result;
		text_append(ret, "\n");
	}
	return 0;
}

int listing_write(const struct listing *listing, const char *format, struct arena *arena, struct text *ret,
		  struct error *err)
{
	int result;

	if (format == NULL || text_equal(format, "table"))
		result = write_table(listing, ret, err);
	else if (text_equal(format, "json"))
		result = write_lines(listing, NULL, arena, ret, err);
	else if (text_starts(format, "table "))
		result = write_template_table(listing, format + strlen("table "), arena, ret, err);
	else
		result = write_lines(listing, format, arena, ret, err);
	return result;
}
