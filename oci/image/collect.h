/*
 * Garbage: what no image, no bundle and no work in progress needs. It is found and moved away under
 * store.lock, where nobody can claim anything, and deleted afterwards without it.
 */
#ifndef HULL_OCI_IMAGE_COLLECT_H
#define HULL_OCI_IMAGE_COLLECT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/values.h"
#include "oci/image/store.h"

struct collect_result {
	uint64_t objects; /* moved away */
	uint64_t bytes;   /* that are free for it */
};

/*
 * Remove garbage. @only: paths of objects ("blobs/sha256/HEX") to which it is limited; NULL: everything, also
 * what ended processes left. Errors: -EBADMSG index.json is damaged; then nothing is touched.
 */
must_check int collect_garbage(const struct store *store, struct arena *arena, const struct strings *only,
			       struct collect_result *ret, struct error *err);
/* Remove what ended processes left in tmp/, unless somebody works on the store just now. */
must_check int collect_sessions(const struct store *store, struct arena *arena, struct error *err);
/* Remove pins whose bundles are gone, unless somebody works on the store just now. */
must_check int collect_pins(const struct store *store, struct arena *arena, struct error *err);
/* How much there is, without a change. */
must_check int collect_measure(const struct store *store, struct arena *arena, struct collect_result *ret,
			       struct error *err);
/*
 * The objects that the image of the manifest @digest stands on, as far as they can be read: its manifest and
 * index, its configuration, blobs, layers, chains.
 */
struct ref;
must_check int collect_objects(const struct store *store, struct arena *arena, const struct ref *ref,
			       struct strings *ret, struct error *err);
/* Bytes on the disk of the object @path, a file or a directory. */
uint64_t collect_size(const struct store *store, const char *path);

#endif
