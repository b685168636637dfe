/*
 * Help texts; see help.h. The blocks (NAME, USAGE, OPTIONS) are runc's, whose users and tests look
 * for them.
 */
#include "runtime/cli/help.h"

#include <string.h>

#include "base/cleanup.h"
#include "oci/spec/spec.h"

#include "base/banned.h"

/* "--bundle DIR, -b DIR" */
static void append_option(const struct option_row *row, struct text *ret)
{
	const char *value = row->value == NULL ? "" : row->value, *blank = row->value == NULL ? "" : " ";

	text_format(ret, "--%s%s%s", row->name, blank, value);
	if (row->letter != 0)
		text_format(ret, ", -%c%s%s", row->letter, blank, value);
}

static size_t option_width(const struct option_row *row)
{
	autotext struct text text = TEXT_EMPTY;

	append_option(row, &text);
	return text.length;
}

/* The shown rows of the tables, one column wide enough for all. */
static void append_options(const struct option_row *const *tables, size_t count, struct text *ret)
{
	size_t widest = 0;

	for (size_t i = 0; i < count; i++)
		for (const struct option_row *row = tables[i]; row->name != NULL; row++)
			if (row->help != NULL && option_width(row) > widest)
				widest = option_width(row);
	for (size_t i = 0; i < count; i++) {
		for (const struct option_row *row = tables[i]; row->name != NULL; row++) {
			if (row->help == NULL)
				continue;
			text_append(ret, "   ");
			size_t start = ret->length;
			append_option(row, ret);
			text_format(ret, "%*s  %s\n", (int)(widest - (ret->length - start)), "", row->help);
		}
	}
}

void help_version(const char *name, struct text *ret)
{
	text_format(ret, "%s version %s\nspec: %s\n", name, HULL_VERSION, SPEC_VERSION);
#ifdef HULL_LIBSECCOMP_VERSION
	text_append(ret, "libseccomp: " HULL_LIBSECCOMP_VERSION "\n");
#endif
}

void help_program(const char *name, struct text *ret)
{
	static const struct option_row *const tables[] = { global_option_rows, leading_option_rows };
	static const int width = 10;

	text_format(ret,
		    "NAME:\n   %s - Open Container Initiative runtime\n\n"
		    "%s starts containers that are described by an OCI bundle: a directory with a\n"
		    "config.json and a root file system.\n\n"
		    "USAGE:\n   %s [global options] command [command options] [arguments...]\n\n"
		    "VERSION:\n   %s\n\nCOMMANDS:\n",
		    name, name, name, HULL_VERSION);
	for (const struct command *const *command = command_table; *command != NULL; command++)
		text_format(ret, "   %-*s  %s\n", width, (*command)->name, (*command)->summary);
	text_format(ret, "   %-*s  %s\n", width, "help, h",
		    "show this list, the help for one command, or all with --all");
	text_append(ret, "\nGLOBAL OPTIONS:\n");
	append_options(tables, ARRAY_LEN(tables), ret);
}

void help_command(const char *name, const struct command *command, struct text *ret)
{
	bool options = false;

	for (const struct option_row *row = command->options; row != NULL && row->name != NULL; row++)
		options = options || row->help != NULL;

	text_format(ret, "NAME:\n   %s %s - %s\n\nUSAGE:\n   %s %s%s%s%s\n", name, command->name,
		    command->summary, name, command->name, options ? " [command options]" : "",
		    command->usage[0] != '\0' ? " " : "", command->usage);
	if (command->description != NULL)
		text_format(ret, "\nDESCRIPTION:\n%s", command->description);
	if (options) {
		text_append(ret, "\nOPTIONS:\n");
		append_options(&command->options, 1, ret);
	}
}

void help_all(const char *name, struct text *ret)
{
	help_program(name, ret);
	for (const struct command *const *command = command_table; *command != NULL; command++) {
		text_append(ret, "\n");
		help_command(name, *command, ret);
	}
}
