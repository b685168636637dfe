/*
 * Paths below the container's root: wherever a link of the container's points, it is followed inside the root
 * and nowhere else. Needs no mount: a directory stands for the root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/init/init.h"
#include "tests/unit/check.h"

static char top[64]; /* what is outside, with the root in it */
static int root;

static void setup(void)
{
	char path[128];

	(void)snprintf(top, sizeof(top), "/tmp/hull-unit-root.XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	(void)snprintf(path, sizeof(path), "%s/root", top);
	CHECK_INT(mkdir(path, 0755), 0);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(mkdirat(root, "etc", 0755), 0);
	(void)umask(0); /* as hull-init */
}

static void teardown(void)
{
	char command[128];

	(void)close(root);
	(void)snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_INT(system(command), 0);
}

/* Where @fd is, relative to the root; "outside: ..." when it is not in it. Closes it. */
static const char *place_of(int fd)
{
	static char text[4300], place[4200];
	char link[64];

	if (fd < 0)
		return "none";
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, place, sizeof(place) - 1);
	place[length < 0 ? 0 : length] = '\0';
	(void)close(fd);
	(void)snprintf(text, sizeof(text), "%s/root", top);
	if (strncmp(place, text, strlen(text)) == 0)
		return place[strlen(text)] == '\0' ? "/" : place + strlen(text);
	(void)snprintf(text, sizeof(text), "outside: %s", place);
	return text;
}

/* root_make of @path: the place, or the error's text. */
static const char *make(const char *path, bool directory)
{
	static struct error err;
	int fd = -1;

	return root_make(root, path, directory, &fd, &err) < 0 ? err.text : place_of(fd);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void opening(void)
{
	setup();
	CHECK_INT(symlinkat("/etc", root, "abs"), 0);
	CHECK_INT(symlinkat("../../../etc", root, "up"), 0);
	CHECK_INT(symlinkat("/proc/self/root", root, "magic"), 0);
	CHECK_STR(place_of((int)root_open(root, "/etc", O_PATH, 0)), "/etc");
	CHECK_STR(place_of((int)root_open(root, "etc/../..", O_PATH, 0)), "/");
	CHECK_STR(place_of((int)root_open(root, "", O_PATH, 0)), "/");
	CHECK_STR(place_of((int)root_open(root, "/abs", O_PATH, 0)), "/etc");
	CHECK_STR(place_of((int)root_open(root, "up", O_PATH, 0)), "/etc");
	CHECK_INT(root_open(root, "magic", O_PATH, 0), -ENOENT); /* there is no /proc in this root */
	CHECK_INT(root_open(root, "missing", O_PATH, 0), -ENOENT);
	int fd = (int)root_open(root, "etc", O_PATH, 0);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
	teardown();
}

static void making(void)
{
	struct stat st;

	setup();
	CHECK_STR(make("/a/b/c", true), "/a/b/c");
	CHECK(is_directory("a/b/c"));
	CHECK_STR(make("/a/b/file", false), "/a/b/file");
	CHECK(!is_directory("a/b/file"));
	CHECK_INT(fstatat(root, "a/b/file", &st, 0), 0);
	CHECK_INT(st.st_mode, S_IFREG | 0644);
	CHECK_INT(fstatat(root, "a/b", &st, 0), 0);
	CHECK_INT(st.st_mode, S_IFDIR | 0755);
	/* What is there stays what it is. */
	CHECK_STR(make("/a/b/file", true), "/a/b/file");
	CHECK_STR(make("/etc", false), "/etc");
	CHECK(is_directory("etc"));
	CHECK_STR(make("relative/x", false), "/relative/x");
	CHECK_STR(make("//double//x//", true), "/double/x");
	CHECK_STR(make("/", true), "/");
	teardown();
}

/* The one that a container's image can lay: a link where hull-init makes something (CVE-2019-19921's kin). */
static void links_stay_inside(void)
{
	char outside[128];

	setup();
	(void)snprintf(outside, sizeof(outside), "%s/outside", top);
	CHECK_INT(symlinkat(outside, root, "absolute"), 0);
	CHECK_INT(symlinkat("../../outside", root, "up"), 0);
	CHECK_INT(symlinkat("/etc/made", root, "inside"), 0);
	CHECK_INT(symlinkat("inside", root, "chain"), 0);
	CHECK_STR(make("/inside", true), "/etc/made");
	CHECK_STR(make("/chain/deeper", false), "/etc/made/deeper");
	CHECK_STR(make("/up/x", true), "/outside/x");
	CHECK_STR(strncmp(make("/absolute/x", true), "/tmp/", 5) == 0 ? "inside" : "elsewhere", "inside");
	CHECK(access(outside, F_OK) < 0);
	teardown();
}

/* A dangling link in the middle and at the end, relative to where it stands. */
static void dangling_links(void)
{
	setup();
	CHECK_INT(mkdirat(root, "a", 0755), 0);
	CHECK_INT(mkdirat(root, "a/b", 0755), 0);
	CHECK_INT(symlinkat("../c/d", root, "a/b/l"), 0);
	CHECK_STR(make("/a/b/l/e", true), "/a/c/d/e");
	CHECK_INT(symlinkat("file", root, "a/b/m"), 0);
	CHECK_STR(make("/a/b/m", false), "/a/b/file");
	CHECK(!is_directory("a/b/file"));
	CHECK_INT(symlinkat("../../../../../../q", root, "a/b/n"), 0);
	CHECK_STR(make("/a/b/n", false), "/q");
	CHECK_INT(symlinkat(".", root, "a/dot"), 0);
	CHECK_STR(make("/a/dot/x", true), "/a/x");
	teardown();
}

static void loops(void)
{
	char name[16], next[16];

	setup();
	CHECK_INT(symlinkat("loop", root, "loop"), 0);
	CHECK_HAS(make("/loop", true), "open \"/loop\"");
	CHECK_HAS(make("/loop/x", true), "open \"/loop/x\"");
	/* A chain of dangling links that is longer than the kernel would follow ends too. */
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		(void)snprintf(next, sizeof(next), "l%d/x", i + 1);
		CHECK_INT(symlinkat(next, root, name), 0);
	}
	CHECK(make("/l0", true)[0] != '/');
	teardown();
}

