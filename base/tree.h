/*
 * JSON trees written as text, and changed: a document of the user's is kept member by member, also those
 * that hull knows nothing of, while a few are replaced. Trees are never changed in place; a changed one
 * shares what stayed with the old one. Everything lives in the arena.
 */
#ifndef HULL_BASE_TREE_H
#define HULL_BASE_TREE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

/* Append @value as JSON. @indent: what each level is indented by, NULL for one line. */
void tree_write(const struct json *value, const char *indent, struct text *ret);

/* New values without a name. NULL: no memory. Strings are borrowed. */
const struct json *tree_object(struct arena *arena);
const struct json *tree_string(struct arena *arena, const char *text);
const struct json *tree_number(struct arena *arena, uint32_t number);
const struct json *tree_i64(struct arena *arena, int64_t number);
const struct json *tree_bool(struct arena *arena, bool truth);
const struct json *tree_strings(struct arena *arena, const char *const *items, size_t count);
/*
 * @object with its member @name replaced by @value, or added. @object NULL is an empty one. NULL: no memory
 * (also where @value is NULL, so that calls can be nested).
 */
const struct json *tree_with(struct arena *arena, const struct json *object, const char *name,
			     const struct json *value);
/* @array with item @index replaced. NULL: no memory. */
const struct json *tree_with_item(struct arena *arena, const struct json *array, size_t index,
				  const struct json *value);

/* @array (NULL: an empty one) with @value at its end. NULL: no memory. */
const struct json *tree_append(struct arena *arena, const struct json *array, const struct json *value);
/*
 * @top with the member at @path ("linux.resources.pids.limit") replaced or added; objects on the way are
 * made. Names with a dot cannot be reached. NULL: no memory.
 */
const struct json *tree_put(struct arena *arena, const struct json *top, const char *path,
			    const struct json *value);
/* The member at @path, NULL where there is none. */
const struct json *tree_at(const struct json *top, const char *path);

#endif
