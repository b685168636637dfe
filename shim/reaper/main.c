/*
 * hull-reaper: what `hull container run --init` puts at the head of a container. It starts the program,
 * passes signals on to it, reaps what is orphaned, and ends as the program has ended. It is bound into the
 * container from the host, read-only, and does nothing but that; so it is one file, without any of hull's
 * rooms.
 *
 *   /dev/init -- PROGRAM [ARG...]
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define EXIT_CANNOT_START 125
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

static int fail(const char *what)
{
	dprintf(STDERR_FILENO, "hull-reaper: %s: %s\n", what, strerror(errno));
	return EXIT_CANNOT_START;
}

/* The child: a process group of its own, on the terminal where there is one, signals as they were. */
static void become_program(char **argv, const sigset_t *mask, void (*on_child)(int))
{
	if (setpgid(0, 0) == 0 && isatty(STDIN_FILENO) == 1) {
		/* from the background this would stop us */
		(void)signal(SIGTTOU, SIG_IGN);
		(void)tcsetpgrp(STDIN_FILENO, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
	}
	(void)signal(SIGCHLD, on_child);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	(void)execvp(argv[0], argv);
	int number = errno;

	(void)fail(argv[0]);
	_exit(number == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* Everything that has ended. True when @program is among it; then @ret_status is how. */
static int reap(pid_t program, int *ret_status)
{
	int status, ended = 0;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0)
			return ended;
		if (pid == program) {
			*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			ended = 1;
		}
	}
}

static int look_after(pid_t program, const sigset_t *all)
{
	int status = 0;

	for (;;) {
		siginfo_t info;
		int number = sigwaitinfo(all, &info);

		if (number < 0 && errno == EINTR)
			continue;
		if (number < 0)
			return fail("sigwaitinfo");
		if (number == SIGCHLD && reap(program, &status))
			return status;
		if (number != SIGCHLD)
			(void)kill(program, number); /* it may have ended: then SIGCHLD follows */
	}
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

	if (argc <= first) {
		dprintf(STDERR_FILENO, "usage: hull-reaper [--] PROGRAM [ARG...]\n");
		return EXIT_CANNOT_START;
	}
	/* where it is not the first process, orphans come to it all the same */
	if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fail("prctl");
	(void)sigfillset(&all);
	/* faults of our own stay deadly, and these belong to the terminal's job control */
	static const int own[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU
	};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)sigdelset(&all, own[i]);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
		return fail("sigprocmask");
	/* whoever started this may have ignored it: then the kernel reaps, and nobody is told of an end */
	void (*on_child)(int) = signal(SIGCHLD, SIG_DFL);
	pid_t program = fork();
	if (program < 0)
		return fail("fork");
	if (program == 0)
		become_program(argv + first, &before, on_child);
	return look_after(program, &all);
}
