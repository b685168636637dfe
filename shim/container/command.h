/*
 * What a command is: one value, in a file cmd_NAME.c. The parser, the help text and the check of the manual
 * page read the same value; adding a command is adding a file and a row in command.c.
 */
#ifndef HULL_SHIM_CONTAINER_COMMAND_H
#define HULL_SHIM_CONTAINER_COMMAND_H

#include "base/error.h"
#include "oci/spec/spec.h"
#include "shim/container/front.h"
#include "shim/container/options.h"

#define COMMAND_ARGS_ANY 1000000U

struct command {
	const char *name;
	const char *aliases; /* further names, separated by blanks; NULL: none */
	const char *usage;   /* its arguments, as help shows them: "CONTAINER [CONTAINER...]" */
	const char *summary;
	const char *description;          /* some lines for `help NAME`; NULL: none */
	const struct option_row *options; /* NULL: none */
	size_t values_size;               /* COMMAND_VALUES(struct …) */
	unsigned min_args, max_args;
	enum options_order order;
	int failure_status; /* the exit status of an error; 0 stands for FRONT_FAILED */
	bool no_store;      /* works without containers */
	/* Returns the exit status, or a negative errno with @err filled. */
	int (*run)(struct front *front, const void *values, const struct strings *args, struct error *err);
};

/* Room for any command's struct; a larger one does not compile. */
#define COMMAND_VALUES_SIZE 512
#define COMMAND_VALUES(type) (sizeof(type) + 0 * sizeof(char[sizeof(type) <= COMMAND_VALUES_SIZE ? 1 : -1]))

/* Every command in the order of the help text; NULL ends. */
extern const struct command *const command_table[];
/* By name or alias. NULL: there is none. */
const struct command *command_find(const char *name);

/* Before the command's name. */
struct command_globals {
	const char *store, *run, *root, *hull;
	struct opt_bool version;
};
extern const struct option_row command_global_rows[];

/* The program's help, and one command's. */
void command_help(struct text *ret);
void command_help_one(const struct command *command, struct text *ret);

extern const struct command cmd_attach, cmd_create, cmd_exec, cmd_inspect, cmd_kill, cmd_logs, cmd_pause,
	cmd_prune, cmd_ps, cmd_rename, cmd_restart, cmd_rm, cmd_run, cmd_start, cmd_stats, cmd_stop, cmd_top,
	cmd_unpause, cmd_version, cmd_wait;

#endif
