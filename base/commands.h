/*
 * A program of several commands in docker's grammar: reads the command line, calls the command, tells how it
 * ended. Everything particular is in the program's value and in those of its commands; the parser, the help
 * and the checks of the manual pages read the same values.
 */
#ifndef HULL_BASE_COMMANDS_H
#define HULL_BASE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/flags.h"
#include "base/text.h"
#include "base/values.h"

/* What every command of a program works with: each program has its own. */
struct front;

#define COMMAND_ARGS_ANY 1000000U
#define COMMANDS_FAILED 1 /* exit status of an error, where a program has no other */

struct command {
	const char *name;
	const char *aliases; /* further names, separated by blanks; NULL: none */
	const char *usage;   /* its arguments, as help shows them: "CONTAINER [CONTAINER...]" */
	const char *summary;
	const char *description;        /* some lines for `help NAME`; NULL: none */
	const struct flag_row *options; /* NULL: none */
	size_t values_size;             /* COMMAND_VALUES(struct …) */
	unsigned min_args, max_args;
	enum flags_order order;
	int failure_status; /* the exit status of an error; 0 stands for COMMANDS_FAILED */
	bool no_store;      /* works without what the program opens */
	/* Returns the exit status, or a negative errno with @err filled. */
	int (*run)(struct front *front, const void *values, const struct strings *args, struct error *err);
};

/* Room for any command's struct; a larger one does not compile. */
#define COMMAND_VALUES_SIZE 1536
#define COMMAND_VALUES(type) (sizeof(type) + 0 * sizeof(char[sizeof(type) <= COMMAND_VALUES_SIZE ? 1 : -1]))

struct commands_program {
	const char *words;   /* as people call it: "hull container" */
	const char *program; /* "hull-container" */
	const char *summary;
	const struct command *const *table; /* in the order of the help; NULL ends */
	const struct flag_row *globals; /* options before the command's name, a BOOL "version" among them */
	size_t globals_size;            /* COMMAND_VALUES(struct …) */
	size_t version;                 /* offset of the struct opt_bool of --version in it */
	int usage_status;               /* exit status of a wrong command line */
	/* Open what commands work with. Errors end the command. */
	int (*open)(struct front *front, const void *globals, struct error *err);
	/* The exit status of @err (of @command); NULL: the command's failure_status. */
	int (*status)(const struct command *command, const struct error *err);
};

/* The whole command line; reorders @argv. Lists of options live in @arena. Returns the exit status. */
int commands_main(const struct commands_program *program, struct front *front, struct arena *arena, int argc,
		  char **argv);
/* By name or alias. NULL: there is none. */
const struct command *commands_find(const struct commands_program *program, const char *name);
/* "Error: …" on standard error, with the words of its errno. */
void commands_fail(const struct error *err);
/* All of @text, at once, to standard output. Errors: -ENOMEM where it failed on its way; those of write. */
must_check int commands_print(struct text *text, struct error *err);

#endif
