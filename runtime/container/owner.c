/* Who has a writable layer; see owner.h. The record lies in the overlay's own scratch directory. */
#include "runtime/container/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define OWNER_FILE "hull-owner"

/* A record that is none says nothing. */
static int check_record(int fd, const char *upper, struct error *err)
{
	struct process_id id;
	struct pidfd process;
	struct error ignored;

	if (pread(fd, &id, sizeof(id), 0) != (ssize_t)sizeof(id) ||
	    id.boot_id[sizeof(id.boot_id) - 1] != '\0' || process_find(&id, &process, &ignored) < 0)
		return 0;
	(void)close(process.fd); /* only looked for */
	return error_set(err, EBUSY,
			 "the writable layer \"%s\" is that of a container that runs as process %d", upper,
			 (int)id.pid);
}

int owner_claim(const struct rootfs *rootfs, int *ret_lock, struct error *err)
{
	struct stat st;

	*ret_lock = -1;
	if (rootfs->upper == NULL)
		return 0;
	autoclose int work = open(rootfs->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (work < 0)
		return error_set(err, errno, "open the layer \"%s\"", rootfs->work);
	autoclose int fd =
		openat(work, OWNER_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open \"%s/%s\"", rootfs->work, OWNER_FILE);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, EPERM, "\"%s/%s\" can be written by another user", rootfs->work,
				 OWNER_FILE);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, EBUSY, "the writable layer \"%s\" is being given to a container",
				 rootfs->upper);
	int result = check_record(fd, rootfs->upper, err);
	if (result == 0)
		*ret_lock = take_fd(&fd);
	return result;
}

int owner_record(int lock, const struct process_id *init, struct error *err)
{
	if (lock >= 0 && pwrite(lock, init, sizeof(*init), 0) != (ssize_t)sizeof(*init))
		return error_set(err, errno, "write \"%s\"", OWNER_FILE);
	return 0;
}
