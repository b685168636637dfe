/*
 * One use of hull: read the command line, set up log and context, call the command, report. Knows
 * no command by name but help; everything particular is in the command's own value.
 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/cli/command.h"
#include "runtime/cli/help.h"
#include "runtime/cli/helper.h"
#include "runtime/cli/log.h"
#include "runtime/cli/output.h"
#include "runtime/cli/root.h"

#include "base/banned.h"

#define EXIT_FAILED 1
#define EXIT_UNKNOWN_COMMAND 3

struct invocation {
	const char *name; /* what hull calls itself */
	struct arena arena;
	struct log log;
	struct global_options global;
	struct leading_options leading;
	const struct command *command; /* NULL: none named yet */
	char **args;                   /* what is left of argv */
	size_t arg_count;
	/* the command's struct, aligned for any member */
	_Alignas(max_align_t) unsigned char values[COMMAND_VALUES_SIZE];
};

/* Engines that know only runc start hull through a link of that name and look for it in answers. */
static const char *name_from(const char *argv0)
{
	const char *slash = argv0 == NULL ? NULL : strrchr(argv0, '/');
	const char *base = slash == NULL ? argv0 : slash + 1;

	return text_equal(base, "runc") ? "runc" : "hull";
}

/* Report what @err says. Returns @status. */
static int fail(struct invocation *inv, const struct error *err, int status)
{
	autotext struct text message = TEXT_EMPTY;
	struct error ignored;

	log_format_error(err, &message);
	log_failure(&inv->log, text_done(&message, &ignored) == 0 ? message.data : err->text);
	return status;
}

static int print(struct invocation *inv, struct text *text)
{
	struct error err;

	if (output_write(text, &err) < 0)
		return fail(inv, &err, EXIT_FAILED);
	return 0;
}

/* As runc: the reason and the help on standard output, the reason as an error too. */
static int fail_usage(struct invocation *inv, const struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	text_format(&text, "Incorrect Usage: %s\n\n", err->text);
	if (inv->command != NULL)
		help_command(inv->name, inv->command, &text);
	else
		help_program(inv->name, &text);
	(void)print(inv, &text);
	return fail(inv, err, EXIT_FAILED);
}

static int open_log(struct invocation *inv, struct error *err)
{
	return log_open(inv->global.log, inv->global.log_format, inv->global.debug.value, &inv->log, err);
}

/* There is no command of this name, and no helper either. */
static int fail_unknown(struct invocation *inv, const char *word)
{
	struct error err;

	if (open_log(inv, &err) < 0)
		return fail(inv, &err, EXIT_FAILED);
	error_set(&err, 0, "No help topic for '%s'", word);
	return fail(inv, &err, EXIT_UNKNOWN_COMMAND);
}

/* help [COMMAND | --all] */
static int run_help(struct invocation *inv)
{
	autotext struct text text = TEXT_EMPTY;
	const char *topic = inv->arg_count > 1 ? inv->args[1] : NULL;
	const struct command *command = topic == NULL ? NULL : command_find(topic);

	if (text_equal(topic, "--all") || text_equal(topic, "-all"))
		help_all(inv->name, &text);
	else if (command != NULL)
		help_command(inv->name, command, &text);
	else if (topic == NULL || topic[0] == '-' || text_equal(topic, "help") || text_equal(topic, "h"))
		help_program(inv->name, &text);
	else
		return fail_unknown(inv, topic);
	return print(inv, &text);
}

/* The words after the command's name. */
static int parse_command(struct invocation *inv, struct error *err)
{
	struct option_scope scopes[] = {
		{ inv->command->options, inv->values },
		{ global_option_rows, &inv->global },
	};

	inv->args++;
	return options_parse(scopes, ARRAY_LEN(scopes), inv->command->order, inv->args, inv->arg_count - 1,
			     &inv->arena, &inv->arg_count, err);
}

static int check_arg_count(const struct invocation *inv, struct error *err)
{
	const struct command *command = inv->command;
	unsigned min = command->min_args, max = command->max_args;

	if (min == max && inv->arg_count != min)
		return error_set(err, 0, "%s: \"%s\" requires exactly %u argument(s)", inv->name,
				 command->name, min);
	if (inv->arg_count < min)
		return error_set(err, 0, "%s: \"%s\" requires a minimum of %u argument(s)", inv->name,
				 command->name, min);
	if (inv->arg_count > max)
		return error_set(err, 0, "%s: \"%s\" requires a maximum of %u argument(s)", inv->name,
				 command->name, max);
	return 0;
}

