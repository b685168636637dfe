/*
 * Decompression as a process; see decode.h. Chunks are large, because ISA-L begins anew with each (through a
 * buffer of its own), but few.
 */
#include "oci/layer/decode.h"

#include <errno.h>

#include "base/cleanup.h"
#include "oci/layer/decoder.h"

#include "base/banned.h"

struct decoding {
	int socket;
	struct ring *blob, *tar;
	bool ended; /* the blob is all there */
	struct decoder decoder;
	struct decoder_io io;
	uint8_t *chunk; /* of the tar, being filled; NULL: none */
};

static int hear(struct decoding *decoding, struct error *err)
{
	struct ring_message message;
	int result = ring_hear(decoding->socket, decoding->blob, decoding->tar, &message, err);

	if (result == 0 && message.word == RING_END)
		decoding->ended = true;
	return result;
}

/* The next chunk of the blob; NULL in @ret at its end. */
static int next_input(struct decoding *decoding, const uint8_t **ret, size_t *ret_length, struct error *err)
{
	int result = 0;

	while ((*ret = ring_look(decoding->blob, ret_length)) == NULL && !decoding->ended && result == 0)
		result = hear(decoding, err);
	return result;
}

static int claim_output(struct decoding *decoding, struct error *err)
{
	int result = 0;

	while ((decoding->chunk = ring_room(decoding->tar)) == NULL && result == 0)
		result = hear(decoding, err);
	decoding->io.out = decoding->chunk;
	decoding->io.out_room = decoding->tar->chunk_bytes;
	return result;
}

static int hand_on(struct decoding *decoding, struct error *err)
{
	size_t length = decoding->tar->chunk_bytes - decoding->io.out_room;

	if (decoding->chunk == NULL || length == 0)
		return 0;
	decoding->chunk = NULL;
	return ring_fill(decoding->tar, decoding->socket, length, err);
}

/* Decode what there is. */
static int decode(struct decoding *decoding, bool last, struct error *err)
{
	struct decoder_io *io = &decoding->io;
	int result = 0;

	do {
		if (decoding->chunk == NULL)
			result = claim_output(decoding, err);
		if (result == 0)
			result = decoder_run(&decoding->decoder, io, last, err);
		if (result == 0 && io->out_room == 0)
			result = hand_on(decoding, err);
		/* A full chunk: the decoder may hold back more. */
	} while (result == 0 && (io->in_length > 0 || decoding->chunk == NULL));
	return result;
}

static int decode_all(struct decoding *decoding, struct error *err)
{
	const uint8_t *bytes;
	size_t length;
	int result;

	while ((result = next_input(decoding, &bytes, &length, err)) == 0 && bytes != NULL) {
		if (decoding->decoder.kind == NULL)
			result = decoder_open(&decoding->decoder, codec_sniff(bytes, length), err);
		decoding->io.in = bytes;
		decoding->io.in_length = length;
		if (result == 0)
			result = decode(decoding, false, err);
		if (result == 0)
			result = ring_take(decoding->blob, decoding->socket, err);
		if (result < 0)
			return result;
	}
	if (result < 0 ||
	    decoding->decoder.kind == NULL) /* nothing at all: that it is too little is seen by who reads */
		return result;
	decoding->io.in_length = 0;
	result = decode(decoding, true, err);
	return result < 0 ? result : hand_on(decoding, err);
}

int decode_run(int socket, struct ring *blob, struct ring *tar)
{
	struct decoding decoding = { .socket = socket, .blob = blob, .tar = tar };
	struct error err = { 0 };
	int result = decode_all(&decoding, &err);

	if (result == 0)
		result = ring_say(socket, RING_END, 0, &err);
	if (result < 0)
		ring_say_failed(socket, result, &err);
	decoder_close(&decoding.decoder);
	ring_linger(socket);
	return result < 0;
}
