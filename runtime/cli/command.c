/*
 * The list of commands and the options that belong to none of them.
 */
#include "runtime/cli/command.h"

#include "base/text.h"

#include "base/banned.h"

const struct command *const command_table[] = {
	&cmd_create, &cmd_start,  &cmd_run, &cmd_state,  &cmd_kill, &cmd_delete,   &cmd_list, &cmd_exec,
	&cmd_pause,  &cmd_resume, &cmd_ps,  &cmd_update, &cmd_spec, &cmd_features, &cmd_plan, NULL,
};

const struct option_row global_option_rows[] = {
	OPTION(struct global_options, debug, BOOL, "debug", 0, NULL, "write debug lines to the log"),
	OPTION(struct global_options, log, TEXT, "log", 0, "FILE",
	       "append the log to FILE (default: standard error)"),
	OPTION(struct global_options, log_format, TEXT, "log-format", 0, "FORMAT",
	       "format of the log: text or json (default: text)"),
	OPTION(struct global_options, root, TEXT, "root", 0, "DIR",
	       "where the state of containers is kept (default: /run/hull)"),
	OPTION(struct global_options, rootless, TEXT, "rootless", 0, "MODE",
	       "ignore missing permission for cgroups: true, false or auto (default: auto)"),
	OPTION(struct global_options, systemd_cgroup, BOOL, "systemd-cgroup", 0, NULL,
	       "let systemd make the cgroups (not supported yet)"),
	OPTION(struct global_options, criu, TEXT, "criu", 0, "PATH", NULL),
	OPTION(struct global_options, help, BOOL, "help", 'h', NULL, "show help"),
	{ 0 },
};

const struct option_row leading_option_rows[] = {
	OPTION(struct leading_options, version, BOOL, "version", 'v', NULL, "print the version"),
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *command = command_table; *command != NULL; command++)
		if (text_equal((*command)->name, name))
			return *command;
	return NULL;
}