static int fail_arg_count(struct invocation *inv, const struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	text_append(&text, "Incorrect Usage.\n\n");
	help_command(inv->name, inv->command, &text);
	(void)print(inv, &text);
	return fail(inv, err, EXIT_FAILED);
}

static int check_globals(struct invocation *inv, struct error *err)
{
	const char *rootless = inv->global.rootless;

	if (rootless != NULL && !text_equal(rootless, "auto") && !text_equal(rootless, "true") &&
	    !text_equal(rootless, "false"))
		return error_set(err, 0, "invalid value \"%s\" for --rootless: must be true, false or auto",
				 rootless);
	if (inv->global.systemd_cgroup.value)
		return error_set(err, 0, "--systemd-cgroup is not supported yet: use cgroupfs");
	if (inv->global.criu != NULL)
		log_write(&inv->log, LOG_WARNING, "--criu is ignored");
	return 0;
}

/* What the command itself reported. */
static int fail_command(struct invocation *inv, struct error *err)
{
	const struct command *command = inv->command;

	if (command->error_context != NULL) {
		if (command->error_named)
			error_add(err, "%s %s", inv->name, command->error_context);
		else
			error_add(err, "%s", command->error_context);
	}
	return fail(inv, err, command->failure_status != 0 ? command->failure_status : EXIT_FAILED);
}

static int run_command(struct invocation *inv)
{
	autotext struct text root = TEXT_EMPTY;
	struct error err;

	error_clear(&err);
	if (check_globals(inv, &err) < 0 || root_make(inv->global.root, &root, &err) < 0)
		return fail(inv, &err, EXIT_FAILED);

	struct container_context context = {
		.root = root.data,
		.runtime_name = inv->name,
		.log = { .write = log_write, .data = &inv->log, .debug = inv->log.debug },
	};
	struct command_call call = {
		.context = &context,
		.values = inv->values,
		.args = { inv->arg_count, (const char *const *)inv->args },
		.root_given = inv->global.root != NULL,
		.arena = &inv->arena,
	};
	int status = inv->command->run(&call, &err);

	return status < 0 ? fail_command(inv, &err) : status;
}

/* The program's words are read, args[0] is a command's name. */
static int enter_command(struct invocation *inv)
{
	autotext struct text text = TEXT_EMPTY;
	struct error err, usage_err;

	if (text_equal(inv->args[0], "help") || text_equal(inv->args[0], "h"))
		return run_help(inv);
	inv->command = command_find(inv->args[0]);
	if (inv->command == NULL) {
		if (helper_exec(inv->args[0], inv->args, &err) != -ENOENT)
			return fail(inv, &err, EXIT_FAILED);
		return fail_unknown(inv, inv->args[0]);
	}

	int usage = parse_command(inv, &usage_err);
	/* only now is it known where errors go: --log may stand after the command too */
	if (open_log(inv, &err) < 0)
		return fail(inv, &err, EXIT_FAILED);
	if (usage < 0)
		return fail_usage(inv, &usage_err);
	if (inv->global.help.value) {
		help_command(inv->name, inv->command, &text);
		return print(inv, &text);
	}
	if (check_arg_count(inv, &err) < 0)
		return fail_arg_count(inv, &err);
	return run_command(inv);
}

static int run_program(struct invocation *inv, int argc, char **argv)
{
	autotext struct text text = TEXT_EMPTY;
	struct error err;
	struct option_scope scopes[] = {
		{ global_option_rows, &inv->global },
		{ leading_option_rows, &inv->leading },
	};

	inv->args = argv + 1;
	if (argc > 1 && options_parse(scopes, ARRAY_LEN(scopes), OPTIONS_FIRST, inv->args, (size_t)argc - 1,
				      &inv->arena, &inv->arg_count, &err) < 0)
		return fail_usage(inv, &err);
	if (inv->leading.version.value)
		help_version(inv->name, &text);
	else if (inv->arg_count == 0 || inv->global.help.value)
		help_program(inv->name, &text);
	else
		return enter_command(inv);
	return print(inv, &text);
}

int cli_main(int argc, char **argv)
{
	struct invocation inv = { .name = name_from(argc > 0 ? argv[0] : NULL), .log = LOG_TO_STDERR };

	arena_init(&inv.arena, 0);
	int status = run_program(&inv, argc, argv);
	log_close(&inv.log);
	arena_release(&inv.arena);
	return status;
}
