/*
 * A fuzzer does not guess checksums: in the copy that is parsed, each block that could be a header gets the
 * right one.
 */
#ifndef HULL_TESTS_FUZZ_HEADERS_H
#define HULL_TESTS_FUZZ_HEADERS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/layer/tar_field.h"
#include "tests/fuzz/fuzz.h"

/* To be freed. NULL: no memory. */
static inline uint8_t *headers_repair(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);

	for (size_t at = 0; copy != NULL && at < length; at += TAR_BLOCK) {
		size_t piece = length - at < TAR_BLOCK ? length - at : TAR_BLOCK;
		struct tar_header *header = (struct tar_header *)(void *)(copy + at);
		unsigned sum = 8 * ' ';
		char digits[12];

		memcpy(copy + at, bytes + at, piece);
		if (piece < TAR_BLOCK || memcmp(header->magic, "ustar", 5) != 0)
			continue;
		memset(header->checksum, 0, sizeof(header->checksum));
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += copy[at + i];
		(void)snprintf(digits, sizeof(digits), "%06o", sum);
		memcpy(header->checksum, digits, 7);
	}
	return copy;
}

/* One piece after the other. */
struct headers_source {
	const uint8_t *bytes;
	size_t length;
};

static inline int headers_next(void *context, const uint8_t **ret_bytes, size_t *ret_length,
			       struct error *err)
{
	struct headers_source *source = context;

	(void)err;
	*ret_bytes = source->bytes;
	*ret_length = source->length < (size_t)4 * TAR_BLOCK ? source->length : (size_t)4 * TAR_BLOCK;
	source->bytes += *ret_length;
	source->length -= *ret_length;
	return 0;
}

#endif
