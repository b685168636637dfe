/* tmpcopyup: a tree that nobody trusts is copied as it is, and nothing is followed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/init/init.h"
#include "tests/unit/check.h"

static char top[64];
static int from, to;

/* Two empty directories, as hull-init has them: without the right to read through the descriptor. */
static void open_pair(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/hull-unit-copyup.XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	int directory = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(mkdirat(directory, "from", 0755), 0);
	CHECK_INT(mkdirat(directory, "to", 0755), 0);
	from = openat(directory, "from", O_PATH | O_DIRECTORY | O_CLOEXEC);
	to = openat(directory, "to", O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)close(directory);
}

static void close_pair(void)
{
	char command[256];

	(void)close(from);
	(void)close(to);
	(void)snprintf(command, sizeof(command), "chmod -R u+rwx %s && rm -r %s", top, top);
	CHECK_INT(system(command), 0);
}

static void write_file(int directory, const char *name, const void *bytes, size_t length, mode_t mode)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fchmod(fd, mode) == 0);
	(void)close(fd);
}

static struct stat stat_of(int directory, const char *name)
{
	struct stat st = { 0 };

	CHECK_INT(fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

/* @name is the same in both trees. */
static void check_same(const char *name)
{
	struct stat a = stat_of(from, name), b = stat_of(to, name);

	CHECK_INT(b.st_mode, a.st_mode);
	CHECK_INT(b.st_uid, a.st_uid);
	CHECK_INT(b.st_gid, a.st_gid);
	CHECK_INT(b.st_rdev, a.st_rdev);
	CHECK_INT(b.st_mtim.tv_sec, a.st_mtim.tv_sec);
	CHECK_INT(b.st_mtim.tv_nsec, a.st_mtim.tv_nsec);
	if (S_ISREG(a.st_mode))
		CHECK_INT(b.st_size, a.st_size);
	CHECK(a.st_ino != b.st_ino);
}

static void a_tree(void)
{
	static const struct timespec old[2] = { { 1000000000, 1 }, { 1000000001, 123456789 } };
	size_t length = 200001; /* more than one buffer, and no multiple of it */
	char *bytes = malloc(length);
	struct error err;

	memset(bytes, 'b', length);
	open_pair();
	write_file(from, "empty", "", 0, 0644);
	write_file(from, "large", bytes, length, 0640);
	write_file(from, "setuid", "x", 1, 04755);
	CHECK_INT(mkdirat(from, "sticky", 0700), 0);
	CHECK_INT(fchmodat(from, "sticky", 01777, 0), 0);
	write_file(from, "sticky/inside", "inside", 6, 0600);
	CHECK_INT(mkdirat(from, "sticky/closed", 0700), 0);
	CHECK_INT(fchmodat(from, "sticky/closed", 0500, 0), 0);
	CHECK_INT(utimensat(from, "large", old, 0), 0);
	CHECK_INT(utimensat(from, "sticky", old, 0), 0);
	CHECK_INT(copyup_tree(from, to, &err), 0);
	check_same("empty");
	check_same("large");
	check_same("setuid");
	check_same("sticky");
	check_same("sticky/inside");
	check_same("sticky/closed");
	int fd = openat(to, "large", O_RDONLY | O_CLOEXEC);
	char *copy = calloc(1, length);
	CHECK_INT(read(fd, copy, length), length);
	CHECK(memcmp(copy, bytes, length) == 0);
	(void)close(fd);
	free(copy);
	free(bytes);
	close_pair();
}

/* Links are copied as links, wherever they point; FIFOs and sockets without opening them. */
static void nothing_followed(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char target[64] = "";
	struct error err;

	open_pair();
	CHECK_INT(symlinkat("/etc/passwd", from, "absolute"), 0);
	CHECK_INT(symlinkat("../../../../etc", from, "directory"), 0);
	CHECK_INT(symlinkat("nowhere", from, "dangling"), 0);
	CHECK_INT(symlinkat("loop", from, "loop"), 0);
	CHECK_INT(mkfifoat(from, "fifo", 0620), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", from);
	CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(copyup_tree(from, to, &err), 0);
	check_same("absolute");
	check_same("directory");
	check_same("dangling");
	check_same("loop");
	check_same("fifo");
	check_same("socket");
	CHECK_INT(readlinkat(to, "absolute", target, sizeof(target) - 1), strlen("/etc/passwd"));
	CHECK_STR(target, "/etc/passwd");
	(void)close(listener);
	close_pair();
}

/* Deeper than anybody needs is an error, not an overflow. */
static void too_deep(void)
{
	struct error err;

	open_pair();
	int fd = dup(from);
	for (int i = 0; i < 140; i++) {
		CHECK_INT(mkdirat(fd, "d", 0755), 0);
		int next = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	CHECK_INT(copyup_tree(from, to, &err), -ELOOP);
	CHECK_HAS(err.text, "tmpcopyup: more than 128 directories deep");
	close_pair();
}

/* More entries than one read of a directory gives. */
static void many_entries(void)
{
	char name[64];
	struct error err;

	open_pair();
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "a file with a rather long name, number %d", i);
		write_file(from, name, name, strlen(name), 0644);
	}
	CHECK_INT(copyup_tree(from, to, &err), 0);
	for (int i = 0; i < 1000; i += 111) {
		(void)snprintf(name, sizeof(name), "a file with a rather long name, number %d", i);
		check_same(name);
	}
	close_pair();
}

static void what_is_there_is_not_replaced(void)
{
	struct error err;

	open_pair();
	write_file(from, "a", "new", 3, 0644);
	write_file(to, "a", "old one", 7, 0644);
	CHECK_INT(copyup_tree(from, to, &err), -EEXIST);
	CHECK_STR(err.text, "tmpcopyup: copy \"a\"");
	CHECK_INT(stat_of(to, "a").st_size, 7);
	close_pair();
}

static const struct test tests[] = {
	{ "R-035 tmpcopyup: contents, modes, owners, times", a_tree },
	{ "nothing is followed", nothing_followed },
	{ "too deep", too_deep },
	{ "many entries", many_entries },
	{ "what is there is not replaced", what_is_there_is_not_replaced },
};

TEST_MAIN(tests)
