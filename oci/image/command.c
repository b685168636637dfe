/* The list of commands, the options that belong to none of them, and how they are called together. */
#include "oci/image/command.h"

#include "oci/image/fail.h"

#include "base/banned.h"

static const struct command *const table[] = {
	&cmd_import, &cmd_export, &cmd_ls,    &cmd_inspect, &cmd_history, &cmd_tree,
	&cmd_tag,    &cmd_rm,     &cmd_prune, &cmd_df,      &cmd_check,   &cmd_repair,
	&cmd_bundle, &cmd_unpack, &cmd_diff,  &cmd_mount,   &cmd_umount,  NULL,
};

static const struct flag_row global_rows[] = {
	FLAG(struct command_globals, root, TEXT, "root", 0, "DIR",
	     "where images are kept (default: " STORE_DEFAULT_ROOT
	     "; of a user without privileges: $XDG_DATA_HOME/hull/images)"),
	FLAG(struct command_globals, version, BOOL, "version", 'v', NULL, "print the version"),
	{ 0 },
};

const struct commands_program command_program = {
	.words = "hull image",
	.program = "hull-image",
	.summary = "Keep images on this machine, and make bundles of them",
	.table = table,
	.globals = global_rows,
	.globals_size = COMMAND_VALUES(struct command_globals),
	.version = offsetof(struct command_globals, version),
	.usage_status = FAIL_USAGE,
	.open = front_open,
	.status = front_open_status,
};
