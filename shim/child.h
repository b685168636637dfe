/*
 * A program of ours that runs beside us: hull create, start, delete. Never waited for: its end is an
 * event of the loop. What it says on its standard error is kept for a message.
 */
#ifndef HULL_SHIM_CHILD_H
#define HULL_SHIM_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "shim/loop.h"

struct child {
	struct loop_source source; /* its pidfd; fd -1: none runs */
	pid_t pid;
	int said; /* memfd */
};

struct child_request {
	const char *const *argv; /* argv[0] is a path */
	int directory;           /* where it is started; -1: here */
	int fds[3];          /* standard streams; -1: /dev/null, for the last one what struct child keeps */
	unsigned listen_fds; /* sockets from descriptor 3 on that it is given, with LISTEN_PID */
	const char *listen_names;
};

/* An empty one. */
void child_init(struct child *child, void (*ended)(struct loop_source *source, uint32_t events));
bool child_runs(const struct child *child);
/* Start it. Its end calls what child_init was given, which calls child_reap. */
must_check int child_spawn(struct child *child, const struct loop *loop, const struct child_request *request,
			   struct error *err);
/* Take its exit: 0, or an error that says in its own words why it failed. @name is for the message. */
must_check int child_reap(struct child *child, const struct loop *loop, const char *name, struct error *err);
/* The last line of @bytes, at most ERROR_TEXT_SIZE / 2 of it, as text for a message. */
void child_last_line(const char *bytes, size_t length, char *ret, size_t room);

#endif
