/*
 * tmpcopyup: a tmpfs that starts with a copy of the directory it covers. The source is the
 * container's and not trusted: nothing is followed, depth is bounded by the path, every object is
 * opened relative to its directory.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define COPY_DEPTH_MAX 128

struct directory_entry { /* linux_dirent64 */
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int copy_directory(int from, int to, int depth, struct error *err);

static int copy_file(int from, int to, const char *name, const struct stat *st, struct error *err)
{
	static char buffer[65536];
	long in = sys_open(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	long out = in < 0 ? in : sys_open(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	long got = out;

	while (got >= 0 && (got = sys_read((int)in, buffer, sizeof(buffer))) > 0) {
		for (long done = 0, put; done < got; done += put) {
			put = sys_write((int)out, buffer + done, (size_t)(got - done));
			if (put < 0) {
				got = put;
				break;
			}
		}
	}
	if (got == 0)
		got = sys_fchown((int)out, st->st_uid, st->st_gid);
	if (got == 0)
		got = sys_fchmod((int)out, st->st_mode & 07777);
	if (in >= 0)
		(void)sys_close((int)in);
	if (out >= 0)
		(void)sys_close((int)out);
	return got < 0 ? error_set(err, (int)-got, "copy \"%s\"", name) : 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st, struct error *err)
{
	char target[INIT_PATH_MAX];
	long length = sys_readlink(from, name, target, sizeof(target) - 1);
	long result = length;

	if (length >= 0) {
		target[length] = '\0';
		result = sys_symlink(target, to, name);
	}
	if (result == 0)
		result = sys_chown(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
	return result < 0 ? error_set(err, (int)-result, "copy the link \"%s\"", name) : 0;
}

static int copy_subdirectory(int from, int to, const char *name, const struct stat *st, int depth,
			     struct error *err)
{
	long result = sys_mkdir(to, name, 0700);
	long in = result < 0 ? result : sys_open(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	long out = in < 0 ? in : sys_open(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (out >= 0)
		result = copy_directory((int)in, (int)out, depth + 1, err);
	else
		result = error_set(err, (int)-out, "copy the directory \"%s\"", name);
	if (result == 0) {
		long done = sys_fchown((int)out, st->st_uid, st->st_gid);

		if (done == 0)
			done = sys_fchmod((int)out, st->st_mode & 07777);
		if (done < 0)
			result = error_set(err, (int)-done, "copy the directory \"%s\"", name);
	}
	if (in >= 0)
		(void)sys_close((int)in);
	if (out >= 0)
		(void)sys_close((int)out);
	return (int)result;
}

/* Sockets, FIFOs, devices. */
static int copy_node(int to, const char *name, const struct stat *st, struct error *err)
{
	long result = sys_mknod(to, name, st->st_mode, st->st_rdev);

	if (result == 0)
		result = sys_chown(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
	return result < 0 ? error_set(err, (int)-result, "copy the node \"%s\"", name) : 0;
}

static int copy_entry(int from, int to, const char *name, int depth, struct error *err)
{
	struct stat st;
	long got = sys_fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW);
	int result;

	if (got < 0)
		return error_set(err, (int)-got, "stat \"%s\"", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		result = copy_subdirectory(from, to, name, &st, depth, err);
		break;
	case S_IFREG:
		result = copy_file(from, to, name, &st, err);
		break;
	case S_IFLNK:
		result = copy_link(from, to, name, &st, err);
		break;
	default:
		result = copy_node(to, name, &st, err);
		break;
	}
	if (result < 0)
		return result;
	const unsigned long times[4] = { (unsigned long)st.st_atime, st.st_atime_nsec,
					 (unsigned long)st.st_mtime, st.st_mtime_nsec };
	got = sys_call6(__NR_utimensat, to, SYS_PTR(name), SYS_PTR(times), AT_SYMLINK_NOFOLLOW, 0, 0);
	return got < 0 ? error_set(err, (int)-got, "set the times of \"%s\"", name) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by COPY_DEPTH_MAX */
static int copy_directory(int from, int to, int depth, struct error *err)
{
	_Alignas(struct directory_entry) char buffer[4096];
	long got;

	if (depth > COPY_DEPTH_MAX)
		return error_set(err, ELOOP, "more than %d directories deep", COPY_DEPTH_MAX);
	while ((got = sys_call6(__NR_getdents64, from, SYS_PTR(buffer), sizeof(buffer), 0, 0, 0)) > 0) {
		for (long at = 0; at < got;) {
			const struct directory_entry *entry = (const void *)(buffer + at);

			at += entry->length;
			if (string_equal(entry->name, ".") || string_equal(entry->name, ".."))
				continue;
			int result = copy_entry(from, to, entry->name, depth, err);
			if (result < 0)
				return result;
		}
	}
	return got < 0 ? error_set(err, (int)-got, "read a directory") : 0;
}

int copyup_tree(int from, int to, struct error *err)
{
	/* Both are O_PATH or mount descriptors: what can be read needs an open of its own. */
	long in = sys_open(from, ".", O_RDONLY | O_DIRECTORY, 0);
	long out = in < 0 ? in : sys_open(to, ".", O_RDONLY | O_DIRECTORY, 0);
	struct stat st;
	int result;

	if (out < 0)
		return error_set(err, (int)-out, "tmpcopyup");
	result = copy_directory((int)in, (int)out, 0, err);
	if (result == 0 && sys_fstat((int)in, &st) == 0) {
		long done = sys_fchown((int)out, st.st_uid, st.st_gid);

		if (done < 0)
			result = error_set(err, (int)-done, "chown");
	}
	(void)sys_close((int)in);
	(void)sys_close((int)out);
	return result < 0 ? error_add(err, "tmpcopyup") : 0;
}
