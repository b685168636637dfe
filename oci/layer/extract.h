/*
 * The entries of a layer's archive become a tree below a directory: an overlay's lower layer, or, flat, the
 * layers of an image one upon the other. Runs in hull-unpack, confined, but does not rely on it: every path
 * is resolved below the directory it is given, by descriptor.
 */
#ifndef HULL_OCI_LAYER_EXTRACT_H
#define HULL_OCI_LAYER_EXTRACT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/notes.h"
#include "oci/layer/places.h"
#include "oci/layer/tar.h"

struct extract_options {
	bool keep_devices, flat;
	uint64_t max_entries;
	uint64_t max_bytes;         /* of all files together, holes counted */
	_Atomic uint64_t *progress; /* entries so far; NULL: nobody looks */
};

struct extract_result {
	uint64_t entries, files_bytes, implied, lower_links, devices_skipped, xattrs_dropped;
};

/* A whiteout, an opaque mark or a hard link to a lower layer, kept until the end. */
struct extract_late {
	char *path;      /* of the name that is hidden; the directory that is opaque; the link */
	char *link;      /* INDEX_LOWER_LINK: its target */
	uint32_t flag;   /* INDEX_WHITEOUT, INDEX_OPAQUE, INDEX_LOWER_LINK */
	uint64_t parent; /* INDEX_LOWER_LINK: inode of its directory */
};

struct extract {
	const struct extract_options *options;
	struct extract_result *result;
	struct tar *tar;
	int root;
	struct notes notes;
	struct places places;
	struct extract_late *late;
	size_t late_count, late_room;
	uint64_t bytes;
	uint32_t uid, gid; /* what new files belong to */
};

/*
 * Everything that @tar has, below @root (O_RDONLY; empty unless flat). The path index of the result goes to
 * @index, an empty file, -1: none. Errors: those of tar.h; -EBADMSG, -EFBIG; those of writing.
 */
must_check int extract_run(struct tar *tar, int root, int index, const struct extract_options *options,
			   struct extract_result *ret, struct error *err);

#endif
