/*
 * One use of `hull container`: read the command line, open the store, call the command, report. Knows no
 * command by name but help; everything particular is in the command's own value.
 */
#include "shim/container/front.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/program.h"
#include "base/text.h"
#include "shim/container/command.h"

#include "base/banned.h"

void front_fail(const struct error *err)
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

int front_print(struct text *text, struct error *err)
{
	int result = text_done(text, err);

	return result < 0 ? result
			  : fd_write_all(STDOUT_FILENO, text->data, text->length, "standard output", err);
}

int front_each(struct front *front, const struct strings *words, bool echo,
	       int (*act)(struct front *front, const char *id, const void *data, struct error *err),
	       const void *data)
{
	int status = 0;

	for (size_t i = 0; i < words->count; i++) {
		char id[STORE_ID_DIGITS + 1];
		struct error err;
		autotext struct text text = TEXT_EMPTY;

		error_clear(&err);
		int result = store_find(&front->store, words->items[i], id, &err);
		if (result == 0)
			result = act(front, id, data, &err);
		if (result == 0 && echo) {
			text_format(&text, "%s\n", words->items[i]);
			result = front_print(&text, &err);
		}
		if (result < 0) {
			front_fail(&err);
			status = FRONT_FAILED;
		}
	}
	return status;
}

/* @path (or @otherwise) absolute, in the arena. */
static int place(struct front *front, const char *path, const char *otherwise, const char **ret,
		 struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	if (path == NULL) {
		*ret = otherwise;
		return 0;
	}
	int result = path_absolute(path, &text, err);
	if (result < 0)
		return result;
	*ret = arena_copy(&front->arena, text.data, text.length);
	return *ret == NULL ? error_set(err, ENOMEM, "read the command line") : 0;
}

static int find_program(struct front *front, const char *directory, const char *name, const char **ret,
			struct error *err)
{
	static const char *const installed[] = { "", "../../bin/" };
	autotext struct text path = TEXT_EMPTY;

	/* hull itself is in bin, two floors above libexec/hull */
	for (size_t i = 0; i < ARRAY_LEN(installed); i++) {
		const char *candidate = arena_format(&front->arena, "%s/%s%s", directory, installed[i], name);

		if (candidate == NULL)
			return error_set(err, ENOMEM, "find %s", name);
		if (access(candidate, X_OK) == 0) {
			*ret = candidate;
			return 0;
		}
	}
	int result = program_find(directory, name, &path, err);
	if (result < 0)
		return result;
	*ret = arena_copy(&front->arena, path.data, path.length);
	return *ret == NULL ? error_set(err, ENOMEM, "find %s", name) : 0;
}

static int open_front(struct front *front, const struct command_globals *globals, struct error *err)
{
	autotext struct text directory = TEXT_EMPTY;
	const char *store, *run;
	int result = place(front, globals->store, STORE_DEFAULT_ROOT, &store, err);

	if (result == 0)
		result = place(front, globals->run, STORE_DEFAULT_RUN, &run, err);
	if (result == 0)
		result = place(front, globals->root, NULL, &front->root, err);
	if (result == 0)
		result = place(front, globals->hull, NULL, &front->hull, err);
	if (result == 0)
		result = program_directory(&directory, err);
	if (result == 0 && front->hull == NULL)
		result = find_program(front, directory.data, "hull", &front->hull, err);
	if (result == 0)
		result = find_program(front, directory.data, "hull-shim", &front->shim, err);
	if (result == 0)
		result = store_open(store, run, &front->store, err);
	return result;
}

/* As docker: the reason, and where more is to be read. */
static int fail_usage(const struct command *command, const struct error *err)
{
	dprintf(STDERR_FILENO, "%s\nSee 'hull container%s%s --help'.\n", err->text,
		command == NULL ? "" : " ", command == NULL ? "" : command->name);
	return FRONT_FAILED_RUN;
}

