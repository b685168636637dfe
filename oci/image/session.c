/* One process's work on the store; see session.h. */
#include "oci/image/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/remove.h"
#include "base/syscalls.h"

#include "base/banned.h"

/* Made and locked while nobody sweeps: a directory without a lock is one of the dead. */
static int make_locked(struct session *session, struct error *err)
{
	char path[STORE_PATH_BYTES];
	int result = store_name(session->name, err);

	if (result < 0)
		return result;
	(void)snprintf(path, sizeof(path), "tmp/%s", session->name);
	result = store_lock(session->store, false, err);
	if (result < 0)
		return result;
	const struct store *held autounlock = session->store;

	if (mkdirat(session->store->root, path, 0700) < 0)
		return error_set(err, errno, "mkdir \"%s/%s\"", session->store->path, path);
	session->dir = openat(session->store->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (session->dir < 0 || flock(session->dir, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, errno, "open \"%s/%s\"", session->store->path, path);
	session->claims =
		openat(session->dir, "claims", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (session->claims < 0)
		return error_set(err, errno, "open \"%s/%s/claims\"", session->store->path, path);
	(void)held; /* until here */
	return 0;
}

int session_open(const struct store *store, struct session *ret, struct error *err)
{
	*ret = (struct session){ .store = store, .dir = -1, .claims = -1 };
	int result = make_locked(ret, err);

	store_fault("session");
	if (result < 0)
		session_close(ret);
	return result;
}

void session_close(struct session *session)
{
	struct error ignored;

	if (session->dir < 0)
		return;
	autoclose int tmp =
		openat(session->store->root, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (tmp >= 0) /* what stays is found by the next who collects */
		ignore_failure(remove_tree(tmp, session->name, &ignored));
	cleanup_close(&session->claims);
	cleanup_close(&session->dir);
	session->dir = session->claims = -1;
}

int session_claim(struct session *session, const char *path, bool *ret_there, struct error *err)
{
	char line[STORE_PATH_BYTES + 1];
	int length = snprintf(line, sizeof(line), "%s\n", path);
	int result = store_lock(session->store, false, err);

	if (result < 0)
		return result;
	result = fd_write_all(session->claims, line, (size_t)length, "claims", err);
	*ret_there = result == 0 && store_has(session->store, path);
	store_unlock(session->store);
	return result;
}

void session_place(struct session *session, char ret[STORE_PATH_BYTES])
{
	(void)snprintf(ret, STORE_PATH_BYTES, "tmp/%s/%u", session->name, session->made++);
	session->wrote = true;
}

int session_sync(struct session *session, struct error *err)
{
	if (!session->wrote)
		return 0;
	store_fault("sync");
	if (syncfs(session->dir) < 0)
		return error_set(err, errno, "write \"%s\" to the disk", session->store->path);
	store_fault("sync");
	session->wrote = false;
	return 0;
}

int session_publish(struct session *session, const char *from, const char *path, struct error *err)
{
	const struct store *store = session->store;

	store_fault("publish");
	if (renameat2(store->root, from, store->root, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return 0; /* the session's end removes ours */
	/* a file system without RENAME_NOREPLACE: a directory never replaces one that is not empty, and a
	 * file of the same name has the same content */
	if (errno == EINVAL &&
	    (renameat(store->root, from, store->root, path) == 0 || errno == ENOTEMPTY || errno == EEXIST))
		return 0;
	return error_set(err, errno, "publish \"%s/%s\"", store->path, path);
}

int session_lock_make(struct session *session, const char *digest, bool wait, int *ret_lock,
		      struct error *err)
{
	/* one byte of one file stands for each digest: no file of its own that would stay */
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	autoclose int fd =
		openat(session->store->root, "layers/lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	const char *hex = strchr(digest, ':');
	uint64_t start = 0;
	int result;

	if (fd < 0)
		return error_set(err, errno, "open \"%s/layers/lock\"", session->store->path);
	hex = hex == NULL ? digest : hex + 1;
	for (size_t i = 0; i < 15 && hex[i] != '\0'; i++)
		start = start << 4 | (uint64_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
	range.l_start = (off_t)start;
	do {
		result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_set(err, errno, "lock \"%s/layers/lock\"", session->store->path);
	*ret_lock = take_fd(&fd);
	return 0;
}
