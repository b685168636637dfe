/* Trees are removed however deep, and nothing outside them. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
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
	CHECK(remove_tree(top, "direct", &err) < 0);
	CHECK_INT(faccessat(top, "outside/kept", F_OK, 0), 0);
	CHECK_INT(unlinkat(top, "direct", 0), 0);
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
	{ "3000 levels", test_depth },
};
TEST_MAIN(tests)
