/* The first steps of a program; see entry.h. */
#include "base/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

/* One poll tells of all: POLLNVAL marks a closed descriptor. */
static int look_at_descriptors(struct error *err)
{
	struct pollfd stdio[] = {
		{ .fd = STDIN_FILENO }, { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO }, { .fd = 3 }
	};

	if (poll(stdio, ARRAY_LEN(stdio), 0) < 0)
		return error_set(err, errno, "look at the standard descriptors");
	/* What --preserve-fds may name: never something of hull's own that took a number left free. */
	if ((stdio[3].revents & POLLNVAL) == 0)
		fd_count_inherited();
	for (int i = 0; i < 3; i++) {
		/* without close-on-exec: these three are what a program is started with */
		if ((stdio[i].revents & POLLNVAL) != 0 && open("/dev/null", O_RDWR | O_NOCTTY) != i)
			return error_set(err, errno, "open /dev/null as descriptor %d", i);
	}
	return 0;
}

int entry_begin(const char *program)
{
	struct error err;

	error_clear(&err);
	int result = fd_cloexec_from(STDERR_FILENO + 1, &err);
	if (result == 0)
		result = look_at_descriptors(&err);
	if (result < 0) {
		dprintf(STDERR_FILENO, "%s: %s\n", program, err.text);
		return result;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	/* Ignored by who started us, the kernel would reap our children: no status, and their numbers free.
	 */
	(void)signal(SIGCHLD, SIG_DFL);
	return 0;
}
