/*
 * What a command is: one value, in a file of its own (cmd_NAME.c). The parser, the help text and
 * the check of the manual page read the same value; adding a command is adding a file and a row in
 * command.c.
 */
#ifndef HULL_RUNTIME_CLI_COMMAND_H
#define HULL_RUNTIME_CLI_COMMAND_H

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/cli/options.h"
#include "runtime/container/container.h"

/* One use of a command. */
struct command_call {
	const struct container_context *context;
	const void *values;  /* the command's struct, filled from its options */
	struct strings args; /* what is no option; the count is within the command's bounds */
	bool root_given;     /* --root was there: a missing directory is an error */
	struct arena *arena; /* lives as long as the program */
};

#define COMMAND_ARGS_ANY 1000000U

struct command {
	const char *name;
	const char *usage;                /* its arguments, as help shows them: "CONTAINER [SIGNAL]" */
	const char *summary;              /* a line without a full stop */
	const char *description;          /* some lines for `help NAME`; NULL: none */
	const struct option_row *options; /* NULL: none */
	size_t values_size;               /* COMMAND_VALUES(struct …) */
	unsigned min_args, max_args;
	enum options_order order;
	int failure_status;        /* the exit status of an error; 0 stands for 1 */
	const char *error_context; /* put before an error: "create failed"; NULL: nothing */
	bool error_named;          /* the program's name stands before that */
	/* Returns the exit status, or a negative errno with @err filled. */
	int (*run)(const struct command_call *call, struct error *err);
};

/* Room for any command's struct; a larger one does not compile. */
#define COMMAND_VALUES_SIZE 512
#define COMMAND_VALUES(type) (sizeof(type) + 0 * sizeof(char[sizeof(type) <= COMMAND_VALUES_SIZE ? 1 : -1]))

/* Every command in the order of the help text; NULL ends. */
extern const struct command *const command_table[];
/* NULL: there is none. */
const struct command *command_find(const char *name);

/* What all commands accept, before the command's name and after it. */
struct global_options {
	const char *root, *log, *log_format, *rootless, *criu;
	struct opt_bool debug, systemd_cgroup, help;
};
extern const struct option_row global_option_rows[];
/* What is accepted only before the command's name. */
struct leading_options {
	struct opt_bool version;
};
extern const struct option_row leading_option_rows[];

extern const struct command cmd_create, cmd_delete, cmd_exec, cmd_features, cmd_kill, cmd_list, cmd_pause,
	cmd_plan, cmd_ps, cmd_resume, cmd_run, cmd_spec, cmd_start, cmd_state, cmd_update;

#endif
