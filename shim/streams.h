/*
 * The standard streams of a run: pipes or one terminal. Never waits: the pipe is the buffer of what
 * the container writes, and input has one of a fixed size.
 */
#ifndef HULL_SHIM_STREAMS_H
#define HULL_SHIM_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "shim/loop.h"

#define STREAMS_INPUT_BYTES 65536

/* What the owner is told. */
struct streams_calls {
	/* The container has written: @stream 1 is output, 2 errors; a terminal has only the first. */
	void (*wrote)(int stream, const char *bytes, size_t length);
	/* There is room for input again. */
	void (*input_free)(void);
	/* Whether what is read can be passed on now; after a no comes streams_resume. */
	bool (*has_room)(void);
};

/* There is one set of streams in a process. Nothing is open yet. */
void streams_init(const struct loop *loop, const struct streams_calls *calls);
/*
 * Pipes for a new run; what the container gets is in @ret_fds (the caller closes; -1: /dev/null).
 * Until streams_release nothing is read that fits into the pipes: where the container cannot be
 * made, what is in them is hull's own message.
 */
must_check int streams_prepare(bool terminal, bool open_input, int ret_fds[3], struct error *err);
/* Take over the master of the run's terminal. */
must_check int streams_take_terminal(int master, struct error *err);
/* The container is there: everything is passed on from now. */
must_check int streams_release(struct error *err);
/* The last line that is in the error pipe, read and gone: hull's message. */
void streams_take_message(char *ret, size_t room);
/* Room for input. */
size_t streams_input_room(void);
/* @length at most the room. Without a standard input it is dropped. */
void streams_put_input(const char *bytes, size_t length);
/* Close the container's standard input once it has what is on its way. A terminal's stays open. */
void streams_close_input(void);
/* Also before there is a terminal. */
void streams_resize(uint16_t rows, uint16_t columns);
/* There may be room again for what the container writes. */
void streams_resume(void);
/* Read what is there now: @all of it, or what has room. True where both streams are at their end. */
bool streams_drain(bool all);
void streams_close(void);

#endif
