/*
 * A container as it is now: its records, and what the kernel says of the processes in them. Nothing of a
 * state is ever stored, so the answer is also right after a reboot, and after hull-shim, the container or
 * both were killed.
 */
#ifndef HULL_SHIM_CONTAINER_VIEW_H
#define HULL_SHIM_CONTAINER_VIEW_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "shim/container/front.h"
#include "shim/container/lifecycle.h"
#include "shim/store/store.h"

#define VIEW_SHORT_DIGITS 12

struct view {
	char id[STORE_ID_DIGITS + 1];
	struct store_container container;
	enum lifecycle_state state;
	bool has_run, has_exit;
	struct store_run run;   /* where has_run */
	struct store_exit exit; /* where has_exit */
	bool monitored;         /* hull-shim is there */
	bool unknown_exit;      /* it has ended and nobody saw how */
};

/*
 * Load the container @id; strings live in the front's arena. @paused: whether hull is asked if it is paused.
 * Errors: -ENOENT no such container; -EINVAL a damaged record, which is named.
 */
must_check int view_load(struct front *front, const char *id, bool paused, struct view *ret,
			 struct error *err);
/* As view_load, of what @word means. */
must_check int view_find(struct front *front, const char *word, struct view *ret, struct error *err);
/* A pidfd of the container's process. Errors: -ESRCH it does not run. */
must_check int view_process(const struct view *view, struct pidfd *ret, struct error *err);
/* "Up 3 minutes (Paused)", "Exited (0) 2 hours ago", as of @now_ns. */
void view_status(const struct view *view, int64_t now_ns, struct text *ret);
/* What docker's words for the exit code say: 0 where it has not ended, 255 where nobody saw how. */
int view_exit_code(const struct view *view);
/* Give a container that runs without hull-shim a new one. No error where it cannot be: then it stays as it
 * is. */
void view_adopt(struct front *front, struct view *view);

#endif
