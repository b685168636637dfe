/*
 * What every command of `hull container` works with: where containers are kept, which programs are started,
 * and how a result is told.
 */
#ifndef HULL_SHIM_CONTAINER_FRONT_H
#define HULL_SHIM_CONTAINER_FRONT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"
#include "shim/store/store.h"

struct front {
	const char *root;        /* of hull's own state; NULL: hull's default */
	const char *hull, *shim; /* paths of the programs */
	const char *directory;   /* where they are */
	const char *images;      /* root of the image store; NULL: hull-image's default */
	const char *volumes;     /* root of named volumes; NULL: hull-image's default */
	struct store store;
	const char *unsynced; /* name of a new container whose records are synced while hull-shim starts it;
				 NULL: none */
	struct arena arena;   /* lives as long as the program */
};

#define FRONT_FAILED 1       /* exit status of an error */
#define FRONT_FAILED_RUN 125 /* of one that kept a container's program from being started */

/* The whole command line; reorders @argv. Returns the exit status. */
int front_main(int argc, char **argv);
/* Find the programs and open the store; @values is a struct command_globals. */
must_check int front_open(struct front *front, const void *values, struct error *err);
/*
 * @act on each container that @words name: prints the word on success when @echo, the error otherwise.
 * Returns the exit status: that of an error when one failed.
 */
int front_each(struct front *front, const struct strings *words, bool echo,
	       int (*act)(struct front *front, const char *id, const void *data, struct error *err),
	       const void *data);

#endif
