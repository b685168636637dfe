/*
 * One use of a program of several commands; see commands.h. Knows no command by name but help.
 */
#include "base/commands.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

void commands_fail(const struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	text_append(&text, "Error: ");
	text_append_escaped(&text, err->text, false);
	if (err->number != 0) {
		/* the words that Go's programs print: the C library's in lower case, but for capitals
		 * throughout */
		const char *words = strerror(err->number);
		bool lower = islower((unsigned char)words[1]);

		text_format(&text, ": %c%s", lower ? tolower((unsigned char)words[0]) : words[0], words + 1);
	}
	text_append(&text, "\n");
	if (text_done(&text, &ignored) == 0) /* nobody is left to be told of a failure here */
		ignore_failure(
			fd_write_all(STDERR_FILENO, text.data, text.length, "standard error", &ignored));
}

int commands_print(struct text *text, struct error *err)
{
	int result = text_done(text, err);

	return result < 0 ? result
			  : fd_write_all(STDOUT_FILENO, text->data, text->length, "standard output", err);
}

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

const struct command *commands_find(const struct commands_program *program, const char *name)
{
	for (const struct command *const *command = program->table; *command != NULL; command++)
		if (has_name(*command, name))
			return *command;
	return NULL;
}

static void append_help(const struct commands_program *program, struct text *ret)
{
	text_format(ret, "Usage:  %s [OPTIONS] COMMAND\n\n%s\n\nCommands:\n", program->words,
		    program->summary);
	for (const struct command *const *command = program->table; *command != NULL; command++)
		text_format(ret, "  %-10s  %s\n", (*command)->name, (*command)->summary);
	flags_help("Options", program->globals, ret);
	text_format(ret, "\nRun '%s COMMAND --help' for more information on a command.\n", program->words);
}

static void append_usage(const struct commands_program *program, const struct command *command,
			 struct text *ret)
{
	text_format(ret, "Usage:  %s %s%s%s%s\n\n%s\n", program->words, command->name,
		    command->options == NULL ? "" : " [OPTIONS]", command->usage[0] == '\0' ? "" : " ",
		    command->usage, command->summary);
}

static void append_command_help(const struct commands_program *program, const struct command *command,
				struct text *ret)
{
	append_usage(program, command, ret);
	if (command->description != NULL)
		text_format(ret, "\n%s", command->description);
	if (command->aliases != NULL)
		text_format(ret, "\nAliases:\n  %s %s\n", command->name, command->aliases);
	flags_help("Options", command->options, ret);
}

/* As docker: the reason, and where more is to be read. */
static int fail_usage(const struct commands_program *program, const struct command *command,
		      const struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	text_append_escaped(&text, err->text, false);
	text_format(&text, "\nSee '%s%s%s --help'.\n", program->words, command == NULL ? "" : " ",
		    command == NULL ? "" : command->name);
	if (text_done(&text, &ignored) == 0) /* nobody is left to be told of a failure here */
		ignore_failure(
			fd_write_all(STDERR_FILENO, text.data, text.length, "standard error", &ignored));
	return program->usage_status;
}

static int fail_arguments(const struct commands_program *program, const struct command *command)
{
	unsigned min = command->min_args, max = command->max_args;
	const char *plural = (max == 1 || (min == 1 && max != min)) ? "" : "s";
	autotext struct text usage = TEXT_EMPTY;
	struct error ignored;

	dprintf(STDERR_FILENO, "\"%s %s\" ", program->words, command->name);
	if (min == max && max == 0)
		dprintf(STDERR_FILENO, "accepts no arguments");
	else
		dprintf(STDERR_FILENO, "requires %s %u argument%s",
			min == max                ? "exactly"
			: max == COMMAND_ARGS_ANY ? "at least"
						  : "at most",
			max == COMMAND_ARGS_ANY ? min : max, plural);
	append_usage(program, command, &usage);
	dprintf(STDERR_FILENO, ".\nSee '%s %s --help'.\n\n%s", program->words, command->name,
		text_done(&usage, &ignored) == 0 ? usage.data : "");
	return program->status == NULL ? COMMANDS_FAILED : program->usage_status;
}

