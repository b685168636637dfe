/* The list of commands, the options that belong to none of them, and the help that is made of both. */
#include "shim/container/command.h"

#include <string.h>

#include "base/text.h"

#include "base/banned.h"

const struct command *const command_table[] = {
	&cmd_create,  &cmd_run,  &cmd_start, &cmd_stop,   &cmd_restart, &cmd_kill,    &cmd_pause,
	&cmd_unpause, &cmd_rm,   &cmd_prune, &cmd_rename, &cmd_ps,      &cmd_inspect, &cmd_logs,
	&cmd_attach,  &cmd_exec, &cmd_wait,  &cmd_stats,  &cmd_top,     &cmd_version, NULL,
};

const struct option_row command_global_rows[] = {
	OPTION(struct command_globals, store, TEXT, "store", 0, "DIR",
	       "where containers are kept (default: " STORE_DEFAULT_ROOT ")"),
	OPTION(struct command_globals, run, TEXT, "run", 0, "DIR",
	       "where running ones have their sockets (default: " STORE_DEFAULT_RUN ")"),
	OPTION(struct command_globals, root, TEXT, "root", 0, "DIR",
	       "where hull keeps its state (default: hull's own)"),
	OPTION(struct command_globals, hull, TEXT, "hull", 0, "PATH",
	       "the runtime (default: the one beside this program)"),
	OPTION(struct command_globals, version, BOOL, "version", 'v', NULL, "print the version"),
	{ 0 },
};

static bool has_name(const struct command *command, const char *name)
{
	size_t length = strlen(name);

	if (text_equal(command->name, name))
		return true;
	for (const char *alias = command->aliases; alias != NULL && *alias != '\0';) {
		size_t here = strcspn(alias, " ");

		if (here == length && strncmp(alias, name, length) == 0)
			return true;
		alias += here + (alias[here] == ' ');
	}
	return false;
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *command = command_table; *command != NULL; command++)
		if (has_name(*command, name))
			return *command;
	return NULL;
}

/* "  -n, --name NAME" */
static void append_option(const struct option_row *row, struct text *ret)
{
	if (row->letter != 0)
		text_format(ret, "  -%c, ", row->letter);
	else
		text_append(ret, "      ");
	text_format(ret, "--%s%s%s", row->name, row->value == NULL ? "" : " ",
		    row->value == NULL ? "" : row->value);
}

static void append_options(const char *heading, const struct option_row *rows, struct text *ret)
{
	static const size_t column = 28;

	if (rows == NULL)
		return;
	text_format(ret, "\n%s:\n", heading);
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		size_t start = ret->length;

		append_option(row, ret);
		size_t width = ret->length - start;
		text_format(ret, "%*s%s\n", width < column ? (int)(column - width) : 2, "", row->help);
	}
}

void command_help(struct text *ret)
{
	text_append(ret, "Usage:  hull container [OPTIONS] COMMAND\n\n"
			 "Make, run and look after containers on this machine\n\nCommands:\n");
	for (const struct command *const *command = command_table; *command != NULL; command++)
		text_format(ret, "  %-10s  %s\n", (*command)->name, (*command)->summary);
	append_options("Options", command_global_rows, ret);
	text_append(ret, "\nRun 'hull container COMMAND --help' for more information on a command.\n");
}

void command_help_one(const struct command *command, struct text *ret)
{
	text_format(ret, "Usage:  hull container %s%s%s%s\n\n%s\n", command->name,
		    command->options == NULL ? "" : " [OPTIONS]", command->usage[0] == '\0' ? "" : " ",
		    command->usage, command->summary);
	if (command->description != NULL)
		text_format(ret, "\n%s", command->description);
	if (command->aliases != NULL)
		text_format(ret, "\nAliases:\n  %s %s\n", command->name, command->aliases);
	append_options("Options", command->options, ret);
}
