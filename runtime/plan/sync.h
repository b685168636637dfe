/*
 * The one conversation between hull and hull-init, over a SOCK_SEQPACKET socket pair.
 *
 *   hull                                     hull-init
 *   clone3, exec of hull-init
 *   [with a joiner]                 <------  JOINED           (by the clone; the joiner ends)
 *   [WAIT_GO] id maps      GO       ------>
 *                                            namespaces, root, mounts, devices
 *   [RUNTIME_HOOKS]                 <------  MOUNTS_READY
 *   prestart, createRuntime
 *                          HOOKS_DONE ---->
 *                                            createContainer hooks, pivot, program looked up
 *                                   <------  CREATED
 *   [DIRECT: run without anything to do in between: CREATED and START are left out]
 *   final limits, state published
 *   create: hull ends.                       waits at the gate
 *   run:                   START    ------>
 *   ---- the gate: `hull start` connects; from here on the same over that connection ----
 *                                            startContainer hooks, credentials
 *                                   <------  EXECUTING, then exec closes the socket
 *
 * exec has no hooks and no gate: [JOINED] [GO] EXECUTING.
 * hull-init may send FAILED with its error instead of any of its words. A socket that closes before
 * EXECUTING means the peer died; after EXECUTING, closing without FAILED is success.
 */
#ifndef HULL_RUNTIME_PLAN_SYNC_H
#define HULL_RUNTIME_PLAN_SYNC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum sync_step {
	SYNC_JOINED = 1,
	SYNC_GO,
	SYNC_MOUNTS_READY,
	SYNC_HOOKS_DONE,
	SYNC_CREATED,
	SYNC_START,
	SYNC_EXECUTING,
	SYNC_FAILED,
	SYNC_STEP_COUNT
};

struct sync_message {
	uint32_t step;      /* enum sync_step */
	int32_t value;      /* JOINED: hull puts the sender's pid here, as the kernel tells it */
	struct error error; /* FAILED only */
};

/* Bytes of a message that are sent: without the error unless it is FAILED. */
#define SYNC_SHORT_SIZE offsetof(struct sync_message, error)

#endif
