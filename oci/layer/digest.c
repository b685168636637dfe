/*
 * Digests; see digest.h. libcrypto's EVP interface fetches its algorithms from providers at run time, which
 * costs a static program more than a small layer's hashing does: the plain functions are used.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "oci/layer/digest.h"

#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

struct algorithm_row {
	const char *name;
	size_t bytes;
};

static const struct algorithm_row algorithms[] = {
	[DIGEST_SHA256] = { "sha256", SHA256_DIGEST_LENGTH },
	[DIGEST_SHA512] = { "sha512", SHA512_DIGEST_LENGTH },
};
_Static_assert(ARRAY_LEN(algorithms) == DIGEST_ALGORITHM_COUNT, "every algorithm needs a row");
_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct digest_state *)0)->room), "room for SHA-256");
_Static_assert(sizeof(SHA512_CTX) <= sizeof(((struct digest_state *)0)->room), "room for SHA-512");

static const char hex_digits[] = "0123456789abcdef";

/* "alg:encoded" in the grammar of the image specification, whatever the algorithm. */
static bool well_formed(const char *text)
{
	size_t algorithm = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-");
	size_t encoded;

	if (algorithm == 0 || text[algorithm] != ':' || strchr("+._-", text[0]) != NULL ||
	    strchr("+._-", text[algorithm - 1]) != NULL)
		return false;
	text += algorithm + 1;
	encoded = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=_-");
	return encoded > 0 && text[encoded] == '\0';
}

static bool read_hex(const char *text, size_t bytes, uint8_t *ret)
{
	for (size_t i = 0; i < 2 * bytes; i++) {
		const char *digit = text[i] == '\0' ? NULL : strchr(hex_digits, text[i]);

		if (digit == NULL)
			return false;
		ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | (uint8_t)(digit - hex_digits));
	}
	return text[2 * bytes] == '\0';
}

int digest_parse(const char *text, struct digest *ret, struct error *err)
{
	for (int i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
		size_t length = strlen(algorithms[i].name);
		struct digest digest = { .algorithm = (enum digest_algorithm)i };

		if (strncmp(text, algorithms[i].name, length) != 0 || text[length] != ':')
			continue;
		if (!read_hex(text + length + 1, algorithms[i].bytes, digest.bytes))
			return error_set(err, 0, "\"%s\" is not a %s digest: %zu lower-case hex digits", text,
					 algorithms[i].name, 2 * algorithms[i].bytes);
		*ret = digest;
		return 0;
	}
	if (well_formed(text))
		return error_set(err, ENOTSUP, "digest \"%s\": only sha256 and sha512 are known", text);
	return error_set(err, 0, "\"%s\" is not a digest", text);
}

void digest_format_hex(const struct digest *digest, char ret[DIGEST_TEXT_BYTES])
{
	size_t bytes = algorithms[digest->algorithm].bytes;

	for (size_t i = 0; i < bytes; i++) {
		ret[2 * i] = hex_digits[digest->bytes[i] >> 4];
		ret[2 * i + 1] = hex_digits[digest->bytes[i] & 15];
	}
	ret[2 * bytes] = '\0';
}

void digest_format(const struct digest *digest, char ret[DIGEST_TEXT_BYTES])
{
	char hex[DIGEST_TEXT_BYTES];
	const char *name = algorithms[digest->algorithm].name;
	size_t length = strlen(name);

	digest_format_hex(digest, hex);
	memcpy(ret, name, length);
	ret[length] = ':';
	memcpy(ret + length + 1, hex, strlen(hex) + 1);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm &&
	       memcmp(a->bytes, b->bytes, algorithms[a->algorithm].bytes) == 0;
}

void digest_begin(struct digest_state *state, enum digest_algorithm algorithm)
{
	state->algorithm = algorithm;
	/* Both functions always succeed: they fill a struct. */
	if (algorithm == DIGEST_SHA512)
		(void)SHA512_Init((SHA512_CTX *)state->room);
	else
		(void)SHA256_Init((SHA256_CTX *)state->room);
}

void digest_update(struct digest_state *state, const void *bytes, size_t length)
{
	if (state->algorithm == DIGEST_SHA512)
		(void)SHA512_Update((SHA512_CTX *)state->room, bytes, length); /* always succeeds */
	else
		(void)SHA256_Update((SHA256_CTX *)state->room, bytes, length); /* always succeeds */
}

void digest_end(struct digest_state *state, struct digest *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->algorithm = state->algorithm;
	if (state->algorithm == DIGEST_SHA512)
		(void)SHA512_Final(ret->bytes, (SHA512_CTX *)state->room); /* always succeeds */
	else
		(void)SHA256_Final(ret->bytes, (SHA256_CTX *)state->room); /* always succeeds */
}

void digest_of(enum digest_algorithm algorithm, const void *bytes, size_t length, struct digest *ret)
{
	struct digest_state state;

	digest_begin(&state, algorithm);
	digest_update(&state, bytes, length);
	digest_end(&state, ret);
}
