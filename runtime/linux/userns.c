/* The maps of a user namespace; see userns.h. Only who is in it has them: a process enters and waits. */
#include "runtime/linux/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/text.h"

#include "base/banned.h"

#define MAX_MAP_BYTES 65536

/*
 * In the process: enter, say so, wait to be killed. It must not outlive us. Whoever is root in there could
 * trace it, were it dumpable, and have all of hull's memory, descriptors and mounts.
 */
static void stay_inside(int userns, int socket, pid_t parent)
{
	char entered = 1;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    getppid() != parent || setns(userns, CLONE_NEWUSER) < 0 ||
	    send(socket, &entered, 1, MSG_NOSIGNAL) != 1)
		_exit(1);
	for (;;)
		(void)sys_call6(__NR_ppoll, 0, 0, 0, 0, 0, 0); /* until SIGKILL */
}

static int compare_map(int proc, const char *file, const struct spec_id_mappings *wanted, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = fd_read_file_at(proc, file, MAX_MAP_BYTES, &text, err);
	const char *rest = text.data;
	size_t matched = 0, lines = 0;

	if (result < 0)
		return result;
	for (uint32_t inside, outside, size; rest != NULL && *rest != '\0'; lines++) {
		int length = 0;

		/* the kernel's own words: three numbers of 32 bits */
		if (sscanf(rest, "%" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &inside, &outside, &size,
			   &length) != 3)
			break;
		for (size_t i = 0; i < wanted->count; i++)
			matched += wanted->items[i].container_id == inside &&
				   wanted->items[i].host_id == outside && wanted->items[i].size == size;
		rest += length;
		rest += *rest == '\n';
	}
	if (lines != wanted->count || matched != lines)
		return error_set(
			err, 0,
			"linux: the document's mappings are not those of the user namespace to join (%s)",
			file);
	return 0;
}

static int compare_maps(const struct spec *spec, pid_t pid, struct error *err)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	autoclose int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return error_set(err, errno, "open \"%s\"", path);
	int result = compare_map(proc, "uid_map", &spec->linux->uid_mappings, err);
	return result < 0 ? result : compare_map(proc, "gid_map", &spec->linux->gid_mappings, err);
}

int userns_check_maps(const struct spec *spec, int userns, struct error *err)
{
	int sockets[2], pidfd = -1, status;
	struct error ignored;
	char entered = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "socketpair");
	autoclose int ours = sockets[0], theirs = sockets[1];
	struct clone_args args = { .flags = CLONE_PIDFD,
				   .pidfd = (uint64_t)(uintptr_t)&pidfd,
				   .exit_signal = SIGCHLD };
	pid_t parent = getpid();
	long pid = sys_call6(__NR_clone3, SYS_PTR(&args), sizeof(args), 0, 0, 0, 0);
	if (pid == 0)
		stay_inside(userns, theirs, parent);
	if (pid < 0)
		return error_set(err, (int)-pid, "look into a user namespace");
	struct pidfd child = { .fd = pidfd };
	autoclose int held = pidfd;
	(void)held;
	(void)close(take_fd(&theirs)); /* its end tells of its death */
	int result = recv(ours, &entered, 1, 0) == 1
			     ? compare_maps(spec, (pid_t)pid, err)
			     : error_set(err, EPERM, "enter the user namespace to join");
	ignore_failure(process_signal(&child, SIGKILL, &ignored)); /* it waits for nothing else */
	ignore_failure(process_reap(&child, &status, &ignored));   /* our child, and it is dying */
	return result;
}
