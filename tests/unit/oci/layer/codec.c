/* Compression and decompression, in pieces of every size, and blobs that are not what they say. */
#include "oci/layer/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/layer/decoder.h"
#include "oci/layer/encoder.h"
#include "oci/layer/gzip.h"
#include "oci/layer/zstd.h"
#include "tests/unit/check.h"

static struct text compress(enum codec codec, const void *bytes, size_t length, struct encoder_result *result)
{
	struct text blob = TEXT_EMPTY;
	struct encoder *encoder = NULL;
	struct error err = { 0 };
	int fd = memfd_create("blob", MFD_CLOEXEC);

	CHECK_INT(encoder_open(fd, codec, 0, &encoder, &err), 0);
	CHECK_INT(encoder_write(encoder, bytes, length / 2, &err), 0);
	CHECK_INT(encoder_write(encoder, (const char *)bytes + length / 2, length - length / 2, &err), 0);
	CHECK_INT(encoder_finish(encoder, result, &err), 0);
	encoder_close(encoder);
	char *room = malloc(result->bytes + 1);
	CHECK(pread(fd, room, result->bytes, 0) == (ssize_t)result->bytes);
	text_append_bytes(&blob, room, result->bytes);
	free(room);
	close(fd);
	return blob;
}

/* Decode with pieces of @in and @out bytes; what came out is compared with @want. */
static int decode(const struct decoder_kind *kind, enum codec codec, const struct text *blob, size_t in,
		  size_t out, const struct text *want, struct error *err)
{
	struct decoder decoder;
	struct decoder_io io = { 0 };
	uint8_t *room = malloc(out);
	size_t at = 0, got = 0;
	bool same = true;
	int result = decoder_open(&decoder, codec, err);

	if (kind != NULL && result == 0) {
		decoder_close(&decoder);
		decoder.kind = kind;
		decoder.between = false;
		result = kind->open(&decoder.state, err);
	}
	while (result == 0) {
		size_t piece = blob->length - at < in ? blob->length - at : in;
		bool last = piece == 0;

		io.in = (const uint8_t *)blob->data + at;
		io.in_length = piece;
		at += piece;
		do {
			io.out = room;
			io.out_room = out;
			result = decoder_run(&decoder, &io, last, err);
			size_t made = out - io.out_room;
			same = same && got + made <= want->length &&
			       memcmp(room, want->data + got, made) == 0;
			got += made;
		} while (result == 0 && (io.in_length > 0 || io.out_room == 0));
		if (last)
			break;
	}
	decoder_close(&decoder);
	free(room);
	if (result == 0 && (!same || got != want->length))
		return error_set(err, ERANGE, "%zu bytes, not %zu", got, want->length);
	return result;
}

static struct text sample(size_t length)
{
	struct text bytes = TEXT_EMPTY;
	uint32_t state = 1;

	while (bytes.length < length) {
		state = state * 1103515245 + 12345;
		text_format(&bytes, "%x%s", state >> 16,
			    state % 7 == 0 ? "and the same again and again" : "");
	}
	return bytes;
}

static void all_kinds(const struct text *blob, enum codec codec, const struct text *want, int expected)
{
	static const size_t sizes[][2] = {
		{ 1, 7 }, { 7, 1 }, { 4096, 4096 }, { 131072, 262144 }, { 3, 100000 }
	};
	const struct decoder_kind *kinds[] = { NULL, codec == CODEC_GZIP ? &gzip_kind : NULL };

	for (size_t kind = 0; kind < (codec == CODEC_GZIP ? 2 : 1); kind++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			struct error err = { 0 };
			int result = decode(kinds[kind], codec, blob, sizes[i][0], sizes[i][1], want, &err);
			CHECK_INT(result, expected);
			if (result != expected)
				printf("# kind %zu, pieces %zu %zu: %s\n", kind, sizes[i][0], sizes[i][1],
				       err.text);
		}
	}
}

static void sniffs(void)
{
	CHECK_INT(codec_sniff((const uint8_t *)"\x1f\x8b\x08\0", 4), CODEC_GZIP);
	CHECK_INT(codec_sniff((const uint8_t *)"\x28\xb5\x2f\xfd", 4), CODEC_ZSTD);
	CHECK_INT(codec_sniff((const uint8_t *)"\x50\x2a\x4d\x18", 4), CODEC_ZSTD);
	CHECK_INT(codec_sniff((const uint8_t *)"\x5f\x2a\x4d\x18", 4), CODEC_ZSTD);
	CHECK_INT(codec_sniff((const uint8_t *)"\x60\x2a\x4d\x18", 4), CODEC_NONE);
	CHECK_INT(codec_sniff((const uint8_t *)"BZh9", 4), CODEC_NONE);
	CHECK_INT(codec_sniff((const uint8_t *)"\x1f", 1), CODEC_NONE);
	CHECK_STR(codec_name(CODEC_ZSTD), "zstd");
	CHECK_STR(codec_media_type(CODEC_GZIP), "application/vnd.oci.image.layer.v1.tar+gzip");
}

