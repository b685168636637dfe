/* The list of commands, the options that belong to none of them, and how they are called together. */
#include "shim/container/command.h"

#include "base/banned.h"

static const struct command *const table[] = {
	&cmd_create,  &cmd_run,     &cmd_start,  &cmd_stop,    &cmd_restart, &cmd_kill,
	&cmd_pause,   &cmd_unpause, &cmd_rm,     &cmd_prune,   &cmd_rename,  &cmd_ps,
	&cmd_inspect, &cmd_logs,    &cmd_attach, &cmd_exec,    &cmd_wait,    &cmd_stats,
	&cmd_top,     &cmd_diff,    &cmd_unit,   &cmd_version, NULL,
};

static const struct flag_row global_rows[] = {
	FLAG(struct command_globals, store, TEXT, "store", 0, "DIR",
	     "where containers are kept (default: " STORE_DEFAULT_ROOT ")"),
	FLAG(struct command_globals, run, TEXT, "run", 0, "DIR",
	     "where running ones have their sockets (default: " STORE_DEFAULT_RUN ")"),
	FLAG(struct command_globals, root, TEXT, "root", 0, "DIR",
	     "where hull keeps its state (default: hull's own)"),
	FLAG(struct command_globals, images, TEXT, "images", 0, "DIR",
	     "where images are kept (default: that of hull image)"),
	FLAG(struct command_globals, hull, TEXT, "hull", 0, "PATH",
	     "the runtime (default: the one beside this program)"),
	FLAG(struct command_globals, volumes, TEXT, "volumes", 0, "DIR",
	     "where named volumes are (default: that of hull image)"),
	FLAG(struct command_globals, version, BOOL, "version", 'v', NULL, "print the version"),
	{ 0 },
};

const struct commands_program command_program = {
	.words = "hull container",
	.program = "hull-container",
	.summary = "Make, run and look after containers on this machine",
	.table = table,
	.globals = global_rows,
	.globals_size = COMMAND_VALUES(struct command_globals),
	.version = offsetof(struct command_globals, version),
	.usage_status = FRONT_FAILED_RUN,
	.open = front_open,
};
