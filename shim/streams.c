/* Standard streams; see streams.h. */
#include "shim/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "shim/child.h"
#include "shim/store/protocol.h"

#include "base/banned.h"

#define HELD_BYTES                                                                                           \
	32768        /* a pipe that has so much is read in any case: hull's hooks must not wait for us       \
		      */
#define TURN_READS 4 /* of one stream, before the others have their turn */
#define ALL_READS 64 /* at the end: more than the largest pipe of a container holds */

/* One of each is enough: nothing stays in it between two turns, and there is one container. */
static char output_buffer[PROTOCOL_MAX_BYTES];
static char input_buffer[STREAMS_INPUT_BYTES];

static struct {
	const struct loop *loop;
	const struct streams_calls *calls;
	bool terminal, held, closing_input;
	bool paused;                  /* nothing is read: a client waits for room */
	struct loop_source output[2]; /* for a terminal [0] is its master */
	struct loop_source input;     /* -1 with a terminal */
	size_t input_length;
	uint16_t rows, columns; /* as last told, 0: never */
} streams;

static void end_output(struct loop_source *source)
{
	if (streams.terminal) {
		streams.closing_input = false;
		streams.input_length = 0; /* nobody reads it */
	}
	loop_forget(streams.loop, source);
}

/* Watch both outputs as it is now; a terminal's input goes the same way. */
static void watch_output(void)
{
	uint32_t in = streams.paused ? 0 : EPOLLIN,
		 out = streams.terminal && streams.input_length > 0 ? EPOLLOUT : 0;
	struct error ignored;

	for (int i = 0; i < 2; i++)
		if (streams.output[i].fd >=
		    0) /* watching cannot fail: the descriptor is good, and in already or small */
			ignore_failure(loop_watch(streams.loop, &streams.output[i], in | out, &ignored));
}

/* Returns false when there is nothing more now, or no room for it, or it has ended. @all: room or not. */
static bool read_output(struct loop_source *source, bool all)
{
	if (!all && !streams.calls->has_room()) {
		streams.paused = true;
		watch_output();
		return false;
	}
	ssize_t got = read(source->fd, output_buffer, sizeof(output_buffer));

	if (got > 0)
		streams.calls->wrote(source == &streams.output[0] ? 1 : 2, output_buffer, (size_t)got);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR)) /* EIO: a terminal that nobody has open */
		end_output(source);
	return got > 0;
}

/* What the master or the pipe takes of the input that waits. */
static void flush_input(void)
{
	struct loop_source *source = streams.terminal ? &streams.output[0] : &streams.input;
	struct error ignored;

	while (source->fd >= 0 && streams.input_length > 0) {
		ssize_t put = write(source->fd, input_buffer, streams.input_length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			break;
		if (put < 0) {
			streams.input_length = 0; /* the container has closed its end */
			streams.closing_input = true;
			break;
		}
		streams.input_length -= (size_t)put;
		memmove(input_buffer, input_buffer + put, streams.input_length);
	}
	if (source->fd < 0)
		streams.input_length = 0;
	if (!streams.terminal && streams.input_length == 0 && streams.closing_input)
		loop_forget(streams.loop, source);
	if (streams.terminal)
		watch_output();
	else if (source->fd >= 0) /* as in watch_output */
		ignore_failure(
			loop_watch(streams.loop, source, streams.input_length > 0 ? EPOLLOUT : 0, &ignored));
}

static void input_ready(struct loop_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	flush_input();
	streams.calls->input_free();
}

static void output_ready(struct loop_source *source, uint32_t events)
{
	int waiting = 0;

	if ((events & EPOLLOUT) != 0)
		input_ready(source, events);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || source->fd < 0 || streams.paused)
		return;
	/* Edge-triggered while held: told once for each write, it is left in the pipe. */
	if (streams.held && ioctl(source->fd, FIONREAD, &waiting) == 0 && waiting < HELD_BYTES)
		return;
	for (int i = 0; i < TURN_READS && source->fd >= 0; i++)
		if (!read_output(source, false))
			break;
}

void streams_init(const struct loop *loop, const struct streams_calls *calls)
{
	streams.loop = loop;
	streams.calls = calls;
	streams.output[0] = streams.output[1] = (struct loop_source){ .fd = -1, .ready = output_ready };
	streams.input = (struct loop_source){ .fd = -1, .ready = input_ready };
}

