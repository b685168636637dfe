/* Volumes; see volumes.h. The seed is copied from descriptor to descriptor, never through a path of the
 * image's. */
#include "oci/make/volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

#include "base/banned.h"

#define NAME_MAX_BYTES 128
#define MAX_DEPTH 200
#define COPY_BYTES ((size_t)1 << 30)

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

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	autoclose int from =
		openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autoclose int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t length = 1;

	if (from < 0 || to < 0)
		return error_set(err, errno, "fill a volume: \"%s\"", name);
	while (length > 0) {
		length = copy_file_range(from, NULL, to, NULL, COPY_BYTES, 0);
		if (length < 0)
			return error_set(err, errno, "fill a volume: \"%s\"", name);
	}
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

int volumes_make_path(const char *path, mode_t mode, struct error *err)
{
	autofree char *copy = strdup(path);

	if (copy == NULL)
		return error_set(err, ENOMEM, "mkdir \"%s\"", path);
	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return error_set(err, errno, "mkdir \"%s\"", copy);
		*slash = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return error_set(err, errno, "mkdir \"%s\"", copy);
	return 0;
}

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

/*
 * The directory @name below @parent is made when it is filled, under another name, so that a half-filled one
 * is never taken for a volume.
 */
static int make_filled(struct draft *draft, int parent, const char *name, const char *destination, bool copy,
		       struct error *err)
{
	const char *fresh = draft_format(draft, ".new-%d-%s", (int)getpid(), name);
	autoclose int from = -1, to = -1;
	struct stat st = { .st_mode = 0755 };
	struct error ignored;

	if (mkdirat(parent, fresh, 0755) < 0)
		return error_set(err, errno, "create volume %s", name);
	to = openat(parent, fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return error_set(err, errno, "create volume %s", name);
	int result = 0;
	if (copy && path_open_in_root(draft->request->root, destination, O_RDONLY | O_DIRECTORY, &from,
				      &ignored) == 0) {
		result = copy_tree(from, to, 0, err);
		if (result == 0 && fstat(from, &st) < 0)
			result = error_set(err, errno, "create volume %s", name);
		if (result == 0)
			result = copy_attributes(to, &st, name, err);
	}
	if (result == 0 && renameat(parent, fresh, parent, name) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		result = error_set(err, errno, "create volume %s", name);
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
	if (name == NULL) {
		const struct json *mounts = draft->top == NULL ? NULL : json_get(draft->top, "mounts");

		name = draft_format(draft, "%zu", mounts == NULL ? 0 : mounts->count);
	}
	result = volumes_make_path(root, 0700, err);
	if (result < 0)
		return result;
	parent = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent < 0)
		return error_set(err, errno, "open \"%s\"", root);
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		result = make_filled(draft, parent, name, destination, copy, err);
	*ret_path = draft_format(draft, "%s/%s", root, name);
	return result;
}
