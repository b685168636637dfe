/*
 * The path index of a layer: what its directory holds, in one file that is read without walking it. Entries
 * are in the order of a walk with sorted names, so that a directory is followed by all that is below it and
 * index_find is a binary search. Written by hull-unpack (index_write.h), which is not trusted: index_open
 * checks every entry.
 */
#ifndef HULL_OCI_LAYER_INDEX_H
#define HULL_OCI_LAYER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum index_flag {
	INDEX_IMPLIED = 1 << 0,    /* a directory that the archive has no entry for */
	INDEX_OPAQUE = 1 << 1,     /* a directory that hides what lower layers have in it */
	INDEX_WHITEOUT = 1 << 2,   /* nothing: hides the name in lower layers */
	INDEX_LOWER_LINK = 1 << 3, /* a hard link to `link`, which only a lower layer can have; not on disk */
	INDEX_LINKED = 1 << 4,     /* has other names in this layer: the same inode */
	INDEX_XATTRS = 1 << 5,     /* a directory that was given xattrs */
};

struct index_entry {
	const char *path; /* "usr/bin/env"; "." for the top */
	const char *link; /* target of a symlink or an INDEX_LOWER_LINK; else "" */
	uint64_t size, inode;
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t mode; /* with its type, as st_mode; 0 for an INDEX_LOWER_LINK */
	uint32_t uid, gid;
	uint32_t device; /* of a device node: major << 20 | minor */
	uint32_t flags;  /* enum index_flag */
};

struct index {
	const uint8_t *map;
	size_t length, count;
	uint64_t records; /* where they begin */
	uint64_t implied, lower_links, opaque;
};

#define INDEX_NONE ((struct index){ 0 })

/* Maps @fd, which may be closed afterwards. Errors: -EBADMSG it is not a whole, valid index. */
must_check int index_open(int fd, struct index *ret, struct error *err);
void index_close(struct index *index);
/* The entry number @at, from 0. Its strings live as long as @index is open. */
struct index_entry index_at(const struct index *index, size_t at);
/* Number of the entry @path, or -1. */
int64_t index_find(const struct index *index, const char *path);
/* Order of paths in an index: part by part. */
int index_compare(const char *a, const char *b);

#endif
