/* hull's commands as the keeper starts them. */
#ifndef HULL_SHIM_HULL_H
#define HULL_SHIM_HULL_H

#include "base/error.h"
#include "shim/child.h"
#include "shim/keeper.h"
#include "shim/loop.h"

enum hull_command { HULL_CREATE, HULL_START, HULL_DELETE, HULL_COMMAND_COUNT };
extern const char *const hull_names[HULL_COMMAND_COUNT]; /* for messages */

#define HULL_PID_FILE "pid" /* in the run directory: create writes it */

/*
 * Start @command for the container of @options as @child. @fds: the standard streams of create, which are
 * the container's; -1 as in struct child_request. NULL: none for all.
 */
must_check int hull_spawn(enum hull_command command, const struct keeper_options *options, const int *fds,
			  struct child *child, const struct loop *loop, struct error *err);

#endif
