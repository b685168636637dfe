/*
 * The one loop: descriptors and what is called when they are ready. Single-threaded; a turn waits no
 * longer than until a moment that the caller names, so that timers are plain numbers.
 */
#ifndef HULL_SHIM_LOOP_H
#define HULL_SHIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct loop {
	int epoll;
};

/* A descriptor that is watched; it belongs to the one who made it, and must stay where it is in memory. */
struct loop_source {
	int fd;          /* -1: none */
	uint32_t events; /* EPOLL*; 0: not watched now */
	void (*ready)(struct loop_source *source, uint32_t events);
};

must_check int loop_open(struct loop *ret, struct error *err);
void loop_close(struct loop *loop);
/* Watch @source for @events from now on; 0 takes it out. Errors: those of epoll_ctl(2). */
must_check int loop_watch(const struct loop *loop, struct loop_source *source, uint32_t events,
			  struct error *err);
/* Take @source out and close its descriptor. */
void loop_forget(const struct loop *loop, struct loop_source *source);
/*
 * Wait until something is ready or @due_ms of CLOCK_MONOTONIC (-1: for ever), and call it.
 * @light: it may take long; what is not needed to wait is given back first (memory.h).
 */
must_check int loop_turn(const struct loop *loop, int64_t due_ms, bool light, struct error *err);

#endif
