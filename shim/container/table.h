/*
 * Columns as docker aligns them: each at least 10 wide with its 3 blanks, the last one ragged.
 */
#ifndef HULL_SHIM_CONTAINER_TABLE_H
#define HULL_SHIM_CONTAINER_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define TABLE_MAX_COLUMNS 16

struct table {
	size_t columns, count;            /* count: cells added so far */
	size_t widest[TABLE_MAX_COLUMNS]; /* in characters */
	struct text cells;                /* each with its NUL */
};

void table_init(struct table *table, size_t columns);
void table_release(struct table *table);
/* The next cell, row by row; copied, control characters escaped. NULL is an empty cell. */
void table_add(struct table *table, const char *cell);
void table_format(const struct table *table, struct text *ret);

#endif
