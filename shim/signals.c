/* signalfd; see signals.h. */
#include "shim/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

static struct loop_source source = { .fd = -1 };
static void (*got_signal)(int signal);

static void ready(struct loop_source *self, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(self->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		got_signal((int)info.ssi_signo);
}

int signals_open(const struct loop *loop, void (*got)(int signal), struct error *err)
{
	/* Faults must kill us; a pipe without reader is an error of write. */
	static const int not_ours[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE };
	sigset_t set;

	(void)sigfillset(&set);
	for (size_t i = 0; i < ARRAY_LEN(not_ours); i++)
		(void)sigdelset(&set, not_ours[i]); /* valid numbers */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, the kernel would take our children's status away */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(err, errno, "block signals");
	source = (struct loop_source){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = ready };
	if (source.fd < 0)
		return error_set(err, errno, "signalfd");
	got_signal = got;
	return loop_watch(loop, &source, EPOLLIN, err);
}
