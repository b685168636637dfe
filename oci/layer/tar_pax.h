/*
 * PAX extended headers, read strictly. Part of the reader: see tar.h.
 */
#ifndef HULL_OCI_LAYER_TAR_PAX_H
#define HULL_OCI_LAYER_TAR_PAX_H

#include "base/values.h"
#include "oci/layer/tar.h"
#include "oci/layer/tar_sparse.h"

/* What the records say; strings live in the buffer that was read. */
struct tar_pax {
	char *path, *link, *sparse_name; /* NULL: not there. Changed in place by the reader */
	const char *acl_access, *acl_default;
	struct opt_u64 size, uid, gid, sparse_size;
	struct opt_i64 mtime;
	uint32_t mtime_ns;
	uint64_t sparse_major, sparse_minor;
	bool sparse_map; /* the map was in the records: forms 0.0 and 0.1 */
	size_t xattr_count;
	struct tar_xattr xattrs[TAR_MAX_XATTRS]; /* last, so that the rest is cleared without it */
};

/*
 * Read @length bytes @records, which are changed and must stay. Extents go into @sparse.
 * Errors: -EBADMSG; -EFBIG too many or too large xattrs.
 */
must_check int tar_pax_read(char *records, size_t length, struct tar_pax *ret, struct tar_sparse *sparse,
			    struct error *err);

#endif
