/*
 * What goes into one descriptor: hashed, compressed, hashed, written; see encoder.h.
 */
#include "oci/layer/encoder.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/layer/encoder_kind.h"
#include "oci/layer/gzip.h"
#include "oci/layer/zstd.h"

#include "base/banned.h"

#define OUT_BYTES ((size_t)256 << 10)

struct encoder {
	int fd;
	const struct encoder_kind *kind;
	void *state;
	struct digest_state in_digest, out_digest;
	uint64_t in_bytes, out_bytes;
	size_t held; /* bytes in out */
	uint8_t out[OUT_BYTES];
};

static int plain_open(int level, void **ret_state, struct error *err)
{
	(void)level;
	(void)err;
	*ret_state = NULL;
	return 0;
}

static void plain_close(void *state)
{
	(void)state;
}

static int plain_run(void *state, struct encoder_io *io, bool last, bool *ret_done, struct error *err)
{
	size_t length = io->in_length < io->out_room ? io->in_length : io->out_room;

	(void)state;
	(void)err;
	if (length > 0)
		memcpy(io->out, io->in, length);
	io->in += length;
	io->in_length -= length;
	io->out += length;
	io->out_room -= length;
	*ret_done = last && io->in_length == 0;
	return 0;
}

static const struct encoder_kind plain_kind = { plain_open, plain_close, plain_run };

static const struct encoder_kind *const kinds[] = {
	[CODEC_NONE] = &plain_kind,
	[CODEC_GZIP] = &gzip_encoder_kind,
	[CODEC_ZSTD] = &zstd_encoder_kind,
};
_Static_assert(ARRAY_LEN(kinds) == CODEC_COUNT, "every codec needs an encoder");

int encoder_open(int fd, enum codec codec, int level, struct encoder **ret, struct error *err)
{
	autofree struct encoder *encoder = malloc(sizeof(*encoder));

	if (encoder == NULL)
		return error_set(err, ENOMEM, "compress");
	encoder->fd = fd;
	encoder->kind = kinds[codec];
	encoder->in_bytes = encoder->out_bytes = 0;
	encoder->held = 0;
	digest_begin(&encoder->in_digest, DIGEST_SHA256);
	digest_begin(&encoder->out_digest, DIGEST_SHA256);
	int result = encoder->kind->open(level, &encoder->state, err);
	if (result < 0)
		return result;
	*ret = take_ptr(&encoder);
	return 0;
}

void encoder_close(struct encoder *encoder)
{
	if (encoder != NULL)
		encoder->kind->close(encoder->state);
	free(encoder);
}

static int flush(struct encoder *encoder, struct error *err)
{
	digest_update(&encoder->out_digest, encoder->out, encoder->held);
	encoder->out_bytes += encoder->held;
	int result = fd_write_all(encoder->fd, encoder->out, encoder->held, "the archive", err);
	encoder->held = 0;
	return result;
}

static int run(struct encoder *encoder, const void *bytes, size_t length, bool last, struct error *err)
{
	struct encoder_io io = { .in = bytes, .in_length = length };
	bool done = false;

	while (io.in_length > 0 || (last && !done)) {
		io.out = encoder->out + encoder->held;
		io.out_room = OUT_BYTES - encoder->held;
		int result = encoder->kind->run(encoder->state, &io, last, &done, err);
		if (result < 0)
			return result;
		encoder->held = OUT_BYTES - io.out_room;
		if (io.out_room == 0) {
			result = flush(encoder, err);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

int encoder_write(struct encoder *encoder, const void *bytes, size_t length, struct error *err)
{
	digest_update(&encoder->in_digest, bytes, length);
	encoder->in_bytes += length;
	return run(encoder, bytes, length, false, err);
}

int encoder_finish(struct encoder *encoder, struct encoder_result *ret, struct error *err)
{
	int result = run(encoder, NULL, 0, true, err);

	if (result == 0)
		result = flush(encoder, err);
	if (result < 0)
		return result;
	ret->bytes = encoder->out_bytes;
	ret->tar_bytes = encoder->in_bytes;
	digest_end(&encoder->out_digest, &ret->digest);
	digest_end(&encoder->in_digest, &ret->diff_id);
	return 0;
}
