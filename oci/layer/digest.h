/*
 * Digests as OCI documents write them ("sha256:…"), and the hashing behind them. A text becomes a struct
 * digest before it becomes part of any path: what digest_format gives is made of hex digits only. The only
 * file that knows libcrypto is digest.c; it takes the plain SHA functions, which need no start-up.
 */
#ifndef HULL_OCI_LAYER_DIGEST_H
#define HULL_OCI_LAYER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512, DIGEST_ALGORITHM_COUNT };

#define DIGEST_MAX_BYTES 64
/* Room for "sha512:" with its hex digits and the NUL. */
#define DIGEST_TEXT_BYTES (7 + 2 * DIGEST_MAX_BYTES + 1)

struct digest {
	enum digest_algorithm algorithm;
	uint8_t bytes[DIGEST_MAX_BYTES]; /* those beyond the algorithm's are 0 */
};

/* A value without pointers: a copy of it goes on from where it was made. */
struct digest_state {
	enum digest_algorithm algorithm;
	uint64_t room[28];
};

/*
 * "sha256:" with exactly 64 or "sha512:" with exactly 128 lower-case hex digits.
 * Errors: -EINVAL, -ENOTSUP for another algorithm in a digest that is well formed.
 */
must_check int digest_parse(const char *text, struct digest *ret, struct error *err);
void digest_format(const struct digest *digest, char ret[DIGEST_TEXT_BYTES]);
/* The hex digits only: the name of a blob below blobs/ALGORITHM/. */
void digest_format_hex(const struct digest *digest, char ret[DIGEST_TEXT_BYTES]);
bool digest_equal(const struct digest *a, const struct digest *b);

void digest_begin(struct digest_state *state, enum digest_algorithm algorithm);
void digest_update(struct digest_state *state, const void *bytes, size_t length);
/* Ends @state; begin anew before it is used again. */
void digest_end(struct digest_state *state, struct digest *ret);
/* Of @length bytes at once. */
void digest_of(enum digest_algorithm algorithm, const void *bytes, size_t length, struct digest *ret);

#endif
