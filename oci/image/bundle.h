/*
 * Bundles of images: a directory with config.json and a root, which is made of the store's layers, or is a
 * copy.
 */
#ifndef HULL_OCI_IMAGE_BUNDLE_H
#define HULL_OCI_IMAGE_BUNDLE_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/image/front.h"
#include "oci/make/choices.h"

/* Below a bundle whose root is mounted for every runtime: what hull-rootfs.json is for hull's own. */
#define BUNDLE_MOUNTED ".hull-image"

struct bundle_request {
	const char *word;               /* names the image */
	const char *platform;           /* NULL: this machine's */
	const char *directory;          /* absolute */
	const char *id, *name;          /* of the container; NULL: not told */
	const char *net_path, *volumes; /* see document.h; NULL: none, the usual place */
	const struct choices *choices;
	struct strings command;
	bool terminal;
	bool mount; /* the root is mounted at once, for any runtime */
};

/* The root is an overlay of the layers with an upper directory in the bundle. Nothing is copied. */
must_check int bundle_make(struct front *front, const struct bundle_request *request, struct error *err);
/* The root is a directory of its own, all layers unpacked into it one after the other. */
must_check int bundle_unpack(struct front *front, const struct bundle_request *request, struct error *err);
/* Mount the root of a bundle made with .mount again, or take the mount away. */
must_check int bundle_mount(const char *directory, struct error *err);
must_check int bundle_umount(const char *directory, struct error *err);

#endif
