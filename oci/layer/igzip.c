/*
 * gzip by ISA-L. It checks CRC and length of each member itself, but knows one member only: the next one is
 * begun here.
 */
#include "oci/layer/igzip.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <limits.h>

#include "base/cleanup.h"
#include "oci/layer/padding.h"

#include "base/banned.h"

struct reader {
	struct inflate_state inflate;
	bool padding, between;
};

static void begin_member(struct reader *reader)
{
	isal_inflate_reset(&reader->inflate);
	reader->inflate.crc_flag = ISAL_GZIP;
	reader->between = false;
}

static int reader_open(void **ret_state, struct error *err)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return error_set(err, ENOMEM, "gzip");
	isal_inflate_init(&reader->inflate);
	begin_member(reader);
	*ret_state = reader;
	return 0;
}

static void reader_close(void *state)
{
	free(state);
}

static uint32_t bounded(size_t length)
{
	return length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
}

static const char *words(int result)
{
	switch (result) {
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return "invalid header";
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum";
	}
	return "invalid compressed data";
}

/* One call of the library. */
static int reader_step(struct reader *reader, struct decoder_io *io, struct error *err)
{
	struct inflate_state *inflate = &reader->inflate;
	uint32_t in = bounded(io->in_length), out = bounded(io->out_room);

	inflate->next_in = (uint8_t *)(uintptr_t)io->in; /* it does not write there */
	inflate->avail_in = in;
	inflate->next_out = io->out;
	inflate->avail_out = out;
	int result = isal_inflate(inflate);

	io->in += in - inflate->avail_in;
	io->in_length -= in - inflate->avail_in;
	io->out += out - inflate->avail_out;
	io->out_room -= out - inflate->avail_out;
	if (result != ISAL_DECOMP_OK && result != ISAL_END_INPUT && result != ISAL_OUT_OVERFLOW)
		return error_set(err, EBADMSG, "gzip: %s", words(result));
	reader->between = inflate->block_state == ISAL_BLOCK_FINISH;
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
			begin_member(reader);
		}
		int result = reader_step(reader, io, err);
		if (result < 0)
			return result;
	} while (io->in_length > 0 && io->out_room > 0);
	*ret_between = reader->between;
	return 0;
}

const struct decoder_kind igzip_kind = { reader_open, reader_close, reader_run };
