/* Staying with a container; see attach.h. */
#include "shim/container/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/text.h"
#include "shim/container/client.h"

#include "base/banned.h"

/* A pipe that is ready takes this much without blocking (PIPE_BUF). */
#define PIECE_BYTES 4096
#define INPUT_BYTES 4096
#define HELD_MAX_BYTES ((size_t)1 << 20)

/* --- detach keys ---------------------------------------------------------------------------------- */

/* One key of the list; 0 where it is none. */
static unsigned char parse_key(const char *key, size_t length)
{
	static const char controls[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

	if (length == 1)
		return (unsigned char)key[0];
	if (length != strlen("ctrl-x") || strncmp(key, "ctrl-", strlen("ctrl-")) != 0)
		return 0;
	const char *place = key[5] == '\0' ? NULL : strchr(controls, key[5]);
	return place == NULL ? 0 : (unsigned char)(place - controls);
}

int attach_parse_keys(const char *text, struct attach_keys *ret, struct error *err)
{
	struct attach_keys keys = { .count = 0 };
	const char *s = text == NULL ? "ctrl-p,ctrl-q" : text;

	while (*s != '\0') {
		size_t length = strcspn(s, ",");
		unsigned char key = parse_key(s, length);

		if (key == 0 || keys.count == ATTACH_MAX_KEYS)
			return error_set(err, 0, "invalid detach keys (%s) provided",
					 text == NULL ? "" : text);
		keys.bytes[keys.count++] = key;
		s += length;
		if (*s == ',' && *++s == '\0')
			return error_set(err, 0, "invalid detach keys (%s) provided",
					 text == NULL ? "" : text);
	}
	*ret = keys;
	return 0;
}

bool attach_filter_keys(const struct attach_keys *keys, size_t *typed, unsigned char *bytes, size_t room,
			size_t *length)
{
	unsigned char out[INPUT_BYTES + ATTACH_MAX_KEYS];
	size_t count = 0;
	bool detach = false;

	if (keys->count == 0 || room > sizeof(out))
		return false;
	for (size_t i = 0; i < *length && !detach; i++) {
		if (bytes[i] == keys->bytes[*typed]) {
			detach = ++*typed == keys->count;
			continue;
		}
		/* not the keys after all: what was held back goes first */
		memcpy(out + count, keys->bytes, *typed);
		count += *typed;
		*typed = bytes[i] == keys->bytes[0];
		if (*typed == 0)
			out[count++] = bytes[i];
		else
			detach = keys->count == 1;
	}
	memcpy(bytes, out, count);
	*length = count;
	return detach;
}

/* --- the terminal --------------------------------------------------------------------------------- */

/* What the container wrote at once. */
struct piece {
	struct piece *next;
	int fd;
	size_t written, length;
	char bytes[];
};

struct stay {
	struct front *front;
	const char *id;
	const struct attach_options *options;
	int fd, signals;
	struct pidfd process; /* -1: not looked up yet */
	bool raw;
	struct termios saved, mode;
	unsigned char input[INPUT_BYTES + ATTACH_MAX_KEYS];
	size_t input_length, typed;
	bool input_open, detached;
	int ended_by;               /* a signal that ends us, 0: none */
	struct piece *first, *last; /* output on its way, in the order it came */
	size_t held_bytes;          /* in it */
	bool output_lost[3];        /* by descriptor: its reader has gone */
	bool exited;
	int code;
	char bytes[PROTOCOL_MAX_BYTES];
};

static int set_raw(struct stay *stay, struct error *err)
{
	if (!stay->options->terminal || !stay->options->input || isatty(STDIN_FILENO) == 0)
		return 0;
	if (tcgetattr(STDIN_FILENO, &stay->saved) < 0)
		return error_set(err, errno, "tcgetattr");
	stay->mode = stay->saved;
	cfmakeraw(&stay->mode);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &stay->mode) < 0)
		return error_set(err, errno, "tcsetattr");
	stay->raw = true;
	return 0;
}

static void send_size(int fd, const struct attach_options *options)
{
	struct winsize size;
	struct error ignored;

	if (!options->terminal)
		return;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_row > 0 && size.ws_col > 0)
		ignore_failure(client_send(fd, PROTOCOL_RESIZE, size.ws_row, size.ws_col, NULL, 0,
					   &ignored)); /* cosmetic */
}

int attach_hello(int fd, const struct attach_options *options, struct error *err)
{
	int wants = PROTOCOL_WANT_OUTPUT | PROTOCOL_WANT_EXIT | PROTOCOL_WANT_PATIENCE;
	int result = client_send(fd, PROTOCOL_HELLO, wants | (options->input ? PROTOCOL_WANT_INPUT : 0), 0,
				 NULL, 0, err);

	if (result == 0)
		send_size(fd, options);
	return result;
}

