/*
 * Reads, copies and hashes, and nothing else; see pipeline.h. One thread: whenever there is nothing to hash,
 * it waits for what the two others say. What they say is numbers, and each is looked at (ring.c).
 */
#include "oci/layer/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define MAX_NUMBER 4095 /* of an errno, as the kernel has it */

struct pipeline {
	const struct pipeline_request *request;
	struct pipeline_result *result;
	struct digest_state blob_digest, tar_digest;
	bool begun;      /* the codec is known */
	bool blob_ended; /* all of it was read */
	bool tar_ended;  /* all of it is in the ring @decoded, or, not compressed, handed on */
	bool cut;        /* a chunk that was not full was handed on: the last */
	bool told, done; /* the extractor knows the end; it has ended */
};

static bool compressed(const struct pipeline *pipeline)
{
	return pipeline->result->codec != CODEC_NONE;
}

static void show(_Atomic uint64_t *progress, uint64_t bytes)
{
	if (progress != NULL)
		atomic_store_explicit(progress, bytes, memory_order_relaxed);
}

/* Fill @chunk with up to @room bytes of the blob, as many as there are. */
static int read_chunk(struct pipeline *pipeline, uint8_t *chunk, size_t room, size_t *ret, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	uint64_t left = request->blob_size - pipeline->result->blob_bytes;

	room = left < room ? (size_t)left : room;
	for (*ret = 0; *ret < room;) {
		ssize_t got = read(request->blob, chunk + *ret, room - *ret);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, errno, "read the blob");
		if (got == 0)
			break;
		*ret += (size_t)got;
	}
	digest_update(&pipeline->blob_digest, chunk, *ret);
	pipeline->result->blob_bytes += *ret;
	show(request->progress_blob, pipeline->result->blob_bytes);
	pipeline->blob_ended = *ret < room || pipeline->result->blob_bytes == request->blob_size;
	return 0;
}

/* The blob was read to its end: is it all of it? */
static int check_blob(const struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	uint64_t bytes = pipeline->result->blob_bytes;

	if (request->blob_size != UINT64_MAX && bytes < request->blob_size)
		return error_set(err, EBADMSG, "the blob has %llu bytes, not %llu", (unsigned long long)bytes,
				 (unsigned long long)request->blob_size);
	if (bytes == 0)
		return error_set(err, EBADMSG, "the blob is empty");
	return 0;
}

static int check_size(const struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	uint64_t bytes = pipeline->result->tar_bytes;

	if (bytes > request->max_bytes)
		return error_set(err, EFBIG, "the layer has more than %llu bytes",
				 (unsigned long long)request->max_bytes);
	if (bytes > request->ratio_excess &&
	    (bytes - request->ratio_excess) / request->max_ratio > pipeline->result->blob_bytes)
		return error_set(err, EFBIG, "the layer is more than %llu times as large as its blob",
				 (unsigned long long)request->max_ratio);
	return 0;
}

/* The chunk of the tar that was just filled goes to the extractor. */
static int hand_on(struct pipeline *pipeline, size_t length, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;

	/* The parser of the tar counts on it. */
	if (pipeline->cut)
		return error_set(err, EPROTO, "a chunk after the last one");
	pipeline->cut = length < request->tar->chunk_bytes;
	pipeline->result->tar_bytes += length;
	show(request->progress_tar, pipeline->result->tar_bytes);
	int result = check_size(pipeline, err);
	return result < 0 ? result : ring_fill(request->tar, request->extractor, length, err);
}

/* Not compressed, the blob is the tar: no detour, and hashed once where that is enough. */
static int pass(struct pipeline *pipeline, uint8_t *chunk, size_t length, struct error *err)
{
	pipeline->tar_ended = pipeline->blob_ended;
	if (length == 0)
		return 0;
	if (pipeline->request->tar_algorithm != pipeline->request->blob_algorithm)
		digest_update(&pipeline->tar_digest, chunk, length);
	return hand_on(pipeline, length, err);
}

static int feed(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	struct ring *ring = compressed(pipeline) ? request->blob_ring : request->tar;
	uint8_t *chunk = ring_room(ring);
	size_t length;
	int result = read_chunk(pipeline, chunk, ring->chunk_bytes, &length, err);

	if (result == 0 && pipeline->blob_ended)
		result = check_blob(pipeline, err);
	if (result < 0)
		return result;
	if (!compressed(pipeline))
		return pass(pipeline, chunk, length, err);
	if (length > 0)
		result = ring_fill(ring, request->decoder, length, err);
	if (result == 0 && pipeline->blob_ended)
		result = ring_say(request->decoder, RING_END, 0, err);
	return result;
}

/* The first chunk says what the blob is compressed with; it goes where it belongs. */
static int begin(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	uint8_t *chunk = ring_room(request->blob_ring);
	size_t length;
	int result = read_chunk(pipeline, chunk, request->blob_ring->chunk_bytes, &length, err);

	if (result == 0 && pipeline->blob_ended)
		result = check_blob(pipeline, err);
	if (result < 0)
		return result;
	pipeline->begun = true;
	pipeline->result->codec = codec_sniff(chunk, length);
	if (!compressed(pipeline)) {
		uint8_t *room = ring_room(request->tar);
		size_t more = 0;

		memcpy(room, chunk, length);
		if (!pipeline->blob_ended)
			result = read_chunk(pipeline, room + length, request->tar->chunk_bytes - length,
					    &more, err);
		if (result == 0 && pipeline->blob_ended)
			result = check_blob(pipeline, err);
		return result < 0 ? result : pass(pipeline, room, length + more, err);
	}
	result = ring_fill(request->blob_ring, request->decoder, length, err);
	if (result == 0 && pipeline->blob_ended)
		result = ring_say(request->decoder, RING_END, 0, err);
	return result;
}

