/* start's second half, shared with run: from START to the executed program. */
#ifndef HULL_RUNTIME_CONTAINER_START_H
#define HULL_RUNTIME_CONTAINER_START_H

#include "runtime/container/container.h"
#include "runtime/container/state.h"

/*
 * Follow the conversation on @socket until the program is executed. Errors: what hull-init reports
 * (a failing startContainer hook, what only execve can tell); its death.
 */
must_check int start_follow(int socket, struct error *err);
/*
 * Run the poststart hooks of the container. Errors: a hook failed; the container has been killed.
 */
must_check int start_hooks(const struct container_context *context, const char *id,
			   const struct opened *opened, struct error *err);

#endif
