/* Programs started; see child.h. */
#include "shim/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/syscalls.h"

#include "base/banned.h"

#define SAID_BYTES 2048 /* of the end of what it says */

void child_init(struct child *child, void (*ended)(struct loop_source *source, uint32_t events))
{
	*child = (struct child){ .source = { .fd = -1, .ready = ended }, .said = -1 };
}

bool child_runs(const struct child *child)
{
	return child->source.fd >= 0;
}

/* In the child, which has one thread and a copy of everything: any function may be called. */
static _Noreturn void become(const struct child_request *request, int null, int said)
{
	int fds[3];
	sigset_t none;
	char number[16];

	for (int i = 0; i < 3; i++) {
		int fd = request->fds[i] >= 0 ? request->fds[i] : i == 2 ? said : null;

		/* Above the standard ones first: none is overwritten before it is used. */
		fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3 + (int)request->listen_fds);
	}
	for (int i = 0; i < 3; i++)
		if (fds[i] < 0 || dup2(fds[i], i) < 0)
			_exit(127);
	for (unsigned i = 0; i < request->listen_fds; i++)
		if (fcntl(3 + (int)i, F_SETFD, 0) < 0)
			_exit(127);
	if (request->listen_fds > 0) {
		(void)snprintf(number, sizeof(number), "%d", (int)getpid());
		if (setenv("LISTEN_PID", number, 1) < 0)
			_exit(127);
		(void)snprintf(number, sizeof(number), "%u", request->listen_fds);
		if (setenv("LISTEN_FDS", number, 1) < 0 ||
		    (request->listen_names != NULL && setenv("LISTEN_FDNAMES", request->listen_names, 1) < 0))
			_exit(127);
	}
	(void)sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL); /* a valid number */
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 ||
	    (request->directory >= 0 && fchdir(request->directory) < 0))
		_exit(127);
	(void)execv(request->argv[0], (char *const *)(uintptr_t)request->argv);
	dprintf(STDERR_FILENO, "%s: %m\n", request->argv[0]);
	_exit(127);
}

int child_spawn(struct child *child, const struct loop *loop, const struct child_request *request,
		struct error *err)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	autoclose int said = memfd_create("said", MFD_CLOEXEC);
	struct pidfd pidfd;

	if (null < 0 || said < 0)
		return error_set(err, errno, "start \"%s\"", request->argv[0]);
	pid_t pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0)
		become(request, null, said);
	int result = process_open(pid, &pidfd, err);
	if (result == 0) {
		child->source.fd = pidfd.fd;
		result = loop_watch(loop, &child->source, EPOLLIN, err);
		if (result < 0)
			loop_forget(loop, &child->source);
	}
	if (result < 0) {
		(void)kill(pid, SIGKILL); /* ours and not reaped: the number is its own */
		(void)waitpid(pid, NULL, 0);
		return result;
	}
	child->pid = pid;
	child->said = take_fd(&said);
	return 0;
}

void child_last_line(const char *bytes, size_t length, char *ret, size_t room)
{
	size_t start;

	while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\0'))
		length--;
	for (start = length; start > 0 && bytes[start - 1] != '\n'; start--)
		;
	length -= start;
	if (length >= room)
		length = room - 1;
	memcpy(ret, bytes + start, length);
	ret[length] = '\0';
}

int child_reap(struct child *child, const struct loop *loop, const char *name, struct error *err)
{
	siginfo_t info = { 0 };
	char bytes[SAID_BYTES], line[SAID_BYTES / 2];
	autoclose int said = take_fd(&child->said);
	/* Its pidfd is readable: it has ended, this does not wait. */
	int result = waitid((idtype_t)P_PIDFD, (id_t)child->source.fd, &info, WEXITED);
	int number = errno;

	loop_forget(loop, &child->source);
	child->pid = 0;
	if (result < 0)
		return error_set(err, number, "waitid");
	if (info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	off_t size = lseek(said, 0, SEEK_END);
	off_t from = size > SAID_BYTES ? size - SAID_BYTES : 0;
	ssize_t got = pread(said, bytes, sizeof(bytes), from);
	child_last_line(bytes, got > 0 ? (size_t)got : 0, line, sizeof(line));
	if (line[0] != '\0')
		return error_set(err, 0, "%s", line);
	if (info.si_code == CLD_EXITED)
		return error_set(err, 0, "%s exited with status %d", name, info.si_status);
	return error_set(err, 0, "%s was killed by signal %d", name, info.si_status);
}
