/*
 * Pins: bundles/ID.json says which bundle stands on which layers. A pin lives as long as its bundle's
 * hull-rootfs.json is there and names it: removing the bundle removes it, nobody has to tell the store.
 */
#ifndef HULL_OCI_IMAGE_PINS_H
#define HULL_OCI_IMAGE_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/values.h"
#include "oci/image/store.h"

#define PINS_ID_BYTES 33 /* 32 digits */

struct pin {
	const char *id;         /* a name of digits, also of its file */
	const char *image;      /* the image's id */
	const char *reference;  /* as a person named it */
	const char *directory;  /* of the bundle, absolute */
	const char *container;  /* NULL: not told */
	struct strings objects; /* "layers/sha256/HEX", "chains/HEX" */
};
struct pins {
	size_t count;
	const struct pin *items;
};

/* Those that live; strings live in @arena. @ret_dead unless NULL: the ids of those that do not. */
must_check int pins_load(const struct store *store, struct arena *arena, struct pins *ret,
			 struct strings *ret_dead, struct error *err);
/* A new id. */
must_check int pins_make_id(char ret[PINS_ID_BYTES], struct error *err);
/* Write @pin. store.lock must be held shared, from before its objects were looked for. */
must_check int pins_write(const struct store *store, const struct pin *pin, struct error *err);
must_check int pins_remove(const struct store *store, const char *id, struct error *err);
/* What holds the image @id: the first container (or bundle) that does. NULL: nothing. */
const struct pin *pins_of(const struct pins *pins, const char *image);
/* "container 0123456789ab" or "bundle /some/where". */
void pins_format_holder(const struct pin *pin, struct text *ret);

#endif
