/* What the command line names: sockets, pid files, inherited descriptors; see files.h. */
#include "runtime/container/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"

#include "base/banned.h"

int files_count(unsigned preserve_fds, struct process_extra *ret, struct error *err)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t for_whom, listen_fds;
	struct error ignored;

	if (pid != NULL && count != NULL && number_parse_u64(pid, INT32_MAX, &for_whom, &ignored) == 0 &&
	    (pid_t)for_whom == getpid() && number_parse_u64(count, 1024, &listen_fds, &ignored) == 0) {
		ret->listen_fds = (unsigned)listen_fds;
		ret->listen_fdnames = getenv("LISTEN_FDNAMES");
	}
	ret->preserve_fds = preserve_fds + ret->listen_fds;
	if (ret->preserve_fds > fd_inherited())
		return error_set(err, 0, "unable to stat preserved-fd %u (of %u): %s", 3 + fd_inherited(),
				 ret->preserve_fds, "bad file descriptor");
	return 0;
}

int files_connect(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int place = open(path, O_PATH | O_CLOEXEC);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (place < 0)
		return error_set(err, errno, "socket \"%s\"", path);
	if (fd < 0)
		return error_set(err, errno, "socket");
	/* A path may be longer than the 108 bytes of sun_path. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", place);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, errno, "connect to socket \"%s\"", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int files_write_pid(const char *path, pid_t pid, struct error *err)
{
	autofree char *directory = strdup(path);
	char number[16], temporary[300];

	if (directory == NULL)
		return error_set(err, ENOMEM, "pid file");
	char *slash = strrchr(directory, '/');
	const char *name = slash == NULL ? path : path + (slash - directory) + 1;
	if (slash != NULL)
		slash[slash == directory] = '\0';
	autoclose int dir = open(slash == NULL ? "." : directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "pid file \"%s\"", path);
	if ((size_t)snprintf(temporary, sizeof(temporary), ".%s", name) >= sizeof(temporary))
		return error_set(err, ENAMETOOLONG, "pid file \"%s\"", path);
	autoclose int fd =
		openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set(err, errno, "pid file \"%s\"", path);
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	int result = fd_write_all(fd, number, strlen(number), path, err);
	if (result == 0 && renameat(dir, temporary, dir, name) < 0)
		result = error_set(err, errno, "pid file \"%s\"", path);
	if (result < 0)
		(void)unlinkat(dir, temporary, 0); /* ours, and useless */
	return result;
}
