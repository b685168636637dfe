/*
 * The threads between a blob and its tar; see pipeline.h. Chunks are large, because ISA-L begins anew
 * with each (through a buffer of its own), but few. The first thread that fails says why, and breaks both
 * rings, so that all others end.
 */
#include "oci/layer/pipeline.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/layer/decoder.h"
#include "oci/layer/ring.h"

#include "base/banned.h"

#define BLOB_CHUNKS 4
#define BLOB_CHUNK_BYTES ((size_t)512 << 10)
#define TAR_CHUNKS 4
#define TAR_CHUNK_BYTES ((size_t)1024 << 10)
_Static_assert(TAR_CHUNK_BYTES % TAR_BLOCK == 0, "no header lies across two chunks");
#define STACK_BYTES ((size_t)256 << 10)

enum { READER_PARSER, READER_HASHER, TAR_READERS };
enum { THREAD_READ, THREAD_DECODE, THREAD_HASH, THREAD_COUNT };

struct pipeline {
	struct pipeline_request request;
	struct ring blob, tar;
	pthread_t threads[THREAD_COUNT];
	size_t started, joined;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t changed;
	bool begun, cancelled, failed;
	struct error error;
	/* Written by one thread each, read after it ended. */
	struct pipeline_result result;
	bool holds; /* the parser has a chunk; of the calling thread only */
};

static void fail(struct pipeline *pipeline, const struct error *err)
{
	(void)pthread_mutex_lock(&pipeline->lock); /* a plain mutex that this thread does not hold */
	if (!pipeline->failed)
		pipeline->error = *err;
	pipeline->failed = true;
	(void)pthread_mutex_unlock(&pipeline->lock); /* held */
	ring_break(&pipeline->blob);
	ring_break(&pipeline->tar);
}

/* Threads are born before the process confines itself, and work only afterwards. */
static bool wait_for_begin(struct pipeline *pipeline)
{
	(void)pthread_mutex_lock(&pipeline->lock); /* a plain mutex that this thread does not hold */
	while (!pipeline->begun && !pipeline->cancelled)
		(void)pthread_cond_wait(&pipeline->changed, &pipeline->lock); /* cannot fail with it held */
	bool begun = !pipeline->cancelled;
	(void)pthread_mutex_unlock(&pipeline->lock); /* held */
	return begun;
}

/* Fill @chunk with up to @room bytes, as many as there are. */
static int read_chunk(struct pipeline *pipeline, uint8_t *chunk, size_t room, size_t *ret, struct error *err)
{
	*ret = 0;
	while (*ret < room) {
		ssize_t got = read(pipeline->request.blob, chunk + *ret, room - *ret);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, errno, "read the blob");
		if (got == 0)
			break;
		*ret += (size_t)got;
	}
	return 0;
}

static int read_blob(struct pipeline *pipeline, struct error *err)
{
	const struct pipeline_request *request = &pipeline->request;
	struct digest_state digest;
	uint64_t bytes = 0;
	uint8_t *chunk = NULL;

	digest_begin(&digest, request->blob_algorithm);
	while (bytes < request->blob_size && (chunk = ring_claim(&pipeline->blob)) != NULL) {
		uint64_t left = request->blob_size - bytes;
		size_t room = left < BLOB_CHUNK_BYTES ? (size_t)left : BLOB_CHUNK_BYTES, length;
		int result = read_chunk(pipeline, chunk, room, &length, err);

		if (result < 0)
			return result;
		/* Hashed first: once it is published, the buffer is somebody else's soon. */
		digest_update(&digest, chunk, length);
		bytes += length;
		if (request->progress_blob != NULL)
			atomic_store_explicit(request->progress_blob, bytes, memory_order_relaxed);
		if (length > 0)
			ring_publish(&pipeline->blob, length);
		if (length < room)
			break;
	}
	if (request->blob_size != UINT64_MAX && bytes < request->blob_size && chunk != NULL)
		return error_set(err, EBADMSG, "the blob has %llu bytes, not %llu", (unsigned long long)bytes,
				 (unsigned long long)request->blob_size);
	digest_end(&digest, &pipeline->result.blob_digest);
	pipeline->result.blob_bytes = bytes;
	ring_end(&pipeline->blob); /* after the digest: the one who hashes the tar may want it */
	return 0;
}

/* The decoding thread's own. */
struct decoding {
	struct pipeline *pipeline;
	struct decoder decoder;
	struct decoder_io io;
	uint64_t in_bytes, out_bytes;
	uint8_t *chunk; /* being filled; NULL: none */
};

