/*
 * Maps of sparse files: which bytes of a file an archive holds. Part of the reader: see tar.h.
 */
#ifndef HULL_OCI_LAYER_TAR_SPARSE_H
#define HULL_OCI_LAYER_TAR_SPARSE_H

#include "oci/layer/tar.h"

struct tar_sparse {
	struct tar_extent *extents;
	size_t count, room;
	uint64_t half; /* an offset whose length has not come yet … */
	bool has_half; /* … is here */
};

void tar_sparse_clear(struct tar_sparse *sparse);
void tar_sparse_release(struct tar_sparse *sparse);
/* Add the next number: offsets and lengths take turns. Errors: -EFBIG too many; -ENOMEM. */
must_check int tar_sparse_add(struct tar_sparse *sparse, uint64_t number, struct error *err);
/*
 * In order, without overlap, within a file of @size bytes, @stored bytes in all. Empty extents go.
 * Errors: -EBADMSG.
 */
must_check int tar_sparse_check(struct tar_sparse *sparse, uint64_t size, uint64_t stored, struct error *err);

#endif
