/*
 * The commands of hull-container: one value each, in a file cmd_NAME.c (see base/commands.h). Adding a
 * command is adding a file and a row in command.c.
 */
#ifndef HULL_SHIM_CONTAINER_COMMAND_H
#define HULL_SHIM_CONTAINER_COMMAND_H

#include "base/commands.h"
#include "base/error.h"
#include "base/flags.h"
#include "shim/container/front.h"

/* Before the command's name. */
struct command_globals {
	const char *store, *run, *root, *hull, *images, *volumes;
	struct opt_bool version;
};
extern const struct commands_program command_program;

extern const struct command cmd_attach, cmd_create, cmd_diff, cmd_exec, cmd_inspect, cmd_kill, cmd_logs,
	cmd_pause, cmd_prune, cmd_ps, cmd_rename, cmd_restart, cmd_rm, cmd_run, cmd_start, cmd_stats,
	cmd_stop, cmd_top, cmd_unit, cmd_unpause, cmd_version, cmd_wait;

#endif
