/*
 * Memory that lives exactly as long as one document: allocated piece by piece, freed at once.
 */
#ifndef HULL_BASE_ARENA_H
#define HULL_BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *last;
	size_t limit_bytes; /* 0: none */
	size_t used_bytes;
};

/* An empty arena. @limit_bytes: how much it may hold in all, 0 for no limit. */
void arena_init(struct arena *arena, size_t limit_bytes);
/* Frees everything taken from @arena and leaves it empty. */
void arena_release(struct arena *arena);
/* @size zeroed bytes aligned for any type, or NULL where memory or the limit is exhausted. */
void *arena_alloc(struct arena *arena, size_t size);
/* A NUL-terminated copy of the first @length bytes of @text, or NULL. */
char *arena_copy(struct arena *arena, const char *text, size_t length);
/* printf into the arena, or NULL. */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
