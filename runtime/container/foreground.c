/* Staying with a process; see foreground.h. */
#include "runtime/container/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/container/notify.h"

#include "base/banned.h"

#define BUFFER_BYTES 8192

int foreground_prepare(struct foreground *foreground, struct error *err)
{
	/* Faults must kill hull itself; SIGCHLD is seen through the pidfd. */
	static const int not_ours[] = { SIGSEGV, SIGBUS, SIGFPE,  SIGILL, SIGTRAP,
					SIGABRT, SIGSYS, SIGCHLD, SIGURG, SIGPIPE };
	sigset_t set;
	int pair[2];

	(void)sigfillset(&set);
	for (size_t i = 0; i < ARRAY_LEN(not_ours); i++)
		(void)sigdelset(&set, not_ours[i]); /* valid numbers */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(err, errno, "block signals");
	foreground->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (foreground->signals < 0)
		return error_set(err, errno, "signalfd");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "socketpair");
	foreground->console_ours = pair[0];
	foreground->console_theirs = pair[1];
	return 0;
}

static void copy_window_size(const struct foreground *foreground)
{
	struct winsize size;

	if (foreground->host >= 0 && foreground->master >= 0 &&
	    ioctl(foreground->host, TIOCGWINSZ, &size) == 0)
		(void)ioctl(foreground->master, TIOCSWINSZ, &size); /* cosmetic: the process may have gone */
}

int foreground_take_terminal(struct foreground *foreground, struct error *err)
{
	char name[64];
	struct termios raw;
	ssize_t got = fd_receive(foreground->console_ours, name, sizeof(name), &foreground->master, 1, err);

	if (got < 0)
		return error_add(err, "receive the terminal");
	if (foreground->master < 0)
		return error_set(err, EPROTO, "receive the terminal");
	if (fcntl(foreground->master, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "terminal");
	for (int fd = 0; fd <= 2 && foreground->host < 0; fd++)
		if (isatty(fd) != 0)
			foreground->host = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (foreground->host < 0)
		foreground->host = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (foreground->host < 0)
		return error_set(err, errno, "open /dev/tty");
	if (tcgetattr(foreground->host, &foreground->saved) < 0)
		return error_set(err, errno, "tcgetattr");
	raw = foreground->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* our messages keep their line ends */
	if (tcsetattr(foreground->host, TCSANOW, &raw) < 0)
		return error_set(err, errno, "tcsetattr");
	foreground->raw = true;
	copy_window_size(foreground);
	return 0;
}

static void pass_signals(const struct foreground *foreground, const struct pidfd *process)
{
	struct signalfd_siginfo info;
	struct error ignored;

	while (read(foreground->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			copy_window_size(foreground);
		if (info.ssi_signo != SIGWINCH || foreground->master < 0)
			ignore_failure(process_signal(process, (int)info.ssi_signo,
						      &ignored)); /* it may have ended */
	}
}

/* What is on its way to the process's terminal. */
struct pending {
	char bytes[BUFFER_BYTES];
	size_t length;
};

static void flush_pending(int master, struct pending *pending)
{
	ssize_t put = write(master, pending->bytes, pending->length);

	if (put > 0) {
		pending->length -= (size_t)put;
		memmove(pending->bytes, pending->bytes + put, pending->length);
	} else if (put < 0 && errno != EAGAIN && errno != EINTR) {
		pending->length = 0; /* the other side is gone: nobody will read it */
	}
}

/* From the terminal to our output. False at its end. */
static bool copy_output(int master)
{
	char bytes[BUFFER_BYTES];
	struct error ignored;
	ssize_t got = read(master, bytes, sizeof(bytes));

	if (got > 0)
		ignore_failure(fd_write_all(STDOUT_FILENO, bytes, (size_t)got, "output", &ignored)); /* a
			closed output must not end the process: it goes on without a reader */
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

int foreground_wait(struct foreground *foreground, pid_t pid, const struct pidfd *process, int *ret_status,
		    struct error *err)
{
	struct pending pending = { .length = 0 };
	bool input = foreground->master >= 0, output = foreground->master >= 0;

	for (;;) {
		struct pollfd polls[] = {
			{ .fd = process->fd, .events = POLLIN },
			{ .fd = foreground->signals, .events = POLLIN },
			{ .fd = output ? foreground->master : -1,
			  .events = (short)(POLLIN | (pending.length > 0 ? POLLOUT : 0)) },
			{ .fd = input && pending.length == 0 ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = foreground->notify, .events = POLLIN },
		};

		if (poll(polls, ARRAY_LEN(polls), -1) < 0 && errno != EINTR)
			return error_set(err, errno, "poll");
		if (polls[1].revents != 0)
			pass_signals(foreground, process);
		if ((polls[2].revents & POLLOUT) != 0)
			flush_pending(foreground->master, &pending);
		if ((polls[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			output = copy_output(foreground->master);
		if (polls[3].revents != 0) {
			ssize_t got = read(STDIN_FILENO, pending.bytes, sizeof(pending.bytes));

			input = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
			pending.length = got > 0 ? (size_t)got : 0;
		}
		if (polls[4].revents != 0 &&
		    notify_handle(foreground->notify, foreground->notify_host, pid, err) != 0)
			(void)close(take_fd(&foreground->notify)); /* told, or there is nobody to tell */
		if (polls[0].revents != 0)
			break;
	}
	/* What it wrote last is still in the terminal. */
	while (output) {
		struct pollfd rest = { .fd = foreground->master, .events = POLLIN };

		output = poll(&rest, 1, 0) > 0 && copy_output(foreground->master);
	}
	return process_reap(process, ret_status, err);
}

void foreground_release(struct foreground *foreground)
{
	const int fds[] = { foreground->signals, foreground->console_ours, foreground->console_theirs,
			    foreground->notify, foreground->master };

	if (foreground->raw)
		(void)tcsetattr(foreground->host, TCSANOW, &foreground->saved); /* the terminal may be gone */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		cleanup_close(&fds[i]);
	cleanup_close(&foreground->host);
	*foreground = FOREGROUND_EMPTY;
}