static void impossible(void)
{
	char longest[5000];

	setup();
	CHECK_STR(make("/file", false), "/file");
	CHECK_HAS(make("/file/x", true), "open \"/file/x\"");
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 0; i < sizeof(longest); i += 100)
		longest[i] = '/';
	longest[sizeof(longest) - 1] = '\0';
	CHECK(make(longest, true)[0] != '/');
	memset(longest, 'n', 300);
	longest[300] = '\0';
	CHECK(make(longest, true)[0] != '/'); /* NAME_MAX is 255 */
	teardown();
}

static void parents(void)
{
	const char *name = NULL, *path = "/dev/dir/node";
	struct error err;
	int fd = -1;

	setup();
	CHECK_INT(root_make_parent(root, path, false, &fd, &name, &err), 0);
	CHECK_STR(place_of(fd), "/dev/dir");
	CHECK(name == path + strlen("/dev/dir/"));
	CHECK_INT(root_make_parent(root, "/top", true, &fd, &name, &err), 0);
	CHECK_STR(place_of(fd), "/");
	CHECK_STR(name, "top");
	CHECK(root_make_parent(root, "/dev/", false, &fd, &name, &err) < 0);
	CHECK_STR(err.text, "\"/dev/\" names no file");
	/* Devices are never made through a link of the container's. */
	CHECK_INT(symlinkat("etc", root, "link"), 0);
	CHECK_INT(root_make_parent(root, "/link/node", true, &fd, &name, &err), -ELOOP);
	CHECK_INT(root_make_parent(root, "/link/node", false, &fd, &name, &err), 0);
	CHECK_STR(place_of(fd), "/etc");
	teardown();
}

static const struct test tests[] = {
	{ "opening: links are followed inside the root", opening },
	{ "making directories and files", making },
	{ "making through links: never outside", links_stay_inside },
	{ "making what dangling links point at", dangling_links },
	{ "loops end", loops },
	{ "what cannot be made", impossible },
	{ "parents", parents },
};

TEST_MAIN(tests)
