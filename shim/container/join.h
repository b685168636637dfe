/*
 * --network container:X: the network namespace of another container, which has another process each time it
 * is started: it is looked up, and put into the document, right before a start.
 */
#ifndef HULL_SHIM_CONTAINER_JOIN_H
#define HULL_SHIM_CONTAINER_JOIN_H

#include "base/error.h"
#include "shim/container/front.h"
#include "shim/container/view.h"

/* Nothing to do where @view's container joins nobody. Errors: -EINVAL the other one does not run. */
must_check int join_network(struct front *front, const struct view *view, struct error *err);

#endif
