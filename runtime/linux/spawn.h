/*
 * Starting hull-init: from clone to exec there is one function of raw system calls.
 */
#ifndef HULL_RUNTIME_LINUX_SPAWN_H
#define HULL_RUNTIME_LINUX_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"

struct spawn_request {
	uint64_t flags;      /* CLONE_NEW*, 0 for a joiner */
	int cgroup_fd;       /* version 2 directory to be born in, -1: none */
	int program_fd;      /* hull-init: sealed memfd */
	int plan_fd;         /* the sealed plan */
	const int32_t *keep; /* descriptors that stay open over the exec, -1 entries are skipped */
	size_t keep_count;
	unsigned preserve_fds; /* 3 … 3+N-1 stay open too: the program's */
	int32_t wait_fd; /* new user namespace: GO comes here once the id maps are written; -1: no wait */
	int wait_peer;   /* its other end: the child closes its copy, or our death would not be its end */
};

/*
 * Clone and execute hull-init. Without wait_fd the child shares memory until its exec (vfork), so
 * that a failing exec is an error here; with it the caller has to write the maps and send GO.
 * Errors: those of clone3 and execveat. @ret_exec_refused: it was execveat that answered EACCES or
 * EPERM, as machines do that refuse to execute memfds.
 */
must_check int spawn_init(const struct spawn_request *request, pid_t *ret_pid, struct pidfd *ret_pidfd,
			  bool *ret_exec_refused, struct error *err);

#endif
