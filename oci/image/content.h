/*
 * What an image consists of, read from the store and checked: its manifest, its configuration, its layers.
 */
#ifndef HULL_OCI_IMAGE_CONTENT_H
#define HULL_OCI_IMAGE_CONTENT_H

#include "base/arena.h"
#include "base/error.h"
#include "oci/image/refs.h"
#include "oci/image/store.h"
#include "oci/layer/digest.h"
#include "oci/spec/image.h"
#include "oci/spec/image_platform.h"

#define CONTENT_MAX_NESTING 4 /* indexes within indexes */

struct content {
	const char *id; /* digest of the configuration */
	const char *digest, *media_type;
	int64_t size; /* of the manifest */
	struct image_manifest manifest;
	struct image_config config;
	const char *config_text; /* as it is, for those who show it */
};

/*
 * The image of @ref; strings live in @arena. @wanted: which platform where @ref leads to an index; NULL: this
 * machine's. Errors: -ENOENT a part of it is not in the store; -EBADMSG one is damaged; -EINVAL it is no
 * image that can be run (an artifact), or none for the platform.
 */
must_check int content_load(const struct store *store, const struct ref *ref,
			    const struct image_platform *wanted, struct arena *arena, struct content *ret,
			    struct error *err);
/*
 * The manifest @text of @digest: parsed, of the kind of an image that can be unpacked. For importers, before
 * anything is in the store.
 */
must_check int content_parse_manifest(struct arena *arena, const char *digest, const struct text *text,
				      const char *media_type, struct image_manifest *ret, struct error *err);
/* Bytes of its files, where all layers are unpacked; else of its blobs. */
int64_t content_unpacked(const struct store *store, const struct content *content);
/* The chainID of layers 0 to @index of @diff_ids. */
must_check int content_chain_id(const struct strings *diff_ids, size_t index, char ret[DIGEST_TEXT_BYTES],
				struct error *err);

#endif