/* --- signals -------------------------------------------------------------------------------------- */

static int open_signals(struct stay *stay, struct error *err)
{
	static const int ours[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
				    SIGUSR2, SIGALRM, SIGCONT, SIGWINCH };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		(void)sigaddset(&set, ours[i]); /* valid numbers */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(err, errno, "block signals");
	stay->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return stay->signals < 0 ? error_set(err, errno, "signalfd") : 0;
}

static void find_process(struct stay *stay)
{
	struct store_run run;
	struct error ignored;

	if (store_run_load(&stay->front->store, stay->id, &run, &ignored) == 0 && run.container.pid != 0)
		ignore_failure(
			process_find(&run.container, &stay->process, &ignored)); /* then it has ended */
}

static void pass_signal(struct stay *stay, int signal)
{
	struct error ignored;

	if (stay->process.fd < 0)
		find_process(stay);
	if (stay->process.fd >= 0)
		ignore_failure(process_signal(&stay->process, signal, &ignored)); /* likewise */
}

static bool ends_us(int signal)
{
	return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}

static void take_signals(struct stay *stay)
{
	struct signalfd_siginfo info;

	while (read(stay->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGCONT && stay->raw)
			(void)tcsetattr(STDIN_FILENO, TCSANOW,
					&stay->mode); /* the shell has changed it meanwhile */
		if (signal == SIGWINCH || signal == SIGCONT)
			send_size(stay->fd, stay->options);
		else if (stay->options->proxy_signals)
			pass_signal(stay, signal);
		else if (ends_us(signal))
			stay->ended_by = signal;
	}
}

