/*
 * Where the entries of an archive go: the directory that a path's last part belongs in, by descriptor, with
 * a small cache. Symlinks lead where they lead with the target directory as "/", never further.
 */
#ifndef HULL_OCI_LAYER_PLACES_H
#define HULL_OCI_LAYER_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/notes.h"
#include "oci/layer/tar.h"

#define PLACES_CACHED 128

struct places_directory {
	int fd; /* O_RDONLY; borrowed from the cache, until the next call */
	uint64_t inode;
	bool plain; /* what is made in it is owned by this process's group and inherits nothing */
};

struct places_slot {
	char *path; /* NULL: unused */
	uint64_t hash;
	struct places_directory directory;
};

struct places {
	int root;
	struct notes *notes;
	struct places_directory top;
	struct places_slot slots[PLACES_CACHED];
	uint64_t made, max_made; /* directories on the way: one name can stand for hundreds of them */
};

enum places_mode {
	PLACES_FIND, /* -ENOENT, -ENOTDIR where it is not there */
	PLACES_MAKE, /* missing directories are made and noted as implied; -ENOTDIR where something else is */
	PLACES_REPLACE /* and what is not a directory makes way */
};

/* Borrows @root, a directory opened O_RDONLY, and @notes. Makes @max_made directories at most, then -EFBIG.
 */
must_check int places_init(struct places *places, int root, struct notes *notes, uint64_t max_made,
			   struct error *err);
void places_release(struct places *places);
/* Forget: something that a path led through was removed. */
void places_forget(struct places *places);
/*
 * The directory of the last part of @path (in the form of tar.h, not "."), and that part, which is within
 * @path. @of: its mtime is that of directories made on the way; may be NULL for PLACES_FIND.
 */
must_check int places_parent(struct places *places, const char *path, enum places_mode mode,
			     const struct tar_entry *of, struct places_directory *ret, const char **ret_leaf,
			     struct error *err);
/* Have @directory (its descriptor taken, also on failure) as @path from now on. */
must_check int places_add(struct places *places, const char *path, const struct places_directory *directory,
			  struct error *err);

#endif