/* @ret_theirs blocks as any pipe of a program's; our end does not. */
static int make_pipe(bool ours_reads, int *ret_ours, int *ret_theirs, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe2");
	*ret_ours = ends[ours_reads ? 0 : 1];
	*ret_theirs = ends[ours_reads ? 1 : 0];
	if (fcntl(*ret_ours, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "fcntl");
	return 0;
}

int streams_prepare(bool terminal, bool open_input, int ret_fds[3], struct error *err)
{
	int result = 0;

	ret_fds[0] = ret_fds[1] = ret_fds[2] = -1;
	streams.terminal = terminal;
	streams.held = true;
	streams.paused = false;
	streams.closing_input = false;
	streams.input_length = 0;
	if (streams.terminal)
		return 0;
	if (open_input)
		result = make_pipe(false, &streams.input.fd, &ret_fds[0], err);
	for (int i = 0; result == 0 && i < 2; i++) {
		result = make_pipe(true, &streams.output[i].fd, &ret_fds[1 + i], err);
		if (result == 0)
			result = loop_watch(streams.loop, &streams.output[i], EPOLLIN | EPOLLET, err);
	}
	if (result < 0)
		streams_close();
	return result;
}

void streams_resize(uint16_t rows, uint16_t columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	streams.rows = rows;
	streams.columns = columns;
	if (streams.terminal && streams.output[0].fd >= 0)
		(void)ioctl(streams.output[0].fd, TIOCSWINSZ,
			    &size); /* cosmetic: its process may have gone */
}

int streams_take_terminal(int master, struct error *err)
{
	streams.output[0].fd = master;
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "fcntl");
	if (streams.rows > 0)
		streams_resize(streams.rows, streams.columns);
	return 0;
}

int streams_release(struct error *err)
{
	streams.held = false;
	for (int i = 0; i < 2; i++) {
		int result = streams.output[i].fd < 0
				     ? 0
				     : loop_watch(streams.loop, &streams.output[i], EPOLLIN, err);

		if (result < 0)
			return result;
	}
	flush_input(); /* what came while there was no terminal */
	return 0;
}

void streams_take_message(char *ret, size_t room)
{
	ssize_t got;
	size_t length = 0;

	ret[0] = '\0';
	/* The last of it is what counts: what does not fit pushes the first out. */
	while (streams.output[1].fd >= 0 && (got = read(streams.output[1].fd, output_buffer + length,
							sizeof(output_buffer) - length)) > 0) {
		length += (size_t)got;
		if (length == sizeof(output_buffer)) {
			length /= 2;
			memmove(output_buffer, output_buffer + length, length);
		}
	}
	child_last_line(output_buffer, length, ret, room);
}

size_t streams_input_room(void)
{
	return sizeof(input_buffer) - streams.input_length;
}

void streams_put_input(const char *bytes, size_t length)
{
	/* A terminal comes with the container: until then it is kept. */
	if ((!streams.terminal && streams.input.fd < 0) || streams.closing_input ||
	    length > streams_input_room())
		return;
	memcpy(input_buffer + streams.input_length, bytes, length);
	streams.input_length += length;
	if (!streams.terminal || streams.output[0].fd >= 0)
		flush_input();
}

void streams_close_input(void)
{
	if (streams.terminal || streams.input.fd < 0)
		return;
	streams.closing_input = true;
	flush_input();
}

void streams_resume(void)
{
	if (!streams.paused)
		return;
	streams.paused = false;
	watch_output();
}

bool streams_drain(bool all)
{
	int most = all ? ALL_READS : TURN_READS;

	streams.held = false;
	for (int i = 0; i < 2; i++)
		for (int reads = 0; reads < most && streams.output[i].fd >= 0; reads++)
			if (!read_output(&streams.output[i], all))
				break;
	return streams.output[0].fd < 0 && streams.output[1].fd < 0;
}

void streams_close(void)
{
	loop_forget(streams.loop, &streams.output[0]);
	loop_forget(streams.loop, &streams.output[1]);
	loop_forget(streams.loop, &streams.input);
	streams.input_length = 0;
	streams.closing_input = false;
}