static int fail_arguments(const struct command *command)
{
	unsigned min = command->min_args, max = command->max_args;
	const char *plural = (max == 1 || (min == 1 && max != min)) ? "" : "s";

	dprintf(STDERR_FILENO, "\"hull container %s\" ", command->name);
	if (min == max && max == 0)
		dprintf(STDERR_FILENO, "accepts no arguments");
	else
		dprintf(STDERR_FILENO, "requires %s %u argument%s",
			min == max                ? "exactly"
			: max == COMMAND_ARGS_ANY ? "at least"
						  : "at most",
			max == COMMAND_ARGS_ANY ? min : max, plural);
	dprintf(STDERR_FILENO,
		".\nSee 'hull container %s --help'.\n\nUsage:  hull container %s%s%s%s\n\n%s\n",
		command->name, command->name, command->options == NULL ? "" : " [OPTIONS]",
		command->usage[0] == '\0' ? "" : " ", command->usage, command->summary);
	return FRONT_FAILED;
}

static int print_or_fail(struct text *text)
{
	struct error err;

	if (front_print(text, &err) == 0)
		return 0;
	front_fail(&err);
	return FRONT_FAILED;
}

/* @argv[0] is the command's name. */
static int run_command(struct front *front, const struct command_globals *globals,
		       const struct command *command, char **argv, size_t argc)
{
	_Alignas(max_align_t) unsigned char values[COMMAND_VALUES_SIZE] = { 0 };
	autotext struct text text = TEXT_EMPTY;
	bool help = false;
	size_t count = 0;
	struct error err;

	error_clear(&err);
	if (options_parse(command->options, values, command->order, argv + 1, argc - 1, &front->arena, &count,
			  &help, &err) < 0)
		return fail_usage(command, &err);
	if (help) {
		command_help_one(command, &text);
		return print_or_fail(&text);
	}
	if (count < command->min_args || count > command->max_args)
		return fail_arguments(command);
	struct strings args = { count, (const char *const *)(argv + 1) };
	int failure = command->failure_status != 0 ? command->failure_status : FRONT_FAILED;
	int status = command->no_store ? 0 : open_front(front, globals, &err);

	if (status == 0)
		status = command->run(front, values, &args, &err);
	if (status >= 0)
		return status;
	front_fail(&err);
	return failure;
}

static int run_help(char **argv, size_t argc)
{
	autotext struct text text = TEXT_EMPTY;
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;

	if (argc > 1 && command == NULL) {
		dprintf(STDERR_FILENO, "unknown help topic: %s\n", argv[1]);
		return FRONT_FAILED;
	}
	if (command == NULL)
		command_help(&text);
	else
		command_help_one(command, &text);
	return print_or_fail(&text);
}

static int run_program(struct front *front, char **argv, size_t argc)
{
	struct command_globals globals = { 0 };
	autotext struct text text = TEXT_EMPTY;
	bool help = false;
	size_t count = 0;
	struct error err;

	if (options_parse(command_global_rows, &globals, OPTIONS_FIRST, argv, argc, &front->arena, &count,
			  &help, &err) < 0)
		return fail_usage(NULL, &err);
	if (globals.version.value)
		text_append(&text, "hull-container version " HULL_VERSION "\n");
	else if (count == 0 || help)
		command_help(&text);
	if (text.length > 0)
		return print_or_fail(&text);
	if (text_equal(argv[0], "help"))
		return run_help(argv, count);
	const struct command *command = command_find(argv[0]);

	if (command == NULL) {
		dprintf(STDERR_FILENO,
			"hull container: '%s' is not a hull container command.\nSee 'hull container "
			"--help'\n",
			argv[0]);
		return FRONT_FAILED;
	}
	return run_command(front, &globals, command, argv, count);
}

int front_main(int argc, char **argv)
{
	struct front front = { .store = { .root = -1, .names = -1, .run = -1 } };

	arena_init(&front.arena, 0);
	int status = run_program(&front, argv + (argc > 0), argc > 0 ? (size_t)argc - 1 : 0);
	store_close(&front.store);
	arena_release(&front.arena);
	return status;
}
