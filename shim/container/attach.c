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
			return error_set(err, 0, "invalid detach keys (%s) provided", text == NULL ? "" : text);
		keys.bytes[keys.count++] = key;
		s += length;
		if (*s == ',' && *++s == '\0')
			return error_set(err, 0, "invalid detach keys (%s) provided", text == NULL ? "" : text);
	}
	*ret = keys;
	return 0;
}

bool attach_filter_keys(const struct attach_keys *keys, size_t *typed, unsigned char *bytes, size_t room, size_t *length)
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
	int ended_by;          /* a signal that ends us, 0: none */
	int output_fd;         /* where what is in bytes goes */
	size_t written, length; /* of it */
	bool output_lost[3];   /* by descriptor: its reader has gone */
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
		ignore_failure(client_send(fd, PROTOCOL_RESIZE, size.ws_row, size.ws_col, NULL, 0, &ignored)); /* cosmetic */
}

int attach_hello(int fd, const struct attach_options *options, struct error *err)
{
	int wants = PROTOCOL_WANT_OUTPUT | PROTOCOL_WANT_EXIT | PROTOCOL_WANT_PATIENCE;
	int result = client_send(fd, PROTOCOL_HELLO, wants | (options->input ? PROTOCOL_WANT_INPUT : 0), 0, NULL, 0, err);

	if (result == 0)
		send_size(fd, options);
	return result;
}

/* --- signals -------------------------------------------------------------------------------------- */

static int open_signals(struct stay *stay, struct error *err)
{
	static const int ours[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		(void)sigaddset(&set, ours[i]); /* valid numbers */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(err, errno, "block signals");
	stay->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return stay->signals < 0 ? error_set(err, errno, "signalfd") : 0;
}

static void pass_signal(struct stay *stay, int signal)
{
	struct store_run run;
	struct error ignored;

	if (stay->process.fd < 0 && store_run_load(&stay->front->store, stay->id, &run, &ignored) == 0 &&
	    run.container.pid != 0)
		ignore_failure(process_find(&run.container, &stay->process, &ignored)); /* then it has ended */
	if (stay->process.fd >= 0)
		ignore_failure(process_signal(&stay->process, signal, &ignored)); /* likewise */
}

static void take_signals(struct stay *stay)
{
	struct signalfd_siginfo info;

	while (read(stay->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGCONT && stay->raw)
			(void)tcsetattr(STDIN_FILENO, TCSANOW, &stay->mode); /* the shell has changed it meanwhile */
		if (signal == SIGWINCH || signal == SIGCONT)
			send_size(stay->fd, stay->options);
		else if (stay->options->proxy_signals)
			pass_signal(stay, signal);
		else if (signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM)
			stay->ended_by = signal;
	}
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
		stay->detached = attach_filter_keys(&stay->options->keys, &stay->typed, stay->input, sizeof(stay->input),
						    &stay->input_length);
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
	size_t left = stay->length - stay->written, piece = left < PIECE_BYTES ? left : PIECE_BYTES;
	ssize_t put = write(stay->output_fd, stay->bytes + stay->written, piece);

	if (put > 0)
		stay->written += (size_t)put;
	else if (put < 0 && errno != EINTR && errno != EAGAIN) {
		/* nobody reads any more: the container goes on, and so do we, for its exit code */
		stay->output_lost[stay->output_fd] = true;
		stay->written = stay->length;
	}
}

static int take_message(struct stay *stay, struct error *err)
{
	struct protocol_head head;
	int got = client_receive(stay->fd, &head, stay->bytes, err);

	if (got < 0)
		return got;
	if (head.type == PROTOCOL_STDOUT || head.type == PROTOCOL_STDERR) {
		stay->output_fd = head.type == PROTOCOL_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
		stay->written = 0;
		stay->length = stay->output_lost[stay->output_fd] ? 0 : (size_t)got;
	} else if (head.type == PROTOCOL_EXITED) {
		stay->exited = true;
		stay->code = head.a;
	}
	return 0;
}

static int stay_round(struct stay *stay, struct error *err)
{
	bool output = stay->written < stay->length, input = stay->input_length > 0, was_open = stay->input_open;
	struct pollfd polls[] = {
		{ .fd = stay->signals, .events = POLLIN },
		{ .fd = stay->fd, .events = (short)((output ? 0 : POLLIN) | (input ? POLLOUT : 0)) },
		{ .fd = output ? stay->output_fd : -1, .events = POLLOUT },
		{ .fd = was_open && !input ? STDIN_FILENO : -1, .events = POLLIN },
	};

	/* with output on its way an ended connection would be reported without an end */
	if (polls[1].events == 0)
		polls[1].fd = -1;
	if (poll(polls, ARRAY_LEN(polls), -1) < 0)
		return errno == EINTR ? 0 : error_set(err, errno, "poll");
	if (polls[0].revents != 0)
		take_signals(stay);
	if (polls[2].revents != 0)
		write_output(stay);
	if ((polls[1].revents & POLLIN) != 0 || (!output && (polls[1].revents & (POLLHUP | POLLERR)) != 0)) {
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

static int stay_until_end(struct stay *stay, enum attach_end *ret_end, int *ret_code, struct error *err)
{
	while (!stay->exited && !stay->detached && stay->ended_by == 0) {
		int result = stay_round(stay, err);

		if (result == -EPIPE) {
			*ret_end = ATTACH_LOST;
			return 0;
		}
		if (result < 0)
			return result;
	}
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
	cleanup_close(&stay.signals);
	cleanup_close(&stay.process.fd);
	return result;
}