static int check_size(const struct decoding *decoding, struct error *err)
{
	const struct pipeline_request *request = &decoding->pipeline->request;

	if (decoding->out_bytes > request->max_bytes)
		return error_set(err, EFBIG, "the layer has more than %llu bytes",
				 (unsigned long long)request->max_bytes);
	if (decoding->out_bytes > request->ratio_excess &&
	    (decoding->out_bytes - request->ratio_excess) / request->max_ratio > decoding->in_bytes)
		return error_set(err, EFBIG, "the layer is more than %llu times as large as its blob",
				 (unsigned long long)request->max_ratio);
	return 0;
}

/* Hand the chunk on. */
static int publish(struct decoding *decoding, struct error *err)
{
	size_t length = TAR_CHUNK_BYTES - decoding->io.out_room;

	decoding->chunk = NULL;
	decoding->out_bytes += length;
	int result = check_size(decoding, err);
	if (result < 0)
		return result;
	if (decoding->pipeline->request.progress_tar != NULL)
		atomic_store_explicit(decoding->pipeline->request.progress_tar, decoding->out_bytes,
				      memory_order_relaxed);
	if (length > 0)
		ring_publish(&decoding->pipeline->tar, length);
	return 0;
}

/* Decode what there is. Returns 1 where the rings are broken. */
static int decode(struct decoding *decoding, bool last, struct error *err)
{
	struct decoder_io *io = &decoding->io;

	do {
		if (decoding->chunk == NULL) {
			decoding->chunk = ring_claim(&decoding->pipeline->tar);
			if (decoding->chunk == NULL)
				return 1;
			io->out = decoding->chunk;
			io->out_room = TAR_CHUNK_BYTES;
		}
		size_t in = io->in_length;
		int result = decoder_run(&decoding->decoder, io, last, err);
		decoding->in_bytes += in - io->in_length;
		if (result == 0 && io->out_room == 0)
			result = publish(decoding, err);
		if (result < 0)
			return result;
		/* A full chunk: the decoder may hold back more. */
	} while (io->in_length > 0 || decoding->chunk == NULL);
	return 0;
}

static int decode_all(struct decoding *decoding, struct error *err)
{
	struct ring *blob = &decoding->pipeline->blob;
	const uint8_t *bytes;
	size_t length;
	int taken, result = 0;

	while (result == 0 && (taken = ring_take(blob, 0, &bytes, &length)) > 0) {
		if (decoding->decoder.kind == NULL) {
			enum codec codec = codec_sniff(bytes, length);

			decoding->pipeline->result.codec = codec;
			result = decoder_open(&decoding->decoder, codec, err);
		}
		decoding->io.in = bytes;
		decoding->io.in_length = length;
		if (result == 0)
			result = decode(decoding, false, err);
		ring_release_chunk(blob, 0);
	}
	if (result != 0 || taken < 0)
		return result < 0 ? result : 0; /* broken: who broke it said why */
	if (decoding->decoder.kind == NULL)
		return error_set(err, EBADMSG, "the blob is empty");
	decoding->io.in_length = 0;
	result = decode(decoding, true, err);
	if (result == 0)
		result = publish(decoding, err);
	if (result == 0) /* else the rings are broken, and this is no end of an archive */
		ring_end(&decoding->pipeline->tar);
	decoding->pipeline->result.tar_bytes = decoding->out_bytes;
	return result < 0 ? result : 0;
}

static int decode_blob(struct pipeline *pipeline, struct error *err)
{
	struct decoding decoding = { .pipeline = pipeline };
	int result = decode_all(&decoding, err);

	decoder_close(&decoding.decoder);
	return result;
}

static int hash_tar(struct pipeline *pipeline, struct error *err)
{
	struct digest_state digest;
	const uint8_t *bytes;
	size_t length;
	bool first = true, same = false;

	(void)err;
	digest_begin(&digest, pipeline->request.tar_algorithm);
	while (ring_take(&pipeline->tar, READER_HASHER, &bytes, &length) > 0) {
		/* Not compressed, the tar is the blob, which is hashed already. The codec is known by now. */
		if (first)
			same = pipeline->result.codec == CODEC_NONE &&
			       pipeline->request.tar_algorithm == pipeline->request.blob_algorithm;
		first = false;
		if (!same)
			digest_update(&digest, bytes, length);
		ring_release_chunk(&pipeline->tar, READER_HASHER);
	}
	digest_end(&digest, &pipeline->result.tar_digest);
	/* The reader ended before the last chunk came here: its digest is there. */
	if (same)
		pipeline->result.tar_digest = pipeline->result.blob_digest;
	return 0;
}

