/*
 * A set of names that grows, in an arena: sorted when it is first asked.
 */
#ifndef HULL_OCI_IMAGE_NAMESET_H
#define HULL_OCI_IMAGE_NAMESET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct nameset {
	struct arena *arena;
	const char **items;
	size_t count, room;
	bool sorted;
};

/* Copies @name. */
must_check int nameset_add(struct nameset *names, const char *name, struct error *err);
bool nameset_has(struct nameset *names, const char *name);

#endif
