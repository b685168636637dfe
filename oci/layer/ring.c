/* A ring of chunks between threads; see ring.h. */
#include "oci/layer/ring.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/banned.h"

int ring_init(struct ring *ring, size_t chunks, size_t chunk_bytes, size_t readers, struct error *err)
{
	void *memory =
		mmap(NULL, chunks * chunk_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return error_set(err, errno, "memory");
	*ring = (struct ring){
		.chunks = chunks, .chunk_bytes = chunk_bytes, .readers = readers, .memory = memory
	};
	/* Neither fails with default attributes. */
	(void)pthread_mutex_init(&ring->lock, NULL);
	(void)pthread_cond_init(&ring->room, NULL);
	(void)pthread_cond_init(&ring->data, NULL);
	return 0;
}

void ring_release(struct ring *ring)
{
	if (ring->memory == NULL)
		return;
	(void)munmap(ring->memory, ring->chunks * ring->chunk_bytes); /* it was mapped like this */
	(void)pthread_cond_destroy(&ring->room);                      /* nobody waits */
	(void)pthread_cond_destroy(&ring->data);                      /* nobody waits */
	(void)pthread_mutex_destroy(&ring->lock);                     /* nobody holds it */
	ring->memory = NULL;
}

static void lock(struct ring *ring)
{
	(void)pthread_mutex_lock(&ring->lock); /* a plain mutex that this thread does not hold */
}

static void unlock(struct ring *ring)
{
	(void)pthread_mutex_unlock(&ring->lock); /* held */
}

static void wait(struct ring *ring, pthread_cond_t *condition)
{
	(void)pthread_cond_wait(condition, &ring->lock); /* cannot fail with a held plain mutex */
}

static void tell(pthread_cond_t *condition)
{
	(void)pthread_cond_broadcast(condition); /* cannot fail */
}

/* How many chunks the slowest reader is done with. */
static uint64_t slowest(const struct ring *ring)
{
	uint64_t least = ring->taken[0];

	for (size_t i = 1; i < ring->readers; i++)
		least = ring->taken[i] < least ? ring->taken[i] : least;
	return least;
}

uint8_t *ring_claim(struct ring *ring)
{
	uint8_t *chunk = NULL;

	lock(ring);
	while (!ring->broken && ring->filled - slowest(ring) == ring->chunks)
		wait(ring, &ring->room);
	if (!ring->broken)
		chunk = ring->memory + ring->filled % ring->chunks * ring->chunk_bytes;
	unlock(ring);
	return chunk;
}

/* A reader that waits has enough to go on with. */
static bool worth_waking(const struct ring *ring)
{
	for (size_t i = 0; i < ring->readers; i++) {
		if (ring->waiting[i] && ring->filled - ring->taken[i] >= ring->chunks / 2)
			return true;
	}
	return false;
}

void ring_publish(struct ring *ring, size_t length)
{
	lock(ring);
	ring->lengths[ring->filled % ring->chunks] = length;
	ring->filled++;
	if (worth_waking(ring))
		tell(&ring->data);
	unlock(ring);
}

void ring_end(struct ring *ring)
{
	lock(ring);
	ring->ended = true;
	tell(&ring->data);
	unlock(ring);
}

void ring_break(struct ring *ring)
{
	lock(ring);
	ring->broken = true;
	tell(&ring->data);
	tell(&ring->room);
	unlock(ring);
}

int ring_take(struct ring *ring, size_t reader, const uint8_t **ret, size_t *ret_length)
{
	int result = 0;

	lock(ring);
	while (!ring->broken && !ring->ended && ring->filled == ring->taken[reader]) {
		ring->waiting[reader] = true;
		wait(ring, &ring->data);
		ring->waiting[reader] = false;
	}
	if (ring->broken) {
		result = -1;
	} else if (ring->filled > ring->taken[reader]) {
		size_t at = ring->taken[reader] % ring->chunks;

		*ret = ring->memory + at * ring->chunk_bytes;
		*ret_length = ring->lengths[at];
		result = 1;
	}
	unlock(ring);
	return result;
}

void ring_release_chunk(struct ring *ring, size_t reader)
{
	lock(ring);
	ring->taken[reader]++;
	if (ring->filled - slowest(ring) <= ring->chunks / 2)
		tell(&ring->room);
	unlock(ring);
}
