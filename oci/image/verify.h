/*
 * What is wrong with images: every part of them looked at, and told one by one. Nothing is changed.
 */
#ifndef HULL_OCI_IMAGE_VERIFY_H
#define HULL_OCI_IMAGE_VERIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/image/front.h"
#include "oci/image/refs.h"

enum verify_part {
	VERIFY_DOCUMENT, /* index, manifest or configuration: the image cannot be used */
	VERIFY_BLOB,     /* a layer's content: it cannot be exported */
	VERIFY_LAYER,    /* the unpacked layer: no new bundle can stand on it */
	VERIFY_PART_COUNT
};

struct verify_finding {
	enum verify_part part;
	const struct ref *ref;
	const char *digest;  /* of the blob, or the diffID; NULL: of no one thing */
	size_t layer;        /* number of the layer, for VERIFY_BLOB and VERIFY_LAYER */
	const char *problem; /* in words */
};

struct verify {
	struct front *front;
	bool deep; /* read all blobs, look at every file of every layer */
	/* Called for each finding; a negative return ends the check. */
	int (*found)(void *context, const struct verify_finding *finding, struct error *err);
	void *context;
};

/* @ref's image. Returns what @found returned, or 0. */
must_check int verify_image(const struct verify *verify, const struct ref *ref, struct error *err);

#endif
