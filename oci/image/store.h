/*
 * The store's directory: a valid OCI image layout with the unpacked layers beside it.
 *
 *	oci-layout, index.json    the layout; index.json is the table of images, replaced by rename
 *	blobs/ALGORITHM/HEX       content by its digest, published by rename
 *	layers/ALGORITHM/HEX/     an unpacked layer by its diffID: diff/, index, meta.json; published by
 *	                          rename
 *	chains/ALGORITHM/HEX/     what must lie between layers of one image, by chainID: see assembly.h
 *	bundles/ID.json           pins: which bundle stands on which layers
 *	tmp/NAME/                 of one process each, held by a lock on it: see session.h
 *	trash/NAME                renamed away, on its way out
 *	reserve                   empty blocks: room for a smaller index.json on a full disk
 *	store.lock                exclusive: index.json is replaced, garbage is moved away; shared: something
 *	                          is claimed or pinned. Never held while bytes are copied
 *
 * There is no database: everything can be read off the files, and a damaged one harms the images that need it
 * and no other. All locks are flock(2) or OFD locks, which end with the process, however it ends.
 */
#ifndef HULL_OCI_IMAGE_STORE_H
#define HULL_OCI_IMAGE_STORE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

#define STORE_DEFAULT_ROOT "/var/lib/hull/images"
#define STORE_NAME_BYTES 40  /* room for a name made by store_name */
#define STORE_PATH_BYTES 160 /* room for the path of an object, digests included */

struct store {
	int root;         /* its directory */
	int lock;         /* store.lock */
	const char *path; /* absolute; borrowed */
};

/* Open the store at @path, made (0700) where it is not there. Errors: -EPERM others could write to it. */
must_check int store_open(const char *path, struct store *ret, struct error *err);
void store_close(struct store *store);
/* Wait for store.lock. It is one lock for the whole process: not to be taken twice. */
must_check int store_lock(const struct store *store, bool exclusive, struct error *err);
/* The exclusive lock, if nobody has it. */
must_check int store_try_lock(const struct store *store, bool *ret_held, struct error *err);
void store_unlock(const struct store *store);
#define autounlock __attribute__((cleanup(store_unlock_cleanup), unused))
void store_unlock_cleanup(const struct store *const *store);

/* A name of its own for something below tmp/ or trash/. */
must_check int store_name(char ret[STORE_NAME_BYTES], struct error *err);
/* Move the object @path out of the way, into trash/. No error where it is not there. */
must_check int store_discard(const struct store *store, const char *path, struct error *err);
/* Remove what lies in trash/. Needs no lock. */
must_check int store_empty_trash(const struct store *store, struct error *err);
/*
 * Write the file @path whole: below tmp/ first, then renamed over it. @sync: its bytes are on the disk before
 * it has its name. store.lock must be held, shared or exclusive: what lies below tmp/ without is garbage.
 */
must_check int store_write(const struct store *store, const char *path, const struct text *text, bool sync,
			   struct error *err);
/*
 * See that there is room for @bytes that only store_use_reserve gives back. Where there is none it is not an
 * error: this is done while there is room. store.lock must be held exclusively, for both.
 */
void store_keep_reserve(const struct store *store, size_t bytes);
/* Give the room back. Returns whether there was any. */
bool store_use_reserve(const struct store *store);
/* fsync(2) of the directory @path, so that renames in it are on the disk. */
must_check int store_sync_directory(const struct store *store, const char *path, struct error *err);
/* The path of what @digest (a checked one) names: "blobs/sha256/HEX", "layers/sha256/HEX". */
void store_path(const char *kind, const char *digest, char ret[STORE_PATH_BYTES]);
bool store_has(const struct store *store, const char *path);

/*
 * The points where the fault tests end the process, in builds with FAULTS=1: HULL_FAULT=NAME:N is a SIGKILL
 * when NAME ("any": whichever) is passed for the Nth time.
 */
#ifdef HULL_FAULTS
void store_fault(const char *name);
#else
static inline void store_fault(const char *name)
{
	(void)name;
}
#endif

#endif
