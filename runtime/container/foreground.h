/*
 * Staying with a process until it ends: signals are passed on, and where it has a terminal, hull is
 * the proxy between that and its own (raw mode, window size).
 */
#ifndef HULL_RUNTIME_CONTAINER_FOREGROUND_H
#define HULL_RUNTIME_CONTAINER_FOREGROUND_H

#include <termios.h>

#include "base/error.h"
#include "base/process.h"

struct foreground {
	int signals;                      /* signalfd */
	int console_ours, console_theirs; /* where hull-init sends its terminal */
	int notify;                       /* where the container says READY=1, -1: nobody wants to know */
	const char *notify_host;
	int master; /* the process's terminal, -1: none */
	int host;   /* our own terminal, -1: none */
	struct termios saved;
	bool raw;
};
#define FOREGROUND_EMPTY                                                                                     \
	((struct foreground){ .signals = -1,                                                                 \
			      .console_ours = -1,                                                            \
			      .console_theirs = -1,                                                          \
			      .notify = -1,                                                                  \
			      .master = -1,                                                                  \
			      .host = -1 })

/* Before the process is made: no signal is lost from here on; a socket pair for its terminal. */
must_check int foreground_prepare(struct foreground *foreground, struct error *err);
/* Take the terminal that the process has sent, put our own into raw mode, copy the window size. */
must_check int foreground_take_terminal(struct foreground *foreground, struct error *err);
/* Until the process ends. @ret_status: exit code or 128 + signal. */
must_check int foreground_wait(struct foreground *foreground, pid_t pid, const struct pidfd *process,
			       int *ret_status, struct error *err);
/* Gives our terminal its mode back. Accepts the empty state. */
void foreground_release(struct foreground *foreground);

#endif
