/*
 * Order as data: a table of named steps with their undo. The name is the error's context, the log
 * line, and the point where the fault tests cut (builds with FAULTS=1 only).
 */
#ifndef HULL_RUNTIME_CONTAINER_STEPS_H
#define HULL_RUNTIME_CONTAINER_STEPS_H

#include <stddef.h>

#include "runtime/container/container.h"

struct step {
	const char *name;
	int (*run)(void *data, struct error *err);
	/* Undoes what run did; called only where run succeeded, in reverse order. Must not fail: what it
	 * cannot remove, delete --force can. */
	void (*undo)(void *data);
};

/*
 * Run @steps in order. On the first error those that were done are undone in reverse.
 * @ret_done, where not NULL: how many were done.
 */
must_check int steps_run(const struct container_context *context, const struct step *steps, size_t count,
			 void *data, size_t *ret_done, struct error *err);

/* printf to the context's log; debug lines only where they are wanted. */
void steps_log(const struct container_context *context, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Each line of @warnings as a warning. */
void steps_log_warnings(const struct container_context *context, const struct text *warnings);

#endif
