/*
 * The entry of hull: puts the process into a known state before anything else runs, then hands the
 * command line over.
 *
 * Descriptors that the caller left open must never leak into a container or a hook: everything above
 * standard error becomes close-on-exec here, in the first act (CVE-2024-21626). --preserve-fds
 * names its descriptors by number later. Opened files must never land on 0 to 2 by accident.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "runtime/cli/cli.h"

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

int main(int argc, char **argv)
{
	struct error err;

	error_clear(&err);
	if (fd_cloexec_from(STDERR_FILENO + 1, &err) < 0 || look_at_descriptors(&err) < 0) {
		dprintf(STDERR_FILENO, "hull: %s\n", err.text);
		return 1;
	}
#ifdef __GLIBC__
	/* One growth of the heap, and none given back: hull ends soon. Both are hints. */
	(void)mallopt(M_TOP_PAD, 512 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write */
	/* Ignored by who started us, the kernel would reap our children: no status, and their numbers free.
	 */
	(void)signal(SIGCHLD, SIG_DFL);
	return cli_main(argc, argv);
}
