/* See ending.h. */
#include "shim/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

#include "base/banned.h"

#define RESERVE_NAME ".reserve"
#define RESERVE_BYTES 16384

/* include/uapi/linux/pidfd.h of Linux 6.15; Debian 12 has 6.1. */
struct pidfd_info_exit {
	uint64_t mask, cgroup_id;
	uint32_t ids[11];
	int32_t exit_code; /* as wait(2) has it */
};
#define PIDFD_GET_INFO_EXIT _IOWR(0xff, 11, struct pidfd_info_exit)
#define PIDFD_INFO_EXIT_BIT (1ULL << 3)

int64_t ending_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set_exit(bool exited, int status, struct store_exit *ret)
{
	ret->code = exited ? status : 128 + status;
	ret->signal = exited ? 0 : status;
}

void ending_take(int pidfd, struct store_exit *ret)
{
	siginfo_t info = { 0 };

	if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
		ret->code = -1; /* somebody else took it */
	else
		set_exit(info.si_code == CLD_EXITED, info.si_status, ret);
}

enum ending_foreign ending_take_foreign(int pidfd, struct store_exit *ret)
{
	struct pidfd_info_exit info = { .mask = PIDFD_INFO_EXIT_BIT };

	if (ioctl(pidfd, PIDFD_GET_INFO_EXIT, &info) < 0)
		return errno == ESRCH ? ENDING_NOT_YET : ENDING_NEVER;
	if ((info.mask & PIDFD_INFO_EXIT_BIT) == 0)
		return ENDING_NOT_YET;
	if (WIFEXITED(info.exit_code))
		set_exit(true, WEXITSTATUS(info.exit_code), ret);
	else
		set_exit(false, WTERMSIG(info.exit_code), ret);
	return ENDING_KNOWN;
}

int32_t ending_failure_code(const char *error)
{
	if (error == NULL)
		return -1;
	if (strstr(error, "executable file not found") != NULL ||
	    strstr(error, "no such file or directory") != NULL ||
	    strstr(error, "No such file or directory") != NULL)
		return 127;
	if (strstr(error, "permission denied") != NULL || strstr(error, "Permission denied") != NULL ||
	    strstr(error, "is a directory") != NULL || strstr(error, "exec format error") != NULL)
		return 126;
	return 128;
}

int ending_reserve(int dir, struct error *err)
{
	autoclose int fd = openat(dir, RESERVE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "reserve room for the exit record");
	int number = posix_fallocate(fd, 0, RESERVE_BYTES);
	return number != 0 && number != EOPNOTSUPP
		       ? error_set(err, number, "reserve room for the exit record")
		       : 0;
}

void ending_unreserve(const struct store *store, const char *id)
{
	autoclose int dir = -1;
	struct error ignored;

	if (store_directory(store, id, &dir, &ignored) == 0)
		(void)unlinkat(dir, RESERVE_NAME, 0); /* it may have been used */
}

int ending_save(const struct store *store, const char *id, const struct store_exit *exit, struct error *err)
{
	int result = store_exit_save(store, id, exit, err);

	if (result != -ENOSPC && result != -EDQUOT)
		return result;
	ending_unreserve(store, id);
	result = store_exit_save(store, id, exit, err);
	autoclose int dir = -1;
	struct error ignored;
	if (store_directory(store, id, &dir, &ignored) == 0)
		ignore_failure(ending_reserve(dir, &ignored)); /* for a next run; the disk may be full */
	return result;
}

bool ending_is_recorded(const struct store *store, const char *id, const struct store_run *run,
			struct store_exit *ret)
{
	struct store_exit exit;
	struct arena arena;
	struct error ignored;

	arena_init(&arena, 0);
	bool same = run->container.pid != 0 && store_exit_load(store, id, &arena, &exit, &ignored) == 0 &&
		    exit.container.pid == run->container.pid &&
		    exit.container.start_time == run->container.start_time &&
		    text_equal(exit.container.boot_id, run->container.boot_id);
	arena_release(&arena);
	if (!same)
		return false;
	exit.error = NULL; /* it was in the arena */
	*ret = exit;
	return true;
}
