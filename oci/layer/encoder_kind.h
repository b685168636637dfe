/*
 * One way to compress, as encoder.c asks for it.
 */
#ifndef HULL_OCI_LAYER_ENCODER_KIND_H
#define HULL_OCI_LAYER_ENCODER_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What is left of both sides; a run moves them on. */
struct encoder_io {
	const uint8_t *in;
	size_t in_length;
	uint8_t *out;
	size_t out_room;
};

struct encoder_kind {
	/* @level 0: the usual one. */
	int (*open)(int level, void **ret_state, struct error *err);
	void (*close)(void *state);
	/* Move on until input or room is used up. @last: bring everything out; @ret_done: that is done. */
	int (*run)(void *state, struct encoder_io *io, bool last, bool *ret_done, struct error *err);
};

#endif
