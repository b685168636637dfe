/*
 * Unpacked layers, by diffID: layers/ALGORITHM/HEX with the files (diff/), the path index (index) and what is
 * known of them (meta.json). They are unpacked below tmp/, and published complete and on the disk, so what
 * has its name is whole. Nothing ever writes to one afterwards.
 */
#ifndef HULL_OCI_IMAGE_LAYERS_H
#define HULL_OCI_IMAGE_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/image/blob.h"
#include "oci/image/progress.h"
#include "oci/image/session.h"
#include "oci/image/store.h"
#include "oci/layer/unpack.h"

#define LAYERS_FORMAT 1 /* of meta.json and of how things are unpacked */

struct layers_meta {
	uint32_t version;
	uint64_t bytes;       /* of its files, on the disk */
	uint64_t entries;     /* of its index */
	uint64_t implied;     /* directories that the tar did not describe */
	uint64_t lower_links; /* hard links to files of a layer below */
	bool opaque;          /* nothing of the layers below is seen */
};

/* Errors: -ENOENT it is not unpacked; -EBADMSG what is there is damaged. */
must_check int layers_load_meta(const struct store *store, const char *diff_id, struct layers_meta *ret,
				struct error *err);
/* Its directory and its index. Errors: as layers_load_meta. */
must_check int layers_open(const struct store *store, const char *diff_id, int *ret_diff, int *ret_index,
			   struct error *err);

/* A layer that must be unpacked: what it is and where it comes from. */
struct layers_wanted {
	const char *diff_id;
	struct blob_new *blob; /* on its way into the store, or there (place "") */
};

/*
 * See to it that every one of @wanted is unpacked, its blob's digest and its diffID checked; several at once.
 * What is new is synced and published, with the blobs; what the session wrote before is on the disk with it.
 */
must_check int layers_make(struct session *session, const struct layers_wanted *wanted, size_t count,
			   struct progress *progress, struct error *err);
/*
 * Unpack @file, a tar in any compression whose digests nobody knows yet, into @ret_place below tmp/, as
 * layers_make would; @ret_result says what it is. layers_adopt publishes it as the layer @diff_id.
 */
must_check int layers_unpack_unknown(struct session *session, int file, uint64_t size,
				     struct progress *progress, char ret_place[STORE_PATH_BYTES],
				     struct unpack_result *ret_result, struct error *err);
must_check int layers_adopt(struct session *session, const char *place, const char *diff_id,
			    struct error *err);
/* Whether marks of overlays are user.overlay.*: in the store of a user without privileges. */
bool layers_user_xattr(void);

#endif
