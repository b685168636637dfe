/* Blocks in a list, each at least 16 KiB; an allocation never moves. */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BLOCK_BYTES ((size_t)16384)

struct arena_block {
	struct arena_block *previous;
	size_t size, used;
	max_align_t data[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
	arena->last = NULL;
	arena->limit_bytes = limit_bytes;
	arena->used_bytes = 0;
}

void arena_release(struct arena *arena)
{
	while (arena->last != NULL) {
		struct arena_block *block = arena->last;

		arena->last = block->previous;
		free(block);
	}
	arena->used_bytes = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = sizeof(max_align_t);
	struct arena_block *block = arena->last;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (arena->limit_bytes != 0 && size > arena->limit_bytes - arena->used_bytes)
		return NULL;
	if (block == NULL || size > block->size - block->used) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + room);
		if (block == NULL)
			return NULL;
		block->previous = arena->last;
		block->size = room;
		block->used = 0;
		arena->last = block;
	}
	void *piece = (char *)block->data + block->used;
	block->used += size;
	arena->used_bytes += size;
	return memset(piece, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (copy != NULL)
		memcpy(copy, text, length);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return NULL;
	char *text = arena_alloc(arena, (size_t)length + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	(void)vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
