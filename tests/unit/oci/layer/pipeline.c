/*
 * The first process of hull-unpack among strangers: children that decompress and extract as they like.
 * Whatever they do, the digests are those of what was read and of what the extractor was given.
 */
#include "oci/layer/pipeline.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/check.h"

#define GZIP_MAGIC "\x1f\x8b\x08\x00" /* nobody here decompresses it */
#define FULL PIPELINE_TAR_CHUNK_BYTES

struct world {
	struct ring blob, decoded, tar;
	int decoder, extractor; /* the parent's sockets; in a child its own */
	int heard;              /* in children: what the extractor was given goes here */
	pid_t pids[2];
};

typedef void script(struct world *world);

static void must(bool condition)
{
	if (!condition)
		_exit(99);
}

/* --- what strangers do -------------------------------------------------------------------------------- */

static uint8_t *open_decoder(struct world *world)
{
	struct error err;

	must(ring_map_reader(&world->blob, &err) == 0 && ring_map_writer(&world->decoded, &err) == 0);
	return world->decoded.memory;
}

/* All of the blob, as a decoder takes it. */
static void take_blob(struct world *world)
{
	struct ring_message message = { .word = RING_WORDS };
	struct error err;
	size_t length;

	while (message.word != RING_END) {
		must(ring_hear(world->decoder, &world->blob, &world->decoded, &message, &err) == 0);
		while (ring_look(&world->blob, &length) != NULL)
			must(ring_take(&world->blob, world->decoder, &err) == 0);
	}
}

static void say(int socket, enum ring_word word, uint32_t length)
{
	struct error err;

	must(ring_say(socket, word, length, &err) == 0);
}

/* Four times the letters, and then other ones where they were. */
static void decode_and_change(struct world *world)
{
	uint8_t *memory = open_decoder(world);

	take_blob(world);
	for (int i = 0; i < RING_CHUNKS; i++) {
		memset(memory + (size_t)i * FULL, 'a' + i, FULL);
		say(world->decoder, RING_CHUNK, FULL);
	}
	say(world->decoder, RING_END, 0);
	for (int i = 0; i < 400; i++)
		memset(memory + (size_t)(i % RING_CHUNKS) * FULL, 'z', FULL);
	ring_linger(world->decoder);
}

static void decode_too_long(struct world *world)
{
	(void)open_decoder(world);
	take_blob(world);
	say(world->decoder, RING_CHUNK, FULL + 1);
	ring_linger(world->decoder);
}

/* Headers would lie across chunks. */
static void decode_uneven(struct world *world)
{
	(void)open_decoder(world);
	take_blob(world);
	say(world->decoder, RING_CHUNK, 100);
	say(world->decoder, RING_CHUNK, FULL);
	ring_linger(world->decoder);
}

static void decode_take_more(struct world *world)
{
	(void)open_decoder(world);
	take_blob(world);
	say(world->decoder, RING_TAKEN, 0);
	ring_linger(world->decoder);
}

static void decode_nothing_more(struct world *world)
{
	(void)open_decoder(world);
	say(world->decoder, RING_END, 0);
	ring_linger(world->decoder);
}

static void decode_done(struct world *world)
{
	struct ring_message message = { .word = RING_DONE };
	struct error err;

	(void)open_decoder(world);
	take_blob(world);
	must(fd_send(world->decoder, &message, sizeof(message), NULL, 0, &err) == 0);
	ring_linger(world->decoder);
}

static void decode_fail_strangely(struct world *world)
{
	struct ring_message message = { .word = RING_FAILED, .status = 5 };
	struct error err;

	memset(&message.error, 'x', sizeof(message.error));
	(void)open_decoder(world);
	take_blob(world);
	must(fd_send(world->decoder, &message, sizeof(message), NULL, 0, &err) == 0);
	ring_linger(world->decoder);
}

static void decode_half_a_word(struct world *world)
{
	struct error err;

	must(fd_send(world->decoder, "abc", 3, NULL, 0, &err) == 0);
	ring_linger(world->decoder);
}

static void die(struct world *world)
{
	(void)world;
	_exit(0);
}