static void round_trips(void)
{
	autotext struct text bytes = sample(400000);
	autotext struct text nothing = TEXT_EMPTY;

	text_append(&nothing, "");
	for (int codec = 0; codec < CODEC_COUNT; codec++) {
		struct encoder_result result;
		struct digest digest;
		struct text blob = compress((enum codec)codec, bytes.data, bytes.length, &result);

		CHECK_INT(codec == CODEC_NONE ? CODEC_NONE
					      : codec_sniff((const uint8_t *)blob.data, blob.length),
			  codec);
		digest_of(DIGEST_SHA256, bytes.data, bytes.length, &digest);
		CHECK(digest_equal(&digest, &result.diff_id));
		digest_of(DIGEST_SHA256, blob.data, blob.length, &digest);
		CHECK(digest_equal(&digest, &result.digest));
		CHECK_INT(result.tar_bytes, bytes.length);
		all_kinds(&blob, (enum codec)codec, &bytes, 0);
		text_release(&blob);
		blob = compress((enum codec)codec, "", 0, &result);
		all_kinds(&blob, (enum codec)codec, &nothing, 0);
		text_release(&blob);
	}
}

static void joined(void)
{
	autotext struct text bytes = sample(70000);
	autotext struct text twice = TEXT_EMPTY;
	struct encoder_result result;

	text_append_bytes(&twice, bytes.data, bytes.length);
	text_append_bytes(&twice, bytes.data, bytes.length);
	for (int codec = CODEC_GZIP; codec <= CODEC_ZSTD; codec++) {
		struct text blob = compress((enum codec)codec, bytes.data, bytes.length, &result);
		size_t length = blob.length;
		char *copy = malloc(length);

		memcpy(copy, blob.data, length);
		if (codec == CODEC_ZSTD)
			text_append_bytes(&blob, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11); /* a skippable frame */
		text_append_bytes(&blob, copy, length);
		all_kinds(&blob, (enum codec)codec, &twice, 0);
		/* Zeros may follow gzip. */
		if (codec == CODEC_GZIP) {
			text_append_bytes(&blob, "\0\0\0\0\0\0\0", 7);
			all_kinds(&blob, CODEC_GZIP, &twice, 0);
			text_append(&blob, "x");
			all_kinds(&blob, CODEC_GZIP, &twice, -EBADMSG);
		}
		free(copy);
		text_release(&blob);
	}
}

static void broken(void)
{
	autotext struct text bytes = sample(70000);
	struct encoder_result result;

	for (int codec = CODEC_GZIP; codec <= CODEC_ZSTD; codec++) {
		struct text blob = compress((enum codec)codec, bytes.data, bytes.length, &result);
		size_t length = blob.length;

		for (size_t cut = 1; cut < 30; cut++) {
			blob.length = length - cut;
			all_kinds(&blob, (enum codec)codec, &bytes, -EBADMSG);
		}
		blob.length = length;
		text_append(&blob, "garbage");
		all_kinds(&blob, (enum codec)codec, &bytes, -EBADMSG);
		blob.length = length;
		blob.data[length - 3] ^= 1; /* in the checksum, or the length */
		all_kinds(&blob, (enum codec)codec, &bytes, -EBADMSG);
		text_release(&blob);
	}
}

static void window_too_large(void)
{
	/* A zstd frame that asks for a window of 1 GiB (descriptor 0xa0: exponent 20), then one raw block. */
	static const char frame[] = "\x28\xb5\x2f\xfd\x00\xa0\x09\x00\x00x";
	struct text blob = { 0 }, want = { 0 };
	struct error err = { 0 };

	text_append_bytes(&blob, frame, sizeof(frame) - 1);
	text_append(&want, "x");
	CHECK_INT(decode(NULL, CODEC_ZSTD, &blob, 100, 100, &want, &err), -EFBIG);
	blob.data[5] = (char)0x88; /* 128 MiB */
	CHECK_INT(decode(NULL, CODEC_ZSTD, &blob, 100, 100, &want, &err), 0);
	text_release(&blob);
	text_release(&want);
}

static const struct test tests[] = {
	{ "magic bytes tell the codec", sniffs },
	{ "what was compressed comes back, with both digests", round_trips },
	{ "members and frames one after the other", joined },
	{ "what is cut, changed or followed by garbage is an error", broken },
	{ "a zstd window that is too large is refused", window_too_large },
};
TEST_MAIN(tests)
