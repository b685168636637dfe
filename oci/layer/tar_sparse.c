/* Maps of sparse files; see tar_sparse.h. */
#include "oci/layer/tar_sparse.h"

#include <errno.h>
#include <stdlib.h>

#include "base/banned.h"

void tar_sparse_clear(struct tar_sparse *sparse)
{
	sparse->count = 0;
	sparse->has_half = false;
}

void tar_sparse_release(struct tar_sparse *sparse)
{
	free(sparse->extents);
	*sparse = (struct tar_sparse){ 0 };
}

int tar_sparse_add(struct tar_sparse *sparse, uint64_t number, struct error *err)
{
	if (!sparse->has_half) {
		sparse->half = number;
		sparse->has_half = true;
		return 0;
	}
	if (sparse->count == TAR_MAX_SPARSE)
		return error_set(err, EFBIG, "tar: a sparse file of more than %d parts", TAR_MAX_SPARSE);
	if (sparse->count == sparse->room) {
		size_t room = sparse->room == 0 ? 64 : sparse->room * 2;
		struct tar_extent *extents = realloc(sparse->extents, room * sizeof(*extents));

		if (extents == NULL)
			return error_set(err, ENOMEM, "tar");
		sparse->extents = extents;
		sparse->room = room;
	}
	sparse->extents[sparse->count++] = (struct tar_extent){ .offset = sparse->half, .length = number };
	sparse->has_half = false;
	return 0;
}

int tar_sparse_check(struct tar_sparse *sparse, uint64_t size, uint64_t stored, struct error *err)
{
	uint64_t end = 0, sum = 0;
	size_t kept = 0;

	for (size_t i = 0; i < sparse->count; i++) {
		struct tar_extent extent = sparse->extents[i];

		if (extent.offset < end || extent.offset > size || extent.length > size - extent.offset)
			return error_set(err, EBADMSG, "tar: the map of a sparse file is not in order");
		end = extent.offset + extent.length;
		sum += extent.length; /* disjoint within size: no wrap */
		if (extent.length > 0)
			sparse->extents[kept++] = extent;
	}
	if (sparse->has_half || sum != stored)
		return error_set(err, EBADMSG, "tar: the map of a sparse file does not fit its data");
	sparse->count = kept;
	return 0;
}