/* Not a decoder: it is never asked where nothing is compressed. */
static void idle(struct world *world)
{
	ring_linger(world->decoder);
}

/* Everything goes to the file. */
static void extract(struct world *world)
{
	struct ring_reader reader = { .socket = world->extractor, .ring = &world->tar };
	struct tar_source source = ring_source(&reader);
	struct ring_message done = { .word = RING_DONE, .extracted = { .entries = 7 } };
	const uint8_t *bytes;
	struct error err;
	size_t length;

	must(ring_map_reader(&world->tar, &err) == 0);
	for (;;) {
		must(source.next(source.context, &bytes, &length, &err) == 0);
		if (length == 0)
			break;
		must(fd_write_all(world->heard, bytes, length, "what was heard", &err) == 0);
	}
	must(fd_send(world->extractor, &done, sizeof(done), NULL, 0, &err) == 0);
	ring_linger(world->extractor);
}

static void extract_done_at_once(struct world *world)
{
	struct ring_message done = { .word = RING_DONE };
	struct error err;

	must(fd_send(world->extractor, &done, sizeof(done), NULL, 0, &err) == 0);
	ring_linger(world->extractor);
}

/* What it reads it cannot change, whatever it asks for. */
static void extract_and_write(struct world *world)
{
	struct error err;

	must(ring_map_reader(&world->tar, &err) == 0);
	must(mprotect(world->tar.memory, FULL, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	must(mmap(NULL, FULL, PROT_READ | PROT_WRITE, MAP_SHARED, world->tar.fd, 0) == MAP_FAILED);
	must(pwrite(world->tar.fd, "x", 1, 0) < 0 && errno == EPERM);
	must(ftruncate(world->tar.fd, 0) < 0);
	extract(world);
}

/* --- running ------------------------------------------------------------------------------------------ */

static pid_t play(struct world *world, script *run, int *socket)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)alarm(20);
		(void)close(pair[0]);
		*socket = pair[1];
		run(world);
		_exit(0);
	}
	(void)close(pair[1]);
	*socket = pair[0];
	return pid;
}

