/*
 * One decoder for all codecs; see decoder.h. Blobs without compression pass through the same way, so that
 * the pipeline has one shape.
 */
#include "oci/layer/decoder.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/layer/gzip.h"
#include "oci/layer/igzip.h"
#include "oci/layer/zstd.h"

#include "base/banned.h"

static int plain_open(void **ret_state, struct error *err)
{
	(void)err;
	*ret_state = NULL;
	return 0;
}

static void plain_close(void *state)
{
	(void)state;
}

static int plain_run(void *state, struct decoder_io *io, bool last, bool *ret_between, struct error *err)
{
	size_t length = io->in_length < io->out_room ? io->in_length : io->out_room;

	(void)state;
	(void)last;
	(void)err;
	memcpy(io->out, io->in, length);
	io->in += length;
	io->in_length -= length;
	io->out += length;
	io->out_room -= length;
	*ret_between = true;
	return 0;
}

static const struct decoder_kind plain_kind = { plain_open, plain_close, plain_run };

static const struct decoder_kind *const kinds[] = {
	[CODEC_NONE] = &plain_kind,
#ifdef HULL_ISAL
	[CODEC_GZIP] = &igzip_kind,
#else
	[CODEC_GZIP] = &gzip_kind,
#endif
	[CODEC_ZSTD] = &zstd_kind,
};
_Static_assert(ARRAY_LEN(kinds) == CODEC_COUNT, "every codec needs a decoder");

int decoder_open(struct decoder *decoder, enum codec codec, struct error *err)
{
	*decoder = (struct decoder){ .kind = kinds[codec], .between = codec == CODEC_NONE };
	return decoder->kind->open(&decoder->state, err);
}

void decoder_close(struct decoder *decoder)
{
	if (decoder->kind != NULL)
		decoder->kind->close(decoder->state);
	*decoder = (struct decoder){ 0 };
}

int decoder_run(struct decoder *decoder, struct decoder_io *io, bool last, struct error *err)
{
	int result = decoder->kind->run(decoder->state, io, last, &decoder->between, err);

	if (result < 0)
		return result;
	/* With room left all input was taken: if more had to follow, it will not. */
	if (last && io->in_length == 0 && io->out_room > 0 && !decoder->between)
		return error_set(err, EBADMSG, "the compressed data ends too early");
	return 0;
}
