/*
 * The names in one directory, sorted.
 */
#ifndef HULL_OCI_LAYER_NAMES_H
#define HULL_OCI_LAYER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct names {
	struct text bytes; /* each with its NUL */
	uint32_t *offsets; /* of the names */
	size_t count, room;
};

void names_release(struct names *names);
/* The names in @fd, O_RDONLY; "." and ".." left out. @directories: those that can be directories only. */
must_check int names_read(struct names *names, int fd, bool directories, struct error *err);
/* One more. Copies. */
must_check int names_add(struct names *names, const char *name, struct error *err);
/* By bytes; one of each. */
void names_sort(struct names *names);
const char *names_at(const struct names *names, size_t at);

#endif
