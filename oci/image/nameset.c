/* A set of names; see nameset.h. */
#include "oci/image/nameset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int nameset_add(struct nameset *names, const char *name, struct error *err)
{
	const char *copy = arena_copy(names->arena, name, strlen(name));

	if (copy != NULL && names->count == names->room) {
		size_t room = names->room * 2 + 64;
		const char **items = arena_alloc(names->arena, room * sizeof(*items));

		if (items == NULL)
			return error_set(err, ENOMEM, "keep a list");
		if (names->count > 0)
			memcpy(items, names->items, names->count * sizeof(*items));
		names->items = items;
		names->room = room;
	}
	if (copy == NULL)
		return error_set(err, ENOMEM, "keep a list");
	names->items[names->count++] = copy;
	names->sorted = false;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool nameset_has(struct nameset *names, const char *name)
{
	if (names->count == 0)
		return false;
	if (!names->sorted)
		qsort(names->items, names->count, sizeof(*names->items), compare);
	names->sorted = true;
	return bsearch(&name, names->items, names->count, sizeof(*names->items), compare) != NULL;
}
