/*
 * gzip by zlib. Members are read one after the other; what follows the last one may be zeros only. Written
 * members have no name and no time, so that the same bytes give the same blob.
 */
#define ZLIB_CONST /* input that is read only */
#include "oci/layer/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "oci/layer/padding.h"

#include "base/banned.h"

#define GZIP_WINDOW (15 + 16) /* 32 KiB; with a gzip header, not zlib's */

struct reader {
	z_stream stream;
	bool padding, between;
};

static int reader_open(void **ret_state, struct error *err)
{
	autofree struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL || inflateInit2(&reader->stream, GZIP_WINDOW) != Z_OK)
		return error_set(err, ENOMEM, "gzip");
	*ret_state = take_ptr(&reader);
	return 0;
}

static void reader_close(void *state)
{
	struct reader *reader = state;

	if (reader != NULL)
		(void)inflateEnd(&reader->stream); /* whatever the stream had left is not wanted */
	free(reader);
}

static uInt bounded(size_t length)
{
	return length > UINT_MAX ? UINT_MAX : (uInt)length;
}

/* One call of inflate. */
static int reader_step(struct reader *reader, struct decoder_io *io, struct error *err)
{
	z_stream *stream = &reader->stream;
	uInt in = bounded(io->in_length), out = bounded(io->out_room);

	stream->next_in = io->in;
	stream->avail_in = in;
	stream->next_out = io->out;
	stream->avail_out = out;
	int result = inflate(stream, Z_NO_FLUSH);

	io->in += in - stream->avail_in;
	io->in_length -= in - stream->avail_in;
	io->out += out - stream->avail_out;
	io->out_room -= out - stream->avail_out;
	if (result == Z_STREAM_END) {
		reader->between = true;
		return 0;
	}
	if (result == Z_MEM_ERROR)
		return error_set(err, ENOMEM, "gzip");
	if (result != Z_OK && result != Z_BUF_ERROR)
		return error_set(err, EBADMSG, "gzip: %s",
				 stream->msg != NULL ? stream->msg : "invalid data");
	return 0;
}

static int reader_run(void *state, struct decoder_io *io, bool last, bool *ret_between, struct error *err)
{
	struct reader *reader = state;

	(void)last;
	*ret_between = reader->between;
	/* Without input too: it may hold back what had no room. */
	do {
		if (reader->between) {
			*ret_between = true;
			int result = padding_or_member(io, &reader->padding, err);
			if (result <= 0)
				return result;
			if (inflateReset2(&reader->stream, GZIP_WINDOW) != Z_OK)
				return error_set(err, ENOMEM, "gzip");
			reader->between = false;
		}
		int result = reader_step(reader, io, err);
		if (result < 0)
			return result;
	} while (io->in_length > 0 && io->out_room > 0);
	*ret_between = reader->between;
	return 0;
}

const struct decoder_kind gzip_kind = { reader_open, reader_close, reader_run };

static int writer_open(int level, void **ret_state, struct error *err)
{
	autofree z_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL || deflateInit2(stream, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED,
					   GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return error_set(err, ENOMEM, "gzip");
	*ret_state = take_ptr(&stream);
	return 0;
}

static void writer_close(void *state)
{
	if (state != NULL)
		(void)deflateEnd(state); /* whatever the stream had left is not wanted */
	free(state);
}

static int writer_run(void *state, struct encoder_io *io, bool last, bool *ret_done, struct error *err)
{
	z_stream *stream = state;
	uInt in = bounded(io->in_length), out = bounded(io->out_room);

	stream->next_in = io->in;
	stream->avail_in = in;
	stream->next_out = io->out;
	stream->avail_out = out;
	int result = deflate(stream, last && in == io->in_length ? Z_FINISH : Z_NO_FLUSH);

	io->in += in - stream->avail_in;
	io->in_length -= in - stream->avail_in;
	io->out += out - stream->avail_out;
	io->out_room -= out - stream->avail_out;
	*ret_done = result == Z_STREAM_END;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return error_set(err, ENOMEM, "gzip");
	return 0;
}

const struct encoder_kind gzip_encoder_kind = { writer_open, writer_close, writer_run };
