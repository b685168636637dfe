/* Trees are removed however deep, and nothing outside them. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/remove.h"

static char scratch[] = "/tmp/hull-remove.XXXXXX";
static struct error err;
static int top;

/* @depth directories in each other below @name, with a file in each. */
static void make_deep(const char *name, unsigned depth)
{
	int at = dup(top);

	CHECK_INT(mkdirat(at, name, 0700), 0);
	for (unsigned i = 0; i < depth && at >= 0; i++) {
		int next = openat(at, i == 0 ? name : "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(at);
		at = next;
		close(openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		CHECK_INT(mkdirat(at, "d", 0700), 0);
	}
	close(at);
}

static void test_removal(void)
{
	CHECK(mkdtemp(scratch) != NULL);
	top = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(mkdirat(top, "outside", 0700), 0);
	close(openat(top, "outside/kept", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CHECK_INT(remove_tree(top, "none", &err), 0);
	make_deep("flat", 3);
	CHECK_INT(symlinkat("../outside", top, "flat/link"), 0);
	CHECK_INT(remove_tree(top, "flat", &err), 0);
	CHECK_INT(faccessat(top, "flat", F_OK, 0), -1);
	CHECK_INT(faccessat(top, "outside/kept", F_OK, 0), 0);
	CHECK_INT(symlinkat("outside", top, "direct"), 0);
	CHECK_INT(remove_tree(top, "direct", &err), 0);
	CHECK_INT(faccessat(top, "direct", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	CHECK_INT(faccessat(top, "outside/kept", F_OK, 0), 0);
	close(openat(top, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CHECK_INT(remove_tree(top, "file", &err), 0);
	CHECK_INT(faccessat(top, "file", F_OK, 0), -1);
}

/* Where every directory of many lies too deep: the time is in proportion to their number. */
static void test_width(void)
{
	char name[20];
	int at = dup(top);

	CHECK_INT(mkdirat(at, "wide", 0700), 0);
	for (unsigned i = 0; i < 32; i++) {
		int next = openat(at, i == 0 ? "wide" : "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(at);
		at = next;
		if (i < 31)
			CHECK_INT(mkdirat(at, "d", 0700), 0);
	}
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		CHECK_INT(mkdirat(at, name, 0700), 0);
		(void)snprintf(name, sizeof(name), "n%u/in", i);
		CHECK_INT(mkdirat(at, name, 0700), 0);
	}
	close(at);
	clock_t begin = clock(); /* of the processor: the machine may be busy */
	CHECK_INT(remove_tree(top, "wide", &err), 0);
	CHECK((clock() - begin) / CLOCKS_PER_SEC < 6); /* trying every name anew takes 14 */
	CHECK_INT(faccessat(top, "wide", F_OK, 0), -1);
}

static void test_mounts(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		return;
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_INT(chdir(scratch), 0);
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* in this mount namespace */
	CHECK_INT(mkdir("covered", 0700), 0);
	CHECK_INT(mkdir("covered/in", 0700), 0);
	/* of the same file system, as a bind mount mostly is */
	CHECK_INT(mount("outside", "covered/in", NULL, MS_BIND, NULL), 0);
	CHECK_INT(remove_tree(here, "covered", &err), -EBUSY);
	CHECK_INT(access("outside/kept", F_OK), 0);
	CHECK_INT(umount("covered/in"), 0);
	CHECK_INT(remove_tree(here, "covered", &err), 0);
	CHECK_INT(chdir("/"), 0);
	close(here);
}

static void test_depth(void)
{
	make_deep("deep", 3000);
	CHECK_INT(remove_tree(top, "deep", &err), 0);
	CHECK_INT(faccessat(top, "deep", F_OK, 0), -1);
	CHECK_INT(remove_tree(top, "outside", &err), 0);
	close(top);
	CHECK_INT(rmdir(scratch), 0);
}

static const struct test tests[] = {
	{ "a tree, but nothing that its links point at", test_removal },
	{ "many directories below the depth that is held open", test_width },
	{ "nothing that is mounted in it", test_mounts },
	{ "3000 levels", test_depth },
};
TEST_MAIN(tests)
