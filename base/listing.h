/*
 * Rows for people: a table, JSON lines, or what a template makes of each row; all from one function that
 * knows what stands in a cell.
 */
#ifndef HULL_BASE_LISTING_H
#define HULL_BASE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct listing_column {
	const char *field, *heading; /* .Field of templates; heading NULL: not in the plain table */
};

struct listing {
	const struct listing_column *columns;
	size_t column_count, count; /* count: of rows */
	bool hidden[16];            /* columns that the plain table leaves out; "table TEMPLATE" has them */
	/* Append what stands in @row's cell of @column. */
	void (*cell)(const void *context, size_t row, size_t column, struct text *ret);
	const void *context;
};

/*
 * Append all rows. @format: NULL or "table", "json", "table TEMPLATE", or a template. Errors: -EINVAL a
 * template that is wrong.
 */
must_check int listing_write(const struct listing *listing, const char *format, struct arena *arena,
			     struct text *ret, struct error *err);

#endif
