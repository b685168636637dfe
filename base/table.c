/*
 * Columns for people; see table.h.
 */
#include "base/table.h"

#include <string.h>

#include "base/banned.h"

#define TABLE_PADDING 3

/* Characters, not bytes; text_append_escaped left only valid UTF-8. */
static size_t character_count(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

void table_init(struct table *table, size_t columns, size_t narrowest)
{
	*table = (struct table){ .columns = columns, .narrowest = narrowest, .cells = TEXT_EMPTY };
}

void table_release(struct table *table)
{
	text_release(&table->cells);
}

void table_add(struct table *table, const char *cell)
{
	size_t start = table->cells.length, column = table->count++ % table->columns;

	text_append_escaped(&table->cells, cell == NULL ? "" : cell, false);
	text_append_bytes(&table->cells, "", 1);
	if (table->cells.failed)
		return;
	size_t width = character_count(table->cells.data + start);
	if (width > table->widest[column])
		table->widest[column] = width;
}

void table_format(const struct table *table, struct text *ret)
{
	const char *cell = table->cells.data;

	ret->failed = ret->failed || table->cells.failed;
	if (ret->failed)
		return;
	for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1) {
		size_t column = i % table->columns, width = table->widest[column] + TABLE_PADDING;

		text_append(ret, cell);
		if (column + 1 == table->columns) {
			text_append(ret, "\n");
			continue;
		}
		if (width < table->narrowest)
			width = table->narrowest;
		text_format(ret, "%*s", (int)(width - character_count(cell)), "");
	}
}
