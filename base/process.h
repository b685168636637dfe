/*
 * Processes: held by pidfd, recognised after the fact by start time and pidfd inode.
 */
#ifndef HULL_BASE_PROCESS_H
#define HULL_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct pidfd {
	int fd;
};

/* What tells one process from a later one with the same number. */
struct process_id {
	int32_t pid;
	uint64_t start_time;  /* field 22 of /proc/PID/stat, clock ticks since boot */
	uint64_t pidfd_inode; /* inode of its pidfd where pidfds are pidfs (Linux 6.9), else 0 */
	char boot_id[40];     /* /proc/sys/kernel/random/boot_id, NUL-terminated */
};

/* Errors: -ESRCH there is no such process. Linux 5.3. */
must_check int process_open(pid_t pid, struct pidfd *ret, struct error *err);
/* Take down who @pid, held by @pidfd, is. */
must_check int process_identify(pid_t pid, const struct pidfd *pidfd, struct process_id *ret,
				struct error *err);
/*
 * A pidfd of exactly the process that @id describes.
 * Errors: -ESRCH it is gone (ended, or its number belongs to another, or the machine was rebooted).
 * A zombie is gone too.
 */
must_check int process_find(const struct process_id *id, struct pidfd *ret, struct error *err);
/* True once the process has ended, reaped or not. */
bool process_ended(const struct pidfd *pidfd);
/* Wait until the process has ended. @timeout_ms: -1 waits forever. Errors: -ETIMEDOUT. */
must_check int process_wait_ended(const struct pidfd *pidfd, int timeout_ms, struct error *err);
/* Send @signal. Errors: -ESRCH it is gone. */
must_check int process_signal(const struct pidfd *pidfd, int signal, struct error *err);
/* Reap the child behind @pidfd. @ret_status: exit code, or 128 + signal. Blocks. */
must_check int process_reap(const struct pidfd *pidfd, int *ret_status, struct error *err);
/* Milliseconds of CLOCK_MONOTONIC. */
int64_t process_now_ms(void);

#endif