static int file_with(const void *bytes, size_t length)
{
	struct error err;
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK(fd >= 0 && fd_write_all(fd, bytes, length, "test", &err) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* The digest of all of @fd. */
static struct digest digest_of_file(int fd)
{
	struct digest_state state;
	struct digest digest;
	static uint8_t room[1 << 16];
	ssize_t got;

	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	digest_begin(&state, DIGEST_SHA256);
	while ((got = read(fd, room, sizeof(room))) > 0)
		digest_update(&state, room, (size_t)got);
	digest_end(&state, &digest);
	return digest;
}

static int run_with(const void *blob, size_t length, script *decoder, script *extractor,
		    struct pipeline_result *ret, struct digest *ret_heard, struct error *err)
{
	struct world world = { .blob = RING_NONE, .decoded = RING_NONE, .tar = RING_NONE };
	autoclose int file = file_with(blob, length);
	autoclose int heard = file_with("", 0);

	world.heard = heard;
	CHECK(ring_make(&world.blob, PIPELINE_BLOB_CHUNK_BYTES, err) == 0);
	CHECK(ring_make(&world.decoded, FULL, err) == 0 && ring_make(&world.tar, FULL, err) == 0);
	CHECK(ring_map_writer(&world.blob, err) == 0 && ring_map_writer(&world.tar, err) == 0);
	world.pids[0] = play(&world, decoder, &world.decoder);
	world.pids[1] = play(&world, extractor, &world.extractor);
	CHECK(ring_map_reader(&world.decoded, err) == 0);
	const struct pipeline_request request = { .blob = file,
						  .blob_size = length,
						  .max_bytes = 1 << 30,
						  .max_ratio = 1000,
						  .ratio_excess = 1 << 30,
						  .decoder = world.decoder,
						  .extractor = world.extractor,
						  .blob_ring = &world.blob,
						  .decoded = &world.decoded,
						  .tar = &world.tar };
	int result = pipeline_run(&request, ret, err);
	(void)close(world.decoder);
	(void)close(world.extractor);
	for (int i = 0; i < 2; i++) {
		int status = 0;

		CHECK(waitpid(world.pids[i], &status, 0) == world.pids[i]);
		CHECK(result < 0 || status == 0);
	}
	*ret_heard = digest_of_file(heard);
	struct ring *rings[] = { &world.blob, &world.decoded, &world.tar };
	for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
		(void)munmap(rings[i]->memory, RING_CHUNKS * rings[i]->chunk_bytes);
		ring_close_memory(rings[i]);
	}
	return result;
}

static const char blob[2000] = GZIP_MAGIC;

static void changes_are_seen(void)
{
	struct pipeline_result result;
	struct digest heard, of_blob;
	struct error err;

	CHECK_INT(run_with(blob, sizeof(blob), decode_and_change, extract, &result, &heard, &err), 0);
	CHECK_INT(result.codec, CODEC_GZIP);
	CHECK_INT(result.tar_bytes, 4 * FULL);
	CHECK_INT(result.blob_bytes, sizeof(blob));
	CHECK_INT(result.extracted.entries, 7);
	CHECK(digest_equal(&result.tar_digest, &heard));
	digest_of(DIGEST_SHA256, blob, sizeof(blob), &of_blob);
	CHECK(digest_equal(&result.blob_digest, &of_blob));
}

static void plain_is_passed(void)
{
	size_t length = 3 * FULL + 512;
	char *bytes = calloc(1, length);
	struct pipeline_result result;
	struct digest heard, whole;
	struct error err;

	CHECK(bytes != NULL);
	memset(bytes + FULL, 'b', FULL);
	CHECK_INT(run_with(bytes, length, idle, extract, &result, &heard, &err), 0);
	digest_of(DIGEST_SHA256, bytes, length, &whole);
	CHECK(digest_equal(&result.tar_digest, &whole) && digest_equal(&heard, &whole));
	CHECK(digest_equal(&result.blob_digest, &whole));
	free(bytes);
}

static void reader_cannot_write(void)
{
	static const char bytes[1024] = "plain";
	struct pipeline_result result;
	struct digest heard;
	struct error err;

	CHECK_INT(run_with(bytes, sizeof(bytes), idle, extract_and_write, &result, &heard, &err), 0);
	CHECK(digest_equal(&result.tar_digest, &heard));
}

static void strangers_are_refused(void)
{
	static const struct {
		script *decoder, *extractor;
		const char *words;
	} rows[] = {
		{ decode_too_long, extract, "decompress: a message that cannot be" },
		{ decode_uneven, extract, "a chunk after the last one" },
		{ decode_take_more, extract, "decompress: a message that cannot be" },
		{ decode_done, extract, "decompress: a message that cannot be" },
		{ decode_fail_strangely, extract, "an error that cannot be" },
		{ decode_half_a_word, extract, "decompress: a message that cannot be" },
		{ die, extract, "a process of hull-unpack has died" },
		{ decode_and_change, die, "a process of hull-unpack has died" },
		{ decode_and_change, extract_done_at_once, "extract: a message that cannot be" },
	};
	struct pipeline_result result;
	struct digest heard;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(run_with(blob, sizeof(blob), rows[i].decoder, rows[i].extractor, &result, &heard,
			       &err) < 0);
		CHECK_HAS(err.text, rows[i].words);
	}
}

/* An end before the blob's: its digest would be that of a part. */
static void end_too_early(void)
{
	size_t length = 64 * PIPELINE_BLOB_CHUNK_BYTES;
	char *bytes = calloc(1, length);
	struct pipeline_result result;
	struct digest heard;
	struct error err;

	CHECK(bytes != NULL);
	memcpy(bytes, GZIP_MAGIC, 4);
	CHECK(run_with(bytes, length, decode_nothing_more, extract, &result, &heard, &err) < 0);
	CHECK_STR(err.text, "decompress: a message that cannot be");
	free(bytes);
}

static const struct test tests[] = {
	{ "what a decoder changes after handing it over changes no digest", changes_are_seen },
	{ "what is not compressed is passed", plain_is_passed },
	{ "who reads a ring cannot write to it", reader_cannot_write },
	{ "strangers that say what cannot be are refused", strangers_are_refused },
	{ "an end before the end of the blob is refused", end_too_early },
};
TEST_MAIN(tests)
