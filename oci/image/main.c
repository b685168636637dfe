/*
 * The entry of hull-image: puts the process into a known state before anything else runs. Descriptors
 * that the caller left open reach no program that is started here: everything above standard error becomes
 * close-on-exec here; opened files never land on 0 to 2 by accident.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/image/front.h"

#include "base/banned.h"

/* One poll tells of all three: POLLNVAL marks a closed descriptor. */
static int open_missing_stdio(struct error *err)
{
	struct pollfd stdio[] = { { .fd = STDIN_FILENO }, { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };

	if (poll(stdio, 3, 0) < 0)
		return error_set(err, errno, "look at the standard descriptors");
	for (int i = 0; i < 3; i++)
		if ((stdio[i].revents & POLLNVAL) != 0 && open("/dev/null", O_RDWR | O_NOCTTY) != i)
			return error_set(err, errno, "open /dev/null as descriptor %d", i);
	return 0;
}

int main(int argc, char **argv)
{
	struct error err;

	error_clear(&err);
	if (fd_cloexec_from(STDERR_FILENO + 1, &err) < 0 || open_missing_stdio(&err) < 0) {
		dprintf(STDERR_FILENO, "hull-image: %s\n", err.text);
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write */
	return front_main(argc, argv);
}
