/*
 * Decompression of one blob, piece by piece: bytes in, bytes out, as the two sides have room. Linked by
 * hull-unpack only; each library is behind one file (igzip.c, gzip.c, zstd.c).
 *
 * gzip: any number of members; after the last one zero bytes are padding, anything else is an error. zstd:
 * any number of frames, skippable ones among them; a window of at most DECODER_MAX_WINDOW.
 */
#ifndef HULL_OCI_LAYER_DECODER_H
#define HULL_OCI_LAYER_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/codec.h"

#define DECODER_MAX_WINDOW_LOG 27 /* 128 MiB */

/* What is left of both sides; a run moves them on. */
struct decoder_io {
	const uint8_t *in;
	size_t in_length;
	uint8_t *out;
	size_t out_room;
};

/* One way to decompress; @state is what open made. */
struct decoder_kind {
	int (*open)(void **ret_state, struct error *err);
	void (*close)(void *state);
	/*
	 * Move on until @io has no input or no room left. @last: no input will follow what @io has.
	 * @ret_between: nothing is unfinished, so that the blob may end here.
	 */
	int (*run)(void *state, struct decoder_io *io, bool last, bool *ret_between, struct error *err);
};

struct decoder {
	const struct decoder_kind *kind;
	void *state;
	bool between; /* the blob may end here */
};

must_check int decoder_open(struct decoder *decoder, enum codec codec, struct error *err);
void decoder_close(struct decoder *decoder);
/*
 * Errors: -EBADMSG where the bytes are not what the codec says, or (@last) end too early; -EFBIG for a
 * window that is too large; -ENOMEM.
 */
must_check int decoder_run(struct decoder *decoder, struct decoder_io *io, bool last, struct error *err);

#endif
