/* What containers have of their networks, as hull-net knows it. */
#ifndef HULL_SHIM_CONTAINER_NETWORK_H
#define HULL_SHIM_CONTAINER_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "shim/container/front.h"
#include "shim/container/view.h"

/* One object per container and network, see hull-net(8); in the front's arena. */
struct network_list {
	const struct json **items;
	size_t count;
};

/* Whether @view's container can have a network of hull-net's making. */
bool network_possible(const struct view *view);
/*
 * Ask hull-net. What it cannot tell is told on standard error, and the list stays empty: no command fails
 * for it.
 */
void network_load(struct front *front, struct network_list *ret);
/* What container @id has, from the first of its networks; NULL: nothing. */
const struct json *network_of(const struct network_list *list, const char *id);
/* A member of it that is a string; "" where there is none. */
const char *network_text(const struct json *network, const char *name);

#endif
