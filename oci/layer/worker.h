/*
 * What unpack.c and hull-unpack say to each other over their socket: one message there, with descriptors, and
 * one back. Both are of one build.
 */
#ifndef HULL_OCI_LAYER_WORKER_H
#define HULL_OCI_LAYER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/unpack.h"

#define WORKER_SOCKET 3 /* where hull-unpack finds it */

/*
 * Descriptors that come with the request, in this order; the index only when has_index. The life is the end
 * of a pipe that nobody writes to: it is closed when the last process of hull-unpack has ended.
 */
enum { WORKER_BLOB, WORKER_TARGET, WORKER_PROGRESS, WORKER_LIFE, WORKER_INDEX, WORKER_FDS };

struct worker_request {
	uint64_t blob_size;
	bool has_blob_digest, has_diff_id, has_index;
	bool keep_devices, flat;
	struct digest blob_digest, diff_id;
	struct unpack_limits limits;
};

struct worker_answer {
	int32_t status; /* 0, or a negative errno with the error */
	struct error error;
	struct unpack_result result;
};

/* All of hull-unpack's work. Returns its exit status. */
int worker_main(void);

#endif
