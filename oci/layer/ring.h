/*
 * A ring of chunks between two processes that do not trust each other. One writes into the memory; the other
 * can only read it, whatever becomes of that process, and takes nothing for sure that it reads. Which chunks
 * are filled and which are free again is told over a socket (SOCK_SEQPACKET), of which each side keeps its
 * own account: nothing that counts lies in shared memory.
 */
#ifndef HULL_OCI_LAYER_RING_H
#define HULL_OCI_LAYER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/extract.h"
#include "oci/layer/tar.h"

#define RING_CHUNKS 4

/* One side's view. */
struct ring {
	int fd; /* until ring_close_memory */
	uint8_t *memory;
	size_t chunk_bytes;
	uint64_t filled, taken;        /* chunks so far */
	uint32_t lengths[RING_CHUNKS]; /* of those filled and not yet taken */
};

#define RING_NONE ((struct ring){ .fd = -1 })

/* What is said over a socket. */
enum ring_word {
	RING_CHUNK,  /* the next chunk of the one ring has @length bytes */
	RING_TAKEN,  /* one more chunk of the other ring is free */
	RING_END,    /* there will be no more chunks */
	RING_FAILED, /* why is in @error, with @status */
	RING_DONE,   /* the last word of who extracts: @extracted */
	RING_WORDS
};

struct ring_message {
	uint32_t word, length; /* all there is of the first three */
	int32_t status;
	struct extract_result extracted;
	struct error error;
};

/* Memory for RING_CHUNKS chunks, of a size that nobody can change; mapped by nobody yet. */
must_check int ring_make(struct ring *ret, size_t chunk_bytes, struct error *err);
/*
 * Map it for writing, once: from then on no other process can. The children of this one do not inherit it.
 * Linux 5.1.
 */
must_check int ring_map_writer(struct ring *ring, struct error *err);
/* Map it for reading; it can never be made writable by this process. */
must_check int ring_map_reader(struct ring *ring, struct error *err);
/* No more maps are made. */
void ring_close_memory(struct ring *ring);

/* The writer's: the next chunk to fill; NULL: all are full. */
uint8_t *ring_room(const struct ring *ring);
/* The writer's: the chunk has @length bytes (at least 1); tell. */
must_check int ring_fill(struct ring *ring, int socket, size_t length, struct error *err);
/* The reader's: the next filled chunk; NULL: none. It stays until ring_take. */
const uint8_t *ring_look(const struct ring *ring, size_t *ret_length);
must_check int ring_take(struct ring *ring, int socket, struct error *err);

/* Say a word without more to it. Errors: -EPROTO nobody is there to hear it. */
must_check int ring_say(int socket, enum ring_word word, uint32_t length, struct error *err);
/* Say that it failed; nobody may be there to hear it. */
void ring_say_failed(int socket, int status, const struct error *error);
/*
 * After the last word: wait until the other side has gone. Who goes first with something unheard makes the
 * kernel tell the other of a broken connection before it tells the last word.
 */
void ring_linger(int socket);
/*
 * Hear the next message, and enter RING_CHUNK in @in (NULL: none can come) and RING_TAKEN in @out (the same).
 * Errors: -EPROTO what cannot be, or nobody is there any more.
 */
must_check int ring_hear(int socket, struct ring *in, struct ring *out, struct ring_message *ret,
			 struct error *err);

/* For who parses a tar out of a ring: blocks for the next chunk. */
struct ring_reader {
	int socket;
	struct ring *ring;
	bool holds, ended;
};
struct tar_source ring_source(struct ring_reader *reader);

#endif
