/*
 * A set of names that grows, in an arena: sorted when it is first asked.
 */
#ifndef HULL_OCI_IMAGE_NAMES_H
#define HULL_OCI_IMAGE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct names {
	struct arena *arena;
	const char **items;
	size_t count, room;
	bool sorted;
};

/* Copies @name. */
must_check int names_add(struct names *names, const char *name, struct error *err);
bool names_has(struct names *names, const char *name);

#endif
