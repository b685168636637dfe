/*
 * What commands do to a container, with the lifecycle's table asked first and the container locked.
 */
#ifndef HULL_SHIM_CONTAINER_OPERATE_H
#define HULL_SHIM_CONTAINER_OPERATE_H

#include <stdbool.h>

#include "base/error.h"
#include "shim/container/attach.h"
#include "shim/container/front.h"
#include "shim/container/view.h"

/* Start one that does not run. @client: the far end of a connection of ours, or -1. Running already: no
 * error. */
must_check int operate_start(struct front *front, const char *id, int client, struct error *err);
/*
 * Start it and stay with it to its end. @ret_status: its exit code; 0 after the detach keys.
 * Errors: as operate_start, then nothing was started.
 */
must_check int operate_start_attached(struct front *front, const char *id,
				      const struct attach_options *options, int *ret_status,
				      struct error *err);
/* docker's exit status of a program that could not be started for the reason @text: 126, 127, else 125. */
int operate_failure_status(const char *text);

/* The stop signal, and SIGKILL after @timeout_s seconds; below 0: the container's own timeout. */
must_check int operate_stop(struct front *front, const char *id, int64_t timeout_s, struct error *err);
must_check int operate_kill(struct front *front, const char *id, int signal, struct error *err);
/* @pause or the reverse. */
must_check int operate_pause(struct front *front, const char *id, bool pause, struct error *err);
must_check int operate_remove(struct front *front, const char *id, bool force, struct error *err);
must_check int operate_rename(struct front *front, const char *id, const char *name, struct error *err);
/*
 * Until it does not run; restarts by policy count as running. @timeout_ms below 0: for ever.
 * Errors: -ETIMEDOUT.
 */
must_check int operate_wait(struct front *front, const char *id, int timeout_ms, int *ret_code,
			    struct error *err);
/* What stays to be done when attach_stay has come to its end. */
must_check int operate_after_attach(struct front *front, const char *id, enum attach_end end, int code,
				    int *ret_status, struct error *err);

#endif
