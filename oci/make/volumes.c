/* Volumes; see volumes.h. The seed is copied from descriptor to descriptor, never through a path of the
 * image's: between file systems of any kind, holes as holes. */
#include "oci/make/volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/remove.h"

#include "base/banned.h"

#define NAME_MAX_BYTES 128
#define MAX_DEPTH 200

static void close_directory(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir); /* it was only read */
}

/* --- copying ------------------------------------------------------------------------------------------ */

static int copy_tree(int from, int to, unsigned depth, struct error *err);

static int copy_attributes(int fd, const struct stat *st, const char *name, struct error *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
	    futimens(fd, times) < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	return 0;
}

/* As copy_file_range(2) does, which refuses two file systems of different kinds, an overlay's above all. */
static ssize_t copy_some(int from, int to, off_t at, off_t length)
{
	char buffer[32768];
	off_t in = at, out = at;
	ssize_t done = copy_file_range(from, &in, to, &out, (size_t)length, 0);

	if (done >= 0 || (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
		return done;
	ssize_t got =
		pread(from, buffer, length < (off_t)sizeof(buffer) ? (size_t)length : sizeof(buffer), at);
	return got <= 0 ? got : pwrite(to, buffer, (size_t)got, at);
}

/* Every stretch of data to its place. Returns 0, or -1 with errno. */
static int copy_data(int from, int to, off_t size)
{
	for (off_t at = 0, end; at < size; at = end) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			break; /* only a hole is left */
		end = at < 0 ? -1 : lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return -1;
		while (at < end) {
			ssize_t done = copy_some(from, to, at, end - at);

			if (done < 0)
				return -1;
			if (done == 0)
				return ftruncate(to, size); /* it has become shorter */
			at += done;
		}
	}
	return ftruncate(to, size);
}

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	autoclose int from =
		openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autoclose int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (from < 0 || to < 0 || copy_data(from, to, st->st_size) < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	return copy_attributes(to, st, name, err);
}

static int copy_directory(int from_dir, int to_dir, const char *name, const struct stat *st, unsigned depth,
			  struct error *err)
{
	autoclose int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -1;

	if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	int result = copy_tree(from, to, depth + 1, err);
	return result < 0 ? result : copy_attributes(to, st, name, err);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	char target[4096];
	ssize_t length = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (length < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	target[length] = '\0';
	if (symlinkat(target, to_dir, name) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	return 0;
}

/* Nodes, FIFOs and sockets stay behind: a volume is data. */
static int copy_entry(int from, int to, const char *name, unsigned depth, struct error *err)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, &st, err);
	if (S_ISDIR(st.st_mode))
		return copy_directory(from, to, name, &st, depth, err);
	return S_ISLNK(st.st_mode) ? copy_link(from, to, name, &st, err) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH levels */
static int copy_tree(int from, int to, unsigned depth, struct error *err)
{
	int result = 0, again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_directory))) DIR *dir = again < 0 ? NULL : fdopendir(again);

	if (dir == NULL || depth > MAX_DEPTH) {
		if (dir == NULL && again >= 0)
			(void)close(again);
		return error_set(err, dir == NULL ? errno : ELOOP, "fill a volume");
	}
	for (const struct dirent *entry = readdir(dir); entry != NULL && result == 0; entry = readdir(dir))
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, ".."))
			result = copy_entry(from, to, entry->d_name, depth, err);
	return result;
}

/* --- places ------------------------------------------------------------------------------------------- */

static int check_name(const char *name, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length = strlen(name),
	       right = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-");

	if (right == length && length >= 2 && length <= NAME_MAX_BYTES && strchr(letters, name[0]) != NULL)
		return 0;
	return error_set(
		err, 0,
		"create %s: \"%s\" includes invalid characters for a local volume name, only "
		"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use "
		"absolute path",
		name, name);
}

static int fill(struct draft *draft, int to, const char *name, const char *destination, struct error *err)
{
	autoclose int from = -1;
	struct error ignored; /* the image has no such directory: nothing to start with */
	struct stat st;

	if (path_open_in_root(draft->request->root, destination, O_RDONLY | O_DIRECTORY, &from, &ignored) < 0)
		return 0;
	if (fstat(from, &st) < 0)
		return error_set(err, errno, "create volume %s", name);
	int result = copy_tree(from, to, 0, err);
	return result < 0 ? result : copy_attributes(to, &st, name, err);
}

/*
 * The directory @name below @parent is made and filled under another name, so that a half-filled one is never
 * taken for a volume. The caller has the lock: what has that name is of one who was killed.
 */
static int make_filled(struct draft *draft, int parent, const char *name, const char *destination, bool copy,
		       struct error *err)
{
	const char *fresh = draft_format(draft, ".new-%s", name);
	struct error ignored; /* the next one removes it */
	int result = remove_tree(parent, fresh, err);

	if (result < 0)
		return result;
	if (mkdirat(parent, fresh, 0755) < 0)
		return error_set(err, errno, "create volume %s", name);
	autoclose int to = openat(parent, fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return error_set(err, errno, "create volume %s", name);
	result = copy ? fill(draft, to, name, destination, err) : 0;
	if (result == 0 && renameat(parent, fresh, parent, name) < 0)
		result = error_set(err, errno, "create volume %s", name);
	if (result < 0)
		ignore_failure(remove_tree(parent, fresh, &ignored));
	return result;
}

int volumes_open(struct draft *draft, const char *name, const char *destination, bool copy,
		 const char **ret_path, struct error *err)
{
	const struct document_request *request = draft->request;
	autoclose int parent = -1;
	const char *root;
	int result = name == NULL ? 0 : check_name(name, err);

	if (result < 0)
		return result;
	root = name == NULL ? draft_format(draft, "%s/volumes", request->bundle) : request->volumes_root;
	if (name == NULL)
		name = draft_format(draft, "%u", draft->unnamed++);
	result = path_make(root, 0700, err);
	if (result < 0)
		return result;
	parent = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent < 0)
		return error_set(err, errno, "open \"%s\"", root);
	while (flock(parent, LOCK_EX) < 0) /* until it is closed: one makes volumes here at a time */
		if (errno != EINTR)
			return error_set(err, errno, "lock \"%s\"", root);
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		result = make_filled(draft, parent, name, destination, copy, err);
	*ret_path = draft_format(draft, "%s/%s", root, name);
	return result;
}
