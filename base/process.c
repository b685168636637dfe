/* Processes by pidfd; see process.h. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/syscalls.h"

#include "base/banned.h"

/* Kernel files read here are short: one read(2) gives all. */
static int read_short(const char *path, char *buffer, size_t room, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", path);
	ssize_t got = read(fd, buffer, room - 1);
	if (got < 0)
		return error_set(err, errno, "read \"%s\"", path);
	buffer[got] = '\0';
	return 0;
}

static int read_start_time(pid_t pid, uint64_t *ret, struct error *err)
{
	char path[40], stat[1024];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int result = read_short(path, stat, sizeof(stat), err);
	if (result < 0)
		return result == -ENOENT ? error_set(err, ESRCH, "process %d", (int)pid) : result;
	/* The name in parentheses may hold anything, also blanks and parentheses. */
	char *field = strrchr(stat, ')');
	for (int i = 2; field != NULL && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (field == NULL)
		return error_set(err, 0, "\"%s\" is not as proc(5) describes it", path);
	field[1 + strcspn(field + 1, " \n")] = '\0';
	return number_parse_u64(field + 1, UINT64_MAX, ret, err);
}

/* Read once: it does not change while this process runs, and some look for hundreds of others. */
static int read_boot_id(char *ret, size_t room, struct error *err)
{
	static char known[sizeof(((struct process_id *)NULL)->boot_id)];
	int result = known[0] != '\0'
			     ? 0
			     : read_short("/proc/sys/kernel/random/boot_id", known, sizeof(known), err);

	known[strcspn(known, "\n")] = '\0';
	if (result == 0)
		(void)snprintf(ret, room, "%s", known);
	return result;
}

/* The inode that is unique to a process, or 0 where pidfds are anonymous inodes (before 6.9). */
static uint64_t pidfd_inode(const struct pidfd *pidfd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd->fd, &fs) < 0 || (unsigned long)fs.f_type != PID_FS_MAGIC ||
	    fstat(pidfd->fd, &st) < 0)
		return 0;
	return st.st_ino;
}

int process_open(pid_t pid, struct pidfd *ret, struct error *err)
{
	long fd = sys_pidfd_open(pid, 0);

	if (fd < 0)
		return error_set(err, (int)-fd, "process %d", (int)pid);
	ret->fd = (int)fd;
	return 0;
}

int process_identify(pid_t pid, const struct pidfd *pidfd, struct process_id *ret, struct error *err)
{
	struct process_id id = { .pid = pid, .pidfd_inode = pidfd_inode(pidfd) };
	int result = read_start_time(pid, &id.start_time, err);

	if (result == 0)
		result = read_boot_id(id.boot_id, sizeof(id.boot_id), err);
	if (result == 0)
		*ret = id;
	return result;
}

int process_find(const struct process_id *id, struct pidfd *ret, struct error *err)
{
	char boot_id[40];
	struct pidfd pidfd = { .fd = -1 };

	int result = read_boot_id(boot_id, sizeof(boot_id), err);
	if (result < 0)
		return result;
	if (strcmp(boot_id, id->boot_id) != 0)
		return error_set(err, ESRCH, "process %d is of an earlier boot", (int)id->pid);
	result = process_open(id->pid, &pidfd, err);
	if (result < 0)
		return result == -EINVAL ? error_set(err, ESRCH, "process %d", (int)id->pid) : result;
	bool same = !process_ended(&pidfd);
	if (same && id->pidfd_inode != 0) {
		same = pidfd_inode(&pidfd) == id->pidfd_inode;
	} else if (same) {
		uint64_t start_time;

		same = read_start_time(id->pid, &start_time, err) == 0 && start_time == id->start_time;
	}
	if (!same) {
		(void)close(pidfd.fd); /* another process's */
		return error_set(err, ESRCH, "process %d", (int)id->pid);
	}
	*ret = pidfd;
	return 0;
}

bool process_ended(const struct pidfd *pidfd)
{
	struct pollfd poller = { .fd = pidfd->fd, .events = POLLIN };

	return poll(&poller, 1, 0) > 0;
}

int process_wait_ended(const struct pidfd *pidfd, int timeout_ms, struct error *err)
{
	int64_t deadline = process_now_ms() + timeout_ms;
	struct pollfd poller = { .fd = pidfd->fd, .events = POLLIN };

	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : deadline - process_now_ms();
		int ready = poll(&poller, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);

		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return error_set(err, errno, "wait for a process");
		if (ready == 0)
			return error_set(err, ETIMEDOUT, "wait for a process");
	}
}

int process_signal(const struct pidfd *pidfd, int signal, struct error *err)
{
	long result = sys_pidfd_send_signal(pidfd->fd, signal, NULL, 0);

	if (result < 0)
		return error_set(err, (int)-result, "send signal %d", signal);
	return 0;
}

int process_reap(const struct pidfd *pidfd, int *ret_status, struct error *err)
{
	siginfo_t info = { 0 };
	int result;

	do {
		result = waitid((idtype_t)P_PIDFD, (id_t)pidfd->fd, &info, WEXITED);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_set(err, errno, "waitid");
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

int64_t process_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with a valid clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