/* The container has ended: nothing is passed on any more. */
static void take_ending_signals(struct stay *stay)
{
	struct signalfd_siginfo info;

	while (read(stay->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (ends_us((int)info.ssi_signo))
			stay->ended_by = (int)info.ssi_signo;
}

/* --- the streams ---------------------------------------------------------------------------------- */

static void read_input(struct stay *stay)
{
	ssize_t got = read(STDIN_FILENO, stay->input, INPUT_BYTES);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	stay->input_length = got > 0 ? (size_t)got : 0;
	if (got <= 0)
		stay->input_open = false;
	else if (stay->options->terminal)
		stay->detached = attach_filter_keys(&stay->options->keys, &stay->typed, stay->input,
						    sizeof(stay->input), &stay->input_length);
}

/* What was read goes out; nothing left and an ended input is told once. */
static int send_input(struct stay *stay, bool was_open, struct error *err)
{
	int result = 0;

	if (stay->input_length > 0)
		result = client_send(stay->fd, PROTOCOL_STDIN, 0, 0, stay->input, stay->input_length, err);
	if (result == 0)
		stay->input_length = 0;
	if (result == 0 && was_open && !stay->input_open)
		result = client_send(stay->fd, PROTOCOL_STDIN_CLOSE, 0, 0, NULL, 0, err);
	return result;
}

static void write_output(struct stay *stay)
{
	struct piece *piece = stay->first;
	size_t left = piece->length - piece->written;
	ssize_t put =
		write(piece->fd, piece->bytes + piece->written, left < PIECE_BYTES ? left : PIECE_BYTES);

	if (put < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (put < 0)
		stay->output_lost[piece->fd] =
			true; /* the container goes on, and so do we, for its exit code */
	piece->written = put < 0 ? piece->length : piece->written + (size_t)put;
	if (piece->written < piece->length)
		return;
	stay->first = piece->next;
	if (stay->first == NULL)
		stay->last = NULL;
	stay->held_bytes -= piece->length;
	free(piece);
}

static int hold_output(struct stay *stay, int fd, size_t length, struct error *err)
{
	if (length == 0 || stay->output_lost[fd])
		return 0;
	struct piece *piece = malloc(sizeof(*piece) + length);

	if (piece == NULL)
		return error_set(err, ENOMEM, "pass output on");
	*piece = (struct piece){ .fd = fd, .length = length };
	memcpy(piece->bytes, stay->bytes, length);
	if (stay->last == NULL)
		stay->first = piece;
	else
		stay->last->next = piece;
	stay->last = piece;
	stay->held_bytes += length;
	return 0;
}

static int take_message(struct stay *stay, struct error *err)
{
	struct protocol_head head;
	int got = client_receive(stay->fd, &head, stay->bytes, err);

	if (got < 0)
		return got;
	if (head.type == PROTOCOL_STDOUT)
		return hold_output(stay, STDOUT_FILENO, (size_t)got, err);
	if (head.type == PROTOCOL_STDERR)
		return hold_output(stay, STDERR_FILENO, (size_t)got, err);
	if (head.type == PROTOCOL_STATE && head.b > 0 && stay->process.fd < 0)
		find_process(stay);
	if (head.type == PROTOCOL_EXITED) {
		stay->exited = true;
		stay->code = head.a;
	}
	return 0;
}

/*
 * A reader of ours that is slow makes the container wait, by the rooms of sockets and pipes. But not once the
 * container has ended: then it is little that is still to come, and hull-shim must not wait for long.
 */
static bool takes_output(struct stay *stay)
{
	if (stay->held_bytes < HELD_MAX_BYTES)
		return true;
	if (stay->process.fd < 0)
		find_process(stay);
	return stay->process.fd < 0 || process_ended(&stay->process);
}

static int stay_round(struct stay *stay, struct error *err)
{
	bool takes = takes_output(stay), input = stay->input_length > 0, was_open = stay->input_open;
	struct pollfd polls[] = {
		{ .fd = stay->signals, .events = POLLIN },
		{ .fd = stay->fd, .events = (short)((takes ? POLLIN : 0) | (input ? POLLOUT : 0)) },
		{ .fd = stay->first != NULL ? stay->first->fd : -1, .events = POLLOUT },
		{ .fd = was_open && !input ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = takes ? -1 : stay->process.fd, .events = POLLIN },
	};

	/* an ended connection that is not read would be reported without an end */
	if (polls[1].events == 0)
		polls[1].fd = -1;
	if (poll(polls, ARRAY_LEN(polls), -1) < 0)
		return errno == EINTR ? 0 : error_set(err, errno, "poll");
	if (polls[0].revents != 0)
		take_signals(stay);
	if (polls[2].revents != 0)
		write_output(stay);
	if (takes && (polls[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
		int result = take_message(stay, err);

		if (result < 0 && result != -EAGAIN)
			return result;
	}
	if (polls[3].revents != 0)
		read_input(stay);
	if (stay->input_length > 0 || was_open != stay->input_open) {
		int result = send_input(stay, was_open, err);

		if (result == -EAGAIN)
			stay->input_open = was_open; /* told when there is room */
		else if (result < 0)
			stay->input_open = false; /* the end is read from the connection */
	}
	return 0;
}

/* What is held goes out, if somebody reads it; the signals that end us are heeded meanwhile. */
static void flush_output(struct stay *stay)
{
	while (stay->first != NULL && stay->ended_by == 0) {
		struct pollfd polls[] = {
			{ .fd = stay->signals, .events = POLLIN },
			{ .fd = stay->first->fd, .events = POLLOUT },
		};

		if (poll(polls, ARRAY_LEN(polls), -1) < 0 && errno != EINTR)
			return;
		if (polls[0].revents != 0)
			take_ending_signals(stay);
		if (polls[1].revents != 0)
			write_output(stay);
	}
}

static int stay_until_end(struct stay *stay, enum attach_end *ret_end, int *ret_code, struct error *err)
{
	while (!stay->exited && !stay->detached && stay->ended_by == 0) {
		int result = stay_round(stay, err);

		if (result == -EPIPE) {
			flush_output(stay);
			*ret_end = ATTACH_LOST;
			return 0;
		}
		if (result < 0)
			return result;
	}
	flush_output(stay);
	*ret_end = stay->exited ? ATTACH_EXITED : stay->detached ? ATTACH_DETACHED : ATTACH_ENDED_BY_SIGNAL;
	*ret_code = stay->exited ? stay->code : 128 + stay->ended_by;
	return 0;
}

int attach_stay(struct front *front, const char *id, int fd, const struct attach_options *options,
		enum attach_end *ret_end, int *ret_code, struct error *err)
{
	static struct stay stay; /* large, and there is one only */

	stay = (struct stay){
		.front = front,
		.id = id,
		.options = options,
		.fd = fd,
		.signals = -1,
		.process = { .fd = -1 },
		.input_open = options->input,
	};
	*ret_code = 0;
	int result = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? error_set(err, errno, "fcntl") : 0;
	if (result == 0)
		result = open_signals(&stay, err);
	if (result == 0)
		result = set_raw(&stay, err);
	if (result == 0)
		result = stay_until_end(&stay, ret_end, ret_code, err);
	if (stay.raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &stay.saved); /* it may be gone */
	while (stay.first != NULL) {
		struct piece *piece = stay.first;

		stay.first = piece->next;
		free(piece);
	}
	cleanup_close(&stay.signals);
	cleanup_close(&stay.process.fd);
	return result;
}
