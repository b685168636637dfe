/*
 * The file of a path index, as this machine's memory has it: a cache beside a layer's directory, never sent
 * anywhere. A head, strings (path and link target of each entry, with their NULs), records.
 */
#ifndef HULL_OCI_LAYER_INDEX_FORMAT_H
#define HULL_OCI_LAYER_INDEX_FORMAT_H

#include <stdint.h>

#define INDEX_MAGIC                                                                                          \
	UINT64_C(0x31786449206c7568) /* "hul Idx1" on a little-endian machine; no other reads it */

struct index_head {
	uint64_t magic;
	uint64_t count;
	uint64_t records; /* where they begin: a multiple of 8 */
};

struct index_record {
	uint64_t strings; /* where path, NUL, link, NUL begin */
	uint64_t size, inode;
	int64_t mtime;
	uint32_t mtime_ns, mode, uid, gid, device, flags;
	uint32_t path_length, link_length;
};
_Static_assert(sizeof(struct index_record) == 64, "no holes in what is written");

#endif
