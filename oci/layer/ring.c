/* Chunks between processes; see ring.h. */
#include "oci/layer/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

#define HEAD_BYTES offsetof(struct ring_message, status)

static size_t all_bytes(const struct ring *ring)
{
	return RING_CHUNKS * ring->chunk_bytes;
}

static uint8_t *chunk_at(const struct ring *ring, uint64_t number)
{
	return ring->memory + number % RING_CHUNKS * ring->chunk_bytes;
}

int ring_make(struct ring *ret, size_t chunk_bytes, struct error *err)
{
	struct ring ring = { .fd = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING),
			     .chunk_bytes = chunk_bytes };

	if (ring.fd < 0 || ftruncate(ring.fd, (off_t)all_bytes(&ring)) < 0 ||
	    fcntl(ring.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		int number = errno;

		cleanup_close(&ring.fd);
		return error_set(err, number, "make memory to share");
	}
	*ret = ring;
	return 0;
}

static int map(struct ring *ring, int protection, struct error *err)
{
	void *memory = mmap(NULL, all_bytes(ring), protection, MAP_SHARED, ring->fd, 0);

	if (memory == MAP_FAILED)
		return error_set(err, errno, "map memory to share");
	if (madvise(memory, all_bytes(ring), MADV_DONTFORK) < 0) {
		int number = errno;

		(void)munmap(memory, all_bytes(ring)); /* as it was mapped */
		return error_set(err, number, "keep shared memory from children");
	}
	ring->memory = memory;
	return 0;
}

int ring_map_writer(struct ring *ring, struct error *err)
{
	int result = map(ring, PROT_READ | PROT_WRITE, err);

	if (result == 0 && fcntl(ring->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		result = error_set(err, errno, "keep others from writing to shared memory");
	return result;
}

int ring_map_reader(struct ring *ring, struct error *err)
{
	return map(ring, PROT_READ, err);
}

void ring_close_memory(struct ring *ring)
{
	cleanup_close(&ring->fd);
	ring->fd = -1;
}

uint8_t *ring_room(const struct ring *ring)
{
	return ring->filled - ring->taken == RING_CHUNKS ? NULL : chunk_at(ring, ring->filled);
}

int ring_fill(struct ring *ring, int socket, size_t length, struct error *err)
{
	ring->filled++;
	return ring_say(socket, RING_CHUNK, (uint32_t)length, err);
}

const uint8_t *ring_look(const struct ring *ring, size_t *ret_length)
{
	if (ring->filled == ring->taken)
		return NULL;
	*ret_length = ring->lengths[ring->taken % RING_CHUNKS];
	return chunk_at(ring, ring->taken);
}

int ring_take(struct ring *ring, int socket, struct error *err)
{
	ring->taken++;
	return ring_say(socket, RING_TAKEN, 0, err);
}

static int died(struct error *err)
{
	return error_set(err, EPROTO, "a process of hull-unpack has died");
}

int ring_say(int socket, enum ring_word word, uint32_t length, struct error *err)
{
	const struct ring_message message = { .word = word, .length = length };
	int result = fd_send(socket, &message, HEAD_BYTES, NULL, 0, err);

	return result == -EPIPE || result == -ECONNRESET ? died(err) : result;
}

void ring_say_failed(int socket, int status, const struct error *error)
{
	const struct ring_message message = { .word = RING_FAILED, .status = status, .error = *error };
	struct error ignored;

	ignore_failure(fd_send(socket, &message, sizeof(message), NULL, 0, &ignored));
}

void ring_linger(int socket)
{
	struct ring_message message;
	struct error ignored;

	while (fd_receive(socket, &message, sizeof(message), NULL, 0, &ignored) > 0)
		;
}

static int enter_chunk(struct ring *in, uint32_t length)
{
	if (in == NULL || length == 0 || length > in->chunk_bytes || in->filled - in->taken == RING_CHUNKS)
		return -1;
	in->lengths[in->filled % RING_CHUNKS] = length;
	in->filled++;
	return 0;
}

static int enter_taken(struct ring *out)
{
	if (out == NULL || out->taken == out->filled)
		return -1;
	out->taken++;
	return 0;
}

int ring_hear(int socket, struct ring *in, struct ring *out, struct ring_message *ret, struct error *err)
{
	ssize_t length = fd_receive(socket, ret, sizeof(*ret), NULL, 0, err);
	int wrong = 0;

	if (length == 0 || length == -ECONNRESET)
		return died(err);
	if (length < 0)
		return (int)length;
	size_t whole = length >= (ssize_t)HEAD_BYTES && ret->word >= RING_FAILED ? sizeof(*ret) : HEAD_BYTES;
	if ((size_t)length != whole || ret->word >= RING_WORDS)
		return error_set(err, EPROTO, "a message that cannot be");
	if (ret->word == RING_CHUNK)
		wrong = enter_chunk(in, ret->length);
	else if (ret->word == RING_TAKEN)
		wrong = enter_taken(out);
	return wrong < 0 ? error_set(err, EPROTO, "a message that cannot be") : 0;
}

static int next_piece(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct ring_reader *reader = context;
	struct ring_message message;

	*ret_length = 0;
	if (reader->holds) {
		int result = ring_take(reader->ring, reader->socket, err);

		reader->holds = false;
		if (result < 0)
			return result;
	}
	while ((*ret_bytes = ring_look(reader->ring, ret_length)) == NULL && !reader->ended) {
		int result = ring_hear(reader->socket, reader->ring, NULL, &message, err);

		if (result < 0)
			return result;
		if (message.word != RING_CHUNK && message.word != RING_END)
			return error_set(err, EPROTO, "a message that cannot be");
		reader->ended = message.word == RING_END;
	}
	reader->holds = *ret_bytes != NULL;
	return 0;
}

struct tar_source ring_source(struct ring_reader *reader)
{
	return (struct tar_source){ next_piece, reader };
}