/*
 * A chunk from the decoder becomes one for the extractor. It is copied first: what is hashed is what the
 * extractor gets, even where the decoder goes on writing.
 */
static int forward(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	uint8_t *room = ring_room(request->tar);
	size_t length;
	const uint8_t *chunk = ring_look(request->decoded, &length);

	memcpy(room, chunk, length);
	int result = ring_take(request->decoded, request->decoder, err);
	if (result < 0)
		return result;
	digest_update(&pipeline->tar_digest, room, length);
	return hand_on(pipeline, length, err);
}

/* What one of the others could not do. */
static int failed(const struct ring_message *message, struct error *err)
{
	struct error error = message->error;

	error.text[ERROR_TEXT_SIZE - 1] = '\0';
	if (message->status >= 0 || message->status < -MAX_NUMBER || error.number < 0 ||
	    error.number > MAX_NUMBER)
		return error_set(err, EPROTO, "an error that cannot be");
	(void)error_set(err, error.number, "%s", error.text);
	return message->status;
}

static int hear_decoder(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	struct ring_message message;
	int result = ring_hear(request->decoder, request->decoded, request->blob_ring, &message, err);

	if (result < 0)
		return error_add(err, "decompress");
	if (message.word == RING_FAILED)
		return failed(&message, err);
	if (message.word == RING_DONE || (message.word == RING_END && !pipeline->blob_ended) ||
	    pipeline->tar_ended)
		return error_set(err, EPROTO, "decompress: a message that cannot be");
	pipeline->tar_ended = message.word == RING_END;
	return 0;
}

static int hear_extractor(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	struct ring_message message;
	int result = ring_hear(request->extractor, NULL, request->tar, &message, err);

	if (result < 0)
		return error_add(err, "extract");
	if (message.word == RING_FAILED)
		return failed(&message, err);
	if (message.word == RING_END || (message.word == RING_DONE && !pipeline->told))
		return error_set(err, EPROTO, "extract: a message that cannot be");
	if (message.word == RING_DONE) {
		pipeline->result->extracted = message.extracted;
		pipeline->done = true;
	}
	return 0;
}

/* Listen; for as long as it takes where there is nothing else to do. */
static int listen_to(struct pipeline *pipeline, bool wait, struct error *err)
{
	/* A decoder that has ended has said all. */
	struct pollfd sockets[] = { { .fd = pipeline->request->extractor, .events = POLLIN },
				    { .fd = pipeline->request->decoder, .events = POLLIN } };
	bool both = pipeline->begun && compressed(pipeline) && !pipeline->tar_ended;
	int result = poll(sockets, both ? 2 : 1, wait ? -1 : 0);

	if (result < 0)
		return errno == EINTR ? 0 : error_set(err, errno, "poll");
	/* The decoder's failure comes first: it may be why the other has failed too. */
	result = both && sockets[1].revents != 0 ? hear_decoder(pipeline, err) : 0;
	return result == 0 && sockets[0].revents != 0 ? hear_extractor(pipeline, err) : result;
}

/* Do one thing, if there is one: 1. */
static int work(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = pipeline->request;
	bool waiting = request->decoded->filled > request->decoded->taken;
	const struct ring *next =
		!pipeline->begun || compressed(pipeline) ? request->blob_ring : request->tar;
	int result = 0;

	if (waiting && ring_room(request->tar) != NULL) {
		result = forward(pipeline, err);
	} else if (!pipeline->blob_ended && ring_room(next) != NULL) {
		result = pipeline->begun ? feed(pipeline, err) : begin(pipeline, err);
	} else if (pipeline->tar_ended && !waiting && !pipeline->told) {
		pipeline->told = true;
		result = ring_say(request->extractor, RING_END, 0, err);
	} else {
		return 0;
	}
	return result < 0 ? result : 1;
}

int pipeline_run(const struct pipeline_request *request, struct pipeline_result *ret, struct error *err)
{
	struct pipeline pipeline = { .request = request, .result = ret };
	int result = 0;

	*ret = (struct pipeline_result){ 0 };
	digest_begin(&pipeline.blob_digest, request->blob_algorithm);
	digest_begin(&pipeline.tar_digest, request->tar_algorithm);
	while (result >= 0 && !pipeline.done) {
		result = work(&pipeline, err);
		if (result >= 0)
			result = listen_to(&pipeline, result == 0, err);
	}
	if (result < 0)
		return result;
	digest_end(&pipeline.blob_digest, &ret->blob_digest);
	digest_end(&pipeline.tar_digest, &ret->tar_digest);
	if (!compressed(&pipeline) && request->tar_algorithm == request->blob_algorithm)
		ret->tar_digest = ret->blob_digest;
	return 0;
}
