/*
 * zstd by libzstd. A frame that wants a window over DECODER_MAX_WINDOW_LOG is refused: it would be memory
 * that a stranger chooses.
 */
#include "oci/layer/zstd.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"

#include "base/banned.h"

static int reader_open(void **ret_state, struct error *err)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (context == NULL ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, DECODER_MAX_WINDOW_LOG)))
		return error_set(err, ENOMEM, "zstd");
	*ret_state = context;
	return 0;
}

static void reader_close(void *state)
{
	(void)ZSTD_freeDCtx(state); /* 0 by definition */
}

static int reader_run(void *state, struct decoder_io *io, bool last, bool *ret_between, struct error *err)
{
	(void)last;
	do {
		ZSTD_inBuffer in = { io->in, io->in_length, 0 };
		ZSTD_outBuffer out = { io->out, io->out_room, 0 };
		size_t result = ZSTD_decompressStream(state, &out, &in);

		if (ZSTD_isError(result))
			return error_set(err,
					 ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
						 ? EFBIG
						 : EBADMSG,
					 "zstd: %s", ZSTD_getErrorName(result));
		io->in += in.pos;
		io->in_length -= in.pos;
		io->out += out.pos;
		io->out_room -= out.pos;
		/* A call that does nothing says nothing new. */
		if (in.pos > 0 || out.pos > 0)
			*ret_between = result == 0;
		else
			break;
	} while (io->out_room > 0);
	return 0;
}

const struct decoder_kind zstd_kind = { reader_open, reader_close, reader_run };

static int writer_open(int level, void **ret_state, struct error *err)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (context == NULL)
		return error_set(err, ENOMEM, "zstd");
	if (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))) {
		(void)ZSTD_freeCCtx(context); /* 0 by definition */
		return error_set(err, 0, "zstd: there is no level %d", level);
	}
	*ret_state = context;
	return 0;
}

static void writer_close(void *state)
{
	(void)ZSTD_freeCCtx(state); /* 0 by definition */
}

static int writer_run(void *state, struct encoder_io *io, bool last, bool *ret_done, struct error *err)
{
	ZSTD_inBuffer in = { io->in, io->in_length, 0 };
	ZSTD_outBuffer out = { io->out, io->out_room, 0 };
	size_t left = ZSTD_compressStream2(state, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left))
		return error_set(err, ENOMEM, "zstd: %s", ZSTD_getErrorName(left));
	io->in += in.pos;
	io->in_length -= in.pos;
	io->out += out.pos;
	io->out_room -= out.pos;
	*ret_done = last && left == 0;
	return 0;
}

const struct encoder_kind zstd_encoder_kind = { writer_open, writer_close, writer_run };
