/*
 * Who uses which layers: the images of the store (each id once) with their layers, and for each layer how
 * many images have it. What `df`, `tree` and `prune` look at.
 */
#ifndef HULL_OCI_IMAGE_USAGE_H
#define HULL_OCI_IMAGE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/image/front.h"
#include "oci/image/pins.h"
#include "oci/image/refs.h"

struct usage_layer {
	const char *diff_id;
	uint64_t bytes; /* of its files */
	size_t images;  /* that have it */
	bool in_use;    /* a container stands on it */
};

struct usage_image {
	const struct ref *ref; /* one entry; with a name where it has one */
	bool damaged;
	size_t containers; /* and other bundles */
	size_t layer_count;
	const size_t *layers; /* numbers of usage_layers, the lowest first */
	const struct strings *diff_ids;
};

struct usage {
	struct refs refs;
	struct pins pins;
	struct usage_image *images;
	struct usage_layer *layers;
	size_t image_count, layer_count;
};

must_check int usage_load(struct front *front, struct usage *ret, struct error *err);
/* Bytes of @image's layers that no other image has, and that others have, too. */
void usage_sizes(const struct usage *usage, const struct usage_image *image, uint64_t *ret_unique,
		 uint64_t *ret_shared);
/* "busybox:latest", or the short id of one without a name. */
void usage_format_name(struct front *front, const struct ref *ref, struct text *ret);

#endif
