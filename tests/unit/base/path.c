/* base/path: nothing leaves the root; lexical forms. */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/check.h"

static struct error err;

/* A tree in a temporary directory: in/file, in/up -> .., in/abs -> /etc/passwd, in/dir. */
static char tree[] = "/tmp/hull-unit-path-XXXXXX";

static void make_tree(void)
{
	memcpy(tree + sizeof(tree) - 7, "XXXXXX", 6);
	CHECK(mkdtemp(tree) != NULL);
	autoclose int top = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(top, "in", 0700) == 0 && mkdirat(top, "in/dir", 0700) == 0);
	autoclose int file = openat(top, "in/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(file >= 0);
	CHECK(symlinkat("../../..", top, "in/up") == 0);
	CHECK(symlinkat("/file", top, "in/abs") == 0);
	CHECK(symlinkat("dir", top, "in/link") == 0);
}

static void remove_tree(void)
{
	static const char *const names[] = { "in/file", "in/up", "in/abs", "in/link", "in/new" };
	autoclose int top = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unlinkat(top, names[i], 0);
	CHECK(unlinkat(top, "in/dir", AT_REMOVEDIR) == 0);
	CHECK(unlinkat(top, "in", AT_REMOVEDIR) == 0);
	CHECK(rmdir(tree) == 0);
}

static bool same_file(int fd, int dir, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, path, &b, 0) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static void test_open(void)
{
	make_tree();
	autoclose int top = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int in = openat(top, "in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rootdir root = { in };
	static const char *const to_root[] = { "up", "..", "../..", "/", "up/../.." };
	int fd = -1;

	for (size_t i = 0; i < ARRAY_LEN(to_root); i++) {
		autoclose int opened = -1;

		CHECK_INT(path_open_in_root(&root, to_root[i], O_PATH, &opened, &err), 0);
		CHECK(same_file(opened, in, "."));
		CHECK(fcntl(opened, F_GETFD) == FD_CLOEXEC);
	}
	autoclose int file = -1;
	CHECK_INT(path_open_in_root(&root, "up/abs", O_RDONLY, &file, &err), 0);
	CHECK(same_file(file, in, "file"));
	CHECK_INT(path_open_in_root(&root, "nope", O_PATH, &fd, &err), -ENOENT);
	CHECK_STR(err.text, "open \"nope\"");
	autoclose int created = -1;
	CHECK_INT(path_open_in_root(&root, "/new", O_CREAT | O_EXCL | O_WRONLY, &created, &err), 0);
	CHECK(same_file(created, in, "new"));

	CHECK_INT(path_open_beneath(in, "..", O_PATH, false, &fd, &err), -EXDEV);
	CHECK_INT(path_open_beneath(in, "/", O_PATH, false, &fd, &err), -EXDEV);
	CHECK_INT(path_open_beneath(in, "link", O_PATH, false, &fd, &err), -ELOOP);
	autoclose int dir = -1;
	CHECK_INT(path_open_beneath(in, "dir", O_PATH, true, &dir, &err), 0);
	CHECK_INT(fd, -1);
	remove_tree();
}

static void test_other_systems(void)
{
	autoclose int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rootdir root = { slash };
	int fd = -1;

	CHECK_INT(path_open_beneath(slash, "proc/self", O_PATH, true, &fd, &err), -EXDEV);
	CHECK(path_open_in_root(&root, "/proc/self/fd/0", O_PATH, &fd, &err) < 0);
	CHECK(path_open_in_root(&root, "/proc/self/root/etc", O_PATH, &fd, &err) < 0);
}

static void test_make(void)
{
	char path[128];
	struct stat st;

	make_tree();
	(void)snprintf(path, sizeof(path), "%s/in/made/deep", tree);
	CHECK_INT(path_make(path, 0700, &err), 0);
	CHECK_INT(path_make(path, 0711, &err), 0); /* it is there: it keeps its mode */
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK_INT(rmdir(path), 0);
	(void)snprintf(path, sizeof(path), "%s/in/made", tree);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK_INT(rmdir(path), 0);
	(void)snprintf(path, sizeof(path), "%s/in/file/below", tree);
	CHECK_INT(path_make(path, 0700, &err), -ENOTDIR);
	CHECK_HAS(err.text, "/in/file/below");
	CHECK(path_make("", 0700, &err) < 0);
	remove_tree();
}

static void absolute(const char *path, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	CHECK_INT(path_absolute(path, &text, &err), 0);
	CHECK_STR(text.data, want);
}

static void clean(const char *path, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	CHECK_INT(path_clean(path, &text, &err), 0);
	CHECK_STR(text.data, want);
}

static void test_absolute(void)
{
	autofree char *cwd = getcwd(NULL, 0);
	char want[8192];

	absolute("/", "/");
	absolute("//a/./b//", "/a/b");
	absolute("/a/../b", "/a/../b");
	(void)snprintf(want, sizeof(want), "%s/x/y", cwd);
	absolute("x/./y", want);
	absolute(".", cwd);
}

static void test_clean(void)
{
	clean("/", "/");
	clean("", "/");
	clean("/a/../b", "/b");
	clean("/../../a", "/a");
	clean("/a/b/../../..", "/");
	clean("//a//./b/", "/a/b");
	clean("/..a/...", "/..a/...");
}

static const struct test tests[] = {
	{ "paths stay inside the root", test_open },
	{ "no other file system, no magic links", test_other_systems },
	{ "path_absolute", test_absolute },
	{ "path_clean", test_clean },
	{ "directories are made on the way", test_make },
};
TEST_MAIN(tests)
