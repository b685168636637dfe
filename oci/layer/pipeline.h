/*
 * From a blob to its tar: read and hash it, decompress it, hash the tar, hand it out, each in a thread of its
 * own with bounded buffers in between.
 */
#ifndef HULL_OCI_LAYER_PIPELINE_H
#define HULL_OCI_LAYER_PIPELINE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/codec.h"
#include "oci/layer/digest.h"
#include "oci/layer/tar.h"

struct pipeline_request {
	int blob;           /* borrowed */
	uint64_t blob_size; /* UINT64_MAX: to its end */
	enum digest_algorithm blob_algorithm, tar_algorithm;
	uint64_t max_bytes, max_ratio, ratio_excess;
	_Atomic uint64_t *progress_blob, *progress_tar; /* NULL: nobody looks */
};

struct pipeline_result {
	enum codec codec;
	struct digest blob_digest, tar_digest;
	uint64_t blob_bytes, tar_bytes;
};

struct pipeline;

/* Make the buffers and the threads, which wait and touch nothing yet. */
must_check int pipeline_open(const struct pipeline_request *request, struct pipeline **ret,
			     struct error *err);
/* Let them begin. */
void pipeline_begin(struct pipeline *pipeline);
/* The tar, for one reader: the calling thread. */
struct tar_source pipeline_source(struct pipeline *pipeline);
/*
 * After the source has given everything: wait for the digests. Errors: what any of the threads ran into;
 * -EBADMSG, -EFBIG, those of read(2).
 */
must_check int pipeline_finish(struct pipeline *pipeline, struct pipeline_result *ret, struct error *err);
/* At any time; ends the threads. */
void pipeline_close(struct pipeline *pipeline);

#endif
