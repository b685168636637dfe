/*
 * hull and hull-shim as child processes: never linked, never found by the caller's PATH.
 */
#ifndef HULL_SHIM_CONTAINER_SPAWN_H
#define HULL_SHIM_CONTAINER_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "shim/container/front.h"

#define SPAWN_MAX_ARGS 1000

/* A command line under construction; too many words are remembered and reported by those who run it. */
struct spawn_args {
	const char *items[SPAWN_MAX_ARGS + 1]; /* NULL ends */
	size_t count;
	bool failed;
};
void spawn_add(struct spawn_args *args, const char *word);
/* hull with its --root and a log that only holds what is wrong; then come the caller's words. */
void spawn_add_hull(struct spawn_args *args, const struct front *front, const char *log);

/*
 * Run @args to its end with nothing to read. @ret_out: what it printed, may be NULL.
 * Errors: -EINVAL it failed; the text is what it said.
 */
must_check int spawn_run(const struct spawn_args *args, struct text *ret_out, struct error *err);
/* `hull WORD ID` or `hull WORD ID MORE`; @more and @ret_out may be NULL. */
must_check int spawn_hull(const struct front *front, const char *word, const char *id, const char *more,
			  struct text *ret_out, struct error *err);

/*
 * Start @args with the descriptors @fds (of which each takes its place in the array as its number; -1 leaves
 * /dev/null on 0 to 2). @session: in a session of its own. Signals are at their defaults.
 */
must_check int spawn_start(const struct spawn_args *args, const int *fds, size_t count, bool session,
			   pid_t *ret, struct error *err);
/* Reap @pid. @ret_status: exit code, or 128 + signal. */
must_check int spawn_wait(pid_t pid, int *ret_status, struct error *err);

/*
 * Start hull-shim for container @id and wait until it says that the container runs. @client: the other end of
 * a connection of ours, or -1; borrowed. @adopt: take up one that runs already.
 * Errors: -EINVAL with the text of why it could not be started.
 */
must_check int spawn_shim(struct front *front, const char *id, int client, bool adopt, struct error *err);

#endif
