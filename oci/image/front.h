/*
 * What every command of `hull image` works with, and how it ends.
 */
#ifndef HULL_OCI_IMAGE_FRONT_H
#define HULL_OCI_IMAGE_FRONT_H

#include "base/arena.h"
#include "base/commands.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "oci/image/refs.h"
#include "oci/image/store.h"

struct front {
	struct store store;
	struct arena arena; /* lives as long as the program */
};

/* The whole command line; reorders @argv. Returns the exit status. */
int front_main(int argc, char **argv);
/* Open the store; @values is a struct command_globals. */
must_check int front_open(struct front *front, const void *values, struct error *err);
/*
 * For commands that touch the files of layers: a user without privileges enters a user namespace
 * (rootless.h), and the store is opened there.
 */
must_check int front_enter(struct front *front, struct error *err);
/* The exit status where that failed. */
int front_open_status(const struct command *command, const struct error *err);
/*
 * The exit status of a command that ended with @result: tells the error, if it is one. Every run function of
 * a command ends with it, because the errno that a function returned says which status it is (fail.h).
 */
int front_end(int result, const struct error *err);
/* @act on each word: tells the errors. Returns the exit status: that of the first error. */
int front_each(struct front *front, const struct strings *words,
	       int (*act)(struct front *front, const char *word, const void *data, struct error *err),
	       const void *data);
/* Load index.json and find @word in it. */
must_check int front_find(struct front *front, const char *word, struct refs *ret_refs,
			  struct refs_found *ret, struct error *err);
/* The text @format makes, in the arena. NULL: no memory. */
const char *front_copy(struct front *front, struct text *text);
/* @path absolute, in the arena. */
must_check int front_absolute(struct front *front, const char *path, const char **ret, struct error *err);

#endif
