/*
 * Columns for people: at least 3 blanks between them, the last one ragged.
 */
#ifndef HULL_BASE_TABLE_H
#define HULL_BASE_TABLE_H

#include <stddef.h>

#include "base/text.h"

#define TABLE_MAX_COLUMNS 16
/* The least width of a column with its blanks: as scripts that cut their tables apart know it. */
#define TABLE_WIDTH_RUNC 12
#define TABLE_WIDTH_DOCKER 10

struct table {
	size_t columns, narrowest, count; /* count: cells added so far */
	size_t widest[TABLE_MAX_COLUMNS]; /* in characters */
	struct text cells;                /* each with its NUL */
};

/* @narrowest: one of TABLE_WIDTH_*. */
void table_init(struct table *table, size_t columns, size_t narrowest);
void table_release(struct table *table);
/* The next cell, row by row; copied, control characters escaped. NULL is an empty cell. */
void table_add(struct table *table, const char *cell);
void table_format(const struct table *table, struct text *ret);

#endif
