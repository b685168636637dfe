/*
 * Images into the store, wherever they come from. Everything is read, checked and unpacked below tmp/ first;
 * then, after one syncfs, it is published from the bottom up: layers and blobs, then the manifest, then the
 * entry in index.json. What stops half-way has published nothing that anybody looks at.
 */
#ifndef HULL_OCI_IMAGE_IMPORT_H
#define HULL_OCI_IMAGE_IMPORT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/flags.h"
#include "oci/image/front.h"
#include "oci/image/progress.h"
#include "oci/image/session.h"
#include "oci/image/source.h"
#include "oci/spec/image.h"
#include "oci/spec/image_platform.h"

struct import {
	struct front *front;
	struct session session;
	struct progress progress;
	struct source source;
	const char *tag;                       /* as a person gave it; NULL: names of the source */
	const struct image_platform *platform; /* NULL: this machine's */
	const struct flag_list *changes;       /* of a root file system's configuration */
	const char *message;
	bool quiet;
	unsigned imported;
};

/* The parts of one image, ready to go into the store. */
struct import_image {
	const char *name;            /* normalised; NULL: none */
	const struct text *manifest; /* its bytes */
	const struct text *config;
	const struct text *index; /* that it was chosen from; NULL: none */
	const char *media_type;   /* of the manifest */
	struct blob_new **layers; /* those of the manifest, in the session */
};

/*
 * Publish @image and tell what was loaded. Its layers' blobs are in the session; they are unpacked here.
 * Errors: -EBADMSG a digest or size is another; those of unpacking.
 */
must_check int import_publish(struct import *import, const struct import_image *image, struct error *err);
/*
 * The blob of a layer into the session: @digest as its descriptor says; @diff_id tells whether it will be
 * read to be unpacked anyway.
 */
must_check int import_copy_layer(struct import *import, const struct blob_source *from, const char *digest,
				 const char *diff_id, struct blob_new *ret, struct error *err);
/*
 * The name that an image gets which the source calls @name (a reference or a tag alone; NULL: nothing), with
 * what --tag says. @alone: it is the only one there. @ret NULL: none.
 */
must_check int import_name(struct import *import, const char *name, bool alone, const char **ret,
			   struct error *err);

/* All images of the source. */
must_check int import_layout(struct import *import, struct error *err);
must_check int import_docker(struct import *import, struct error *err);
/*
 * A root file system becomes an image of one layer: the directory of the source, or the tar @blob, which was
 * unpacked to @place (@unpacked says as what).
 */
must_check int import_rootfs_directory(struct import *import, struct error *err);
struct unpack_result;
must_check int import_rootfs_tar(struct import *import, struct blob_new *blob, const char *place,
				 const struct unpack_result *unpacked, struct error *err);

#endif
