/* delete's second half, shared with run. */
#ifndef HULL_RUNTIME_CONTAINER_DELETE_H
#define HULL_RUNTIME_CONTAINER_DELETE_H

#include "runtime/container/container.h"
#include "runtime/container/state.h"

/*
 * End the processes of the container @opened, remove cgroup and state directory, run poststop
 * hooks. The caller holds its lock. @init: its first process, fd -1 when it is gone.
 */
must_check int delete_opened(const struct container_context *context, int root, const char *id,
			     const struct opened *opened, const struct pidfd *init, struct error *err);

#endif
