/* A process beside hull-net; see aside.h. */
#include "runtime/net/aside.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/banned.h"

pid_t aside_fork(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			(void)close(fd); /* it was only inherited */
	(void)!fchdir(top);              /* where it fails the directory stays in use for a moment */
	(void)setsid();                  /* a new process leads no group */
	return 0;
}
