/*
 * A ring of chunks between threads: one fills them, one or two take them, each all of them in order. Any side
 * can break it, and then everybody who waits, or comes later, is told. Who waits is woken when there is work
 * for a while (half of the ring), not for every chunk: threads that take turns at each chunk cost more than
 * the work.
 */
#ifndef HULL_OCI_LAYER_RING_H
#define HULL_OCI_LAYER_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RING_MAX_READERS 2
#define RING_MAX_CHUNKS 64

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t room, data; /* what the filling thread and the taking ones wait for */
	bool waiting[RING_MAX_READERS];
	size_t chunks, chunk_bytes, readers;
	uint64_t filled, taken[RING_MAX_READERS]; /* how many so far */
	size_t lengths[RING_MAX_CHUNKS];
	bool ended, broken;
	uint8_t *memory;
};

must_check int ring_init(struct ring *ring, size_t chunks, size_t chunk_bytes, size_t readers,
			 struct error *err);
/* Only when no thread uses it any more. */
void ring_release(struct ring *ring);

/* The next chunk to fill, chunk_bytes long. NULL: the ring is broken. Waits. */
uint8_t *ring_claim(struct ring *ring);
/* The claimed chunk has @length bytes. */
void ring_publish(struct ring *ring, size_t length);
/* No chunk will follow. */
void ring_end(struct ring *ring);
/* The next chunk for reader number @reader. 1; 0 at the end; -1 the ring is broken. Waits. */
must_check int ring_take(struct ring *ring, size_t reader, const uint8_t **ret, size_t *ret_length);
/* @reader is done with what it took. */
void ring_release_chunk(struct ring *ring, size_t reader);
void ring_break(struct ring *ring);

#endif
