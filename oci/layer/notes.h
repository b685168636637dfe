/*
 * What an extraction has to remember until its end: notes on directories, by inode number, and which names
 * were made. Grows with the layer, some bytes for each.
 */
#ifndef HULL_OCI_LAYER_NOTES_H
#define HULL_OCI_LAYER_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The same as index flags. */
struct notes_directory {
	uint64_t inode; /* 0: unused */
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t flags; /* INDEX_IMPLIED, INDEX_OPAQUE, INDEX_XATTRS */
	uint8_t *acl;   /* its default ACL as an xattr, set last so that nothing inherits it */
	uint32_t acl_length;
};

struct notes {
	struct notes_directory *directories;
	size_t directory_count, directory_room; /* rooms are powers of two */
	uint64_t *names;                        /* hashes; 0: unused */
	size_t name_count, name_room;
};

void notes_release(struct notes *notes);
/* The note on the directory @inode. NULL: there is none. Valid until the next notes_make. */
struct notes_directory *notes_find(const struct notes *notes, uint64_t inode);
/* The same, made empty where there is none. NULL: no memory. */
struct notes_directory *notes_make(struct notes *notes, uint64_t inode);
/* Remember @name in the directory @inode. */
must_check int notes_add_name(struct notes *notes, uint64_t inode, const char *name, struct error *err);
bool notes_has_name(const struct notes *notes, uint64_t inode, const char *name);

#endif
