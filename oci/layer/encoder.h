/*
 * Compression of what goes into one descriptor, with both digests on the way: the one of the bytes given
 * (a layer's diff ID) and the one of the bytes written (its blob's digest).
 */
#ifndef HULL_OCI_LAYER_ENCODER_H
#define HULL_OCI_LAYER_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/codec.h"
#include "oci/layer/digest.h"

struct encoder;

struct encoder_result {
	struct digest digest, diff_id;
	uint64_t bytes;     /* written */
	uint64_t tar_bytes; /* given */
};

/* Writes to @fd from its offset on; borrows it. @level 0: the codec's usual one. */
must_check int encoder_open(int fd, enum codec codec, int level, struct encoder **ret, struct error *err);
must_check int encoder_write(struct encoder *encoder, const void *bytes, size_t length, struct error *err);
/* Write what is left, and tell. encoder_close must follow all the same. */
must_check int encoder_finish(struct encoder *encoder, struct encoder_result *ret, struct error *err);
void encoder_close(struct encoder *encoder);

#endif
