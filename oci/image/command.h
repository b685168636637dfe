/*
 * The commands of hull-image: one value each, in a file cmd_NAME.c (see base/commands.h). Adding a command is
 * adding a file and a row in command.c.
 */
#ifndef HULL_OCI_IMAGE_COMMAND_H
#define HULL_OCI_IMAGE_COMMAND_H

#include "base/commands.h"
#include "base/error.h"
#include "base/flags.h"
#include "oci/image/front.h"

/* Before the command's name. */
struct command_globals {
	const char *root;
	struct opt_bool version;
};
extern const struct commands_program command_program;

extern const struct command cmd_bundle, cmd_check, cmd_df, cmd_diff, cmd_export, cmd_history, cmd_import,
	cmd_inspect, cmd_ls, cmd_mount, cmd_prune, cmd_repair, cmd_rm, cmd_tag, cmd_tree, cmd_umount,
	cmd_unpack;

#endif
