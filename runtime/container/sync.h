/* hull's side of the conversation with hull-init (runtime/plan/sync.h). */
#ifndef HULL_RUNTIME_CONTAINER_SYNC_H
#define HULL_RUNTIME_CONTAINER_SYNC_H

#include <stdint.h>

#include "base/error.h"
#include "runtime/plan/sync.h"

/* A socket pair; both close-on-exec. */
must_check int sync_open(int *ret_ours, int *ret_theirs, struct error *err);
/* A peer that is gone is no error here: the next expect has its last word, FAILED. */
must_check int sync_send(int socket, enum sync_step step, struct error *err);
/*
 * Wait for @step. What comes is from a process that may be hostile: sizes are checked and texts
 * cleaned. Errors: hull-init's own for FAILED; -EPIPE it ended without a word; -EPROTO another step.
 */
must_check int sync_expect(int socket, enum sync_step step, int32_t *ret_value, struct error *err);
/* After EXECUTING: wait for the end of the conversation, which is success, or for FAILED. */
must_check int sync_expect_exec(int socket, struct error *err);

#endif
