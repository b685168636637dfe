/*
 * From a blob to its tar and into a tree, in three processes: one reads the blob and computes both digests;
 * one decompresses (decode.h); one makes the tree (extract.h). The two that look at what the bytes say can
 * be taken over by what they say; the digests are of what passed through the first all the same, which never
 * looks:
 *
 *            blob                  tar                    tar, hashed
 *   reads ---------> decompresses ------> copies, hashes -------------> makes the tree
 */
#ifndef HULL_OCI_LAYER_PIPELINE_H
#define HULL_OCI_LAYER_PIPELINE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/codec.h"
#include "oci/layer/digest.h"
#include "oci/layer/extract.h"
#include "oci/layer/ring.h"

#define PIPELINE_BLOB_CHUNK_BYTES ((size_t)512 << 10)
#define PIPELINE_TAR_CHUNK_BYTES ((size_t)1024 << 10)
_Static_assert(PIPELINE_TAR_CHUNK_BYTES % TAR_BLOCK == 0, "no header lies across two chunks");

struct pipeline_request {
	int blob;           /* borrowed */
	uint64_t blob_size; /* UINT64_MAX: to its end */
	enum digest_algorithm blob_algorithm, tar_algorithm;
	uint64_t max_bytes, max_ratio, ratio_excess;
	_Atomic uint64_t *progress_blob, *progress_tar; /* NULL: nobody looks */
	int decoder, extractor;                         /* sockets to the other two */
	/* To the decoder, from it, to the extractor. */
	struct ring *blob_ring, *decoded, *tar;
};

struct pipeline_result {
	enum codec codec;
	struct digest blob_digest, tar_digest;
	uint64_t blob_bytes, tar_bytes;
	struct extract_result extracted; /* what the extractor says */
};

/*
 * The first process's work. Errors: what any of the three ran into first: -EBADMSG, -EFBIG, those of read(2);
 * -EPROTO one of the others ended without a word, or said what cannot be.
 */
must_check int pipeline_run(const struct pipeline_request *request, struct pipeline_result *ret,
			    struct error *err);

#endif