static void *run(struct pipeline *pipeline, int (*work)(struct pipeline *, struct error *))
{
	struct error err = { 0 };

	if (wait_for_begin(pipeline) && work(pipeline, &err) < 0)
		fail(pipeline, &err);
	return NULL;
}

static void *read_thread(void *pipeline)
{
	return run(pipeline, read_blob);
}

static void *decode_thread(void *pipeline)
{
	return run(pipeline, decode_blob);
}

static void *hash_thread(void *pipeline)
{
	return run(pipeline, hash_tar);
}

static int start_threads(struct pipeline *pipeline, struct error *err)
{
	static void *(*const works[])(void *) = { read_thread, decode_thread, hash_thread };
	pthread_attr_t attributes;
	int number = pthread_attr_init(&attributes);

	if (number == 0)
		number = pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (; number == 0 && pipeline->started < THREAD_COUNT; pipeline->started += number == 0)
		number = pthread_create(&pipeline->threads[pipeline->started], &attributes,
					works[pipeline->started], pipeline);
	(void)pthread_attr_destroy(&attributes); /* cannot fail */
	return number == 0 ? 0 : error_set(err, number, "start a thread");
}

int pipeline_open(const struct pipeline_request *request, struct pipeline **ret, struct error *err)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (pipeline == NULL)
		return error_set(err, ENOMEM, "unpack");
	pipeline->request = *request;
	/* Neither fails with default attributes. */
	(void)pthread_mutex_init(&pipeline->lock, NULL);
	(void)pthread_cond_init(&pipeline->changed, NULL);
	int result = ring_init(&pipeline->blob, BLOB_CHUNKS, BLOB_CHUNK_BYTES, 1, err);
	if (result == 0)
		result = ring_init(&pipeline->tar, TAR_CHUNKS, TAR_CHUNK_BYTES, TAR_READERS, err);
	if (result == 0)
		result = start_threads(pipeline, err);
	if (result < 0) {
		pipeline_close(pipeline);
		return result;
	}
	*ret = pipeline;
	return 0;
}

static void set_flag(struct pipeline *pipeline, bool *flag)
{
	(void)pthread_mutex_lock(&pipeline->lock); /* a plain mutex that this thread does not hold */
	*flag = true;
	(void)pthread_cond_broadcast(&pipeline->changed); /* cannot fail */
	(void)pthread_mutex_unlock(&pipeline->lock);      /* held */
}

void pipeline_begin(struct pipeline *pipeline)
{
	set_flag(pipeline, &pipeline->begun);
}

static void join(struct pipeline *pipeline)
{
	for (; pipeline->joined < pipeline->started; pipeline->joined++)
		(void)pthread_join(pipeline->threads[pipeline->joined], NULL); /* ours, and not joined */
}

static int next_piece(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct pipeline *pipeline = context;

	*ret_length = 0;
	if (pipeline->holds)
		ring_release_chunk(&pipeline->tar, READER_PARSER);
	int result = ring_take(&pipeline->tar, READER_PARSER, ret_bytes, ret_length);
	pipeline->holds = result > 0;
	if (result >= 0)
		return 0;
	join(pipeline);
	*err = pipeline->error;
	return err->number > 0 ? -err->number : -EINVAL;
}

struct tar_source pipeline_source(struct pipeline *pipeline)
{
	return (struct tar_source){ next_piece, pipeline };
}

int pipeline_finish(struct pipeline *pipeline, struct pipeline_result *ret, struct error *err)
{
	if (pipeline->holds)
		ring_release_chunk(&pipeline->tar, READER_PARSER);
	pipeline->holds = false;
	join(pipeline);
	if (pipeline->failed) {
		*err = pipeline->error;
		return err->number > 0 ? -err->number : -EINVAL;
	}
	*ret = pipeline->result;
	return 0;
}

void pipeline_close(struct pipeline *pipeline)
{
	if (pipeline == NULL)
		return;
	set_flag(pipeline, &pipeline->cancelled);
	if (pipeline->tar.memory != NULL) {
		ring_break(&pipeline->blob);
		ring_break(&pipeline->tar);
	}
	join(pipeline);
	ring_release(&pipeline->blob);
	ring_release(&pipeline->tar);
	(void)pthread_cond_destroy(&pipeline->changed); /* nobody waits */
	(void)pthread_mutex_destroy(&pipeline->lock);   /* nobody holds it */
	free(pipeline);
}