static int print_or_fail(struct text *text)
{
	struct error err;

	if (commands_print(text, &err) == 0)
		return 0;
	commands_fail(&err);
	return COMMANDS_FAILED;
}

/* One use, with what it needs of the program. */
struct use {
	const struct commands_program *program;
	struct front *front;
	struct arena *arena;
	const void *globals;
};

/* @argv[0] is the command's name. */
static int run_command(const struct use *use, const struct command *command, char **argv, size_t argc)
{
	_Alignas(max_align_t) unsigned char values[COMMAND_VALUES_SIZE] = { 0 };
	autotext struct text text = TEXT_EMPTY;
	bool help = false;
	size_t count = 0;
	struct error err;

	error_clear(&err);
	if (flags_parse(command->options, values, command->order, argv + 1, argc - 1, use->arena, &count,
			&help, &err) < 0)
		return fail_usage(use->program, command, &err);
	if (help) {
		append_command_help(use->program, command, &text);
		return print_or_fail(&text);
	}
	if (count < command->min_args || count > command->max_args)
		return fail_arguments(use->program, command);
	struct strings args = { count, (const char *const *)(argv + 1) };
	int status = command->no_store ? 0 : use->program->open(use->front, use->globals, &err);

	if (status == 0)
		status = command->run(use->front, values, &args, &err);
	if (status >= 0)
		return status;
	commands_fail(&err);
	if (use->program->status != NULL)
		return use->program->status(command, &err);
	return command->failure_status != 0 ? command->failure_status : COMMANDS_FAILED;
}

static int run_help(const struct commands_program *program, char **argv, size_t argc)
{
	autotext struct text text = TEXT_EMPTY;
	const struct command *command = argc > 1 ? commands_find(program, argv[1]) : NULL;

	if (argc > 1 && command == NULL) {
		dprintf(STDERR_FILENO, "unknown help topic: %s\n", argv[1]);
		return COMMANDS_FAILED;
	}
	if (command == NULL)
		append_help(program, &text);
	else
		append_command_help(program, command, &text);
	return print_or_fail(&text);
}

int commands_main(const struct commands_program *program, struct front *front, struct arena *arena, int argc,
		  char **argv)
{
	_Alignas(max_align_t) unsigned char globals[COMMAND_VALUES_SIZE] = { 0 };
	struct use use = { program, front, arena, globals };
	autotext struct text text = TEXT_EMPTY;
	bool help = false;
	size_t count = 0;
	struct error err;

	argv += argc > 0;
	error_clear(&err);
	if (flags_parse(program->globals, globals, FLAGS_FIRST, argv, argc > 0 ? (size_t)argc - 1 : 0, arena,
			&count, &help, &err) < 0)
		return fail_usage(program, NULL, &err);
	if (((const struct opt_bool *)(const void *)(globals + program->version))->value)
		text_format(&text, "%s version " HULL_VERSION "\n", program->program);
	else if (count == 0 || help)
		append_help(program, &text);
	if (text.length > 0)
		return print_or_fail(&text);
	if (text_equal(argv[0], "help"))
		return run_help(program, argv, count);
	const struct command *command = commands_find(program, argv[0]);

	if (command == NULL) {
		text_format(&text, "%s: '", program->words);
		text_append_escaped(&text, argv[0], false);
		text_format(&text, "' is not a %s command.\nSee '%s --help'\n", program->words,
			    program->words);
		if (text_done(&text, &err) == 0) /* as in fail_usage */
			ignore_failure(
				fd_write_all(STDERR_FILENO, text.data, text.length, "standard error", &err));
		return program->status == NULL ? COMMANDS_FAILED : program->usage_status;
	}
	return run_command(&use, command, argv, count);
}
