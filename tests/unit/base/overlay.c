/* Overlay mounts, both ways. Skipped without the right to mount. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/overlay.h"
#include "base/path.h"
#include "base/text.h"

static char scratch[] = "/tmp/hull-overlay.XXXXXX";
static int top = -1;

static int make_dir(const char *name)
{
	CHECK_INT(mkdirat(top, name, 0755), 0);
	return openat(top, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void make_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK_INT(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

static void check_file(int dir, const char *name, const char *text)
{
	char room[64] = "";
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(read(fd, room, sizeof(room) - 1), (long)strlen(text));
	CHECK_STR(room, text);
	close(fd);
}

typedef int opener(const struct overlay *overlay, int *ret_fd, struct error *err);

static void check_opener(opener *open_it, const char *upper_name, const char *work_name)
{
	int lower[2] = { openat(top, "b", O_PATH | O_CLOEXEC), openat(top, "a", O_PATH | O_CLOEXEC) };
	autoclose int upper = make_dir(upper_name), work = make_dir(work_name), tree = -1, single = -1;
	struct overlay overlay = { lower, 2, upper, work, false };
	struct error err;

	CHECK_INT(open_it(&overlay, &tree, &err), 0);
	check_file(tree, "one", "from b");
	check_file(tree, "two", "from a");
	make_file(tree, "two", "FROM");
	check_file(tree, "two", "FROM a");
	check_file(upper, "two", "FROM a");
	check_file(lower[1], "two", "from a");
	CHECK_INT(unlinkat(tree, "one", 0), 0);
	CHECK(openat(tree, "one", O_RDONLY) < 0);
	check_file(lower[0], "one", "from b");

	overlay = (struct overlay){ lower, 1, -1, -1, false };
	CHECK_INT(open_it(&overlay, &single, &err), 0);
	check_file(single, "one", "from b");
	CHECK_INT(openat(single, "new", O_WRONLY | O_CREAT, 0644), -1);
	CHECK_INT(errno, EROFS);
	close(lower[0]);
	close(lower[1]);
}

static void test_open(void)
{
	check_opener(overlay_open, "upper", "work");
}

static void test_legacy(void)
{
	check_opener(overlay_open_legacy, "upper2", "work2");
}

static void test_many(void)
{
	static int lower[OVERLAY_MAX_LOWER + 1];
	autoclose int tree = -1, legacy = -1;
	struct error err;

	for (int i = 0; i <= OVERLAY_MAX_LOWER; i++) {
		char name[16];

		snprintf(name, sizeof(name), "l%d", i);
		lower[i] = make_dir(name);
	}
	make_file(openat(top, "l499", O_PATH | O_CLOEXEC), "deep", "down here");
	struct overlay overlay = { lower, OVERLAY_MAX_LOWER, -1, -1, false };
	CHECK_INT(overlay_open(&overlay, &tree, &err), 0);
	check_file(tree, "deep", "down here");
	CHECK_INT(overlay_open_legacy(&overlay, &legacy, &err), 0);
	check_file(legacy, "deep", "down here");
	overlay.lower_count++;
	CHECK(overlay_open(&overlay, &tree, &err) < 0);
	CHECK_HAS(err.text, "501 layers");
	overlay.lower_count = 0;
	CHECK(overlay_open(&overlay, &tree, &err) < 0);
}

static void test_attach(void)
{
	autoclose int lower = openat(top, "b", O_PATH | O_CLOEXEC), at = make_dir("at"), tree = -1;
	struct overlay overlay = { &lower, 1, -1, -1, false };
	struct error err;

	CHECK_INT(overlay_open(&overlay, &tree, &err), 0);
	CHECK_INT(overlay_attach(tree, at, &err), 0);
	int file = openat(top, "at/one", O_RDONLY | O_CLOEXEC); /* by its path, through the mount */
	CHECK(file >= 0);
	close(file);
	CHECK(overlay_attach(tree, -1, &err) < 0);
}

static void test_wrong(void)
{
	int file = openat(top, "a/two", O_PATH | O_CLOEXEC), tree = -1;
	struct overlay overlay = { &file, 1, -1, -1, false };
	struct error err;

	CHECK(overlay_open(&overlay, &tree, &err) < 0);
	CHECK_HAS(err.text, "overlay");
	CHECK(overlay_open_legacy(&overlay, &tree, &err) < 0);
	CHECK_HAS(err.text, "overlay");
	close(file);
}

static const struct test tests[] = {
	{ "an overlay by descriptors, attached to nothing", test_open },
	{ "the same through mount(2)", test_legacy },
	{ "500 layers, and not one more", test_many },
	{ "attached to a directory that is held", test_attach },
	{ "what is no directory", test_wrong },
};

/* Everything is on a tmpfs that nobody else sees, and that goes with this process. */
static bool prepare(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mkdtemp(scratch) != NULL && mount("scratch", scratch, "tmpfs", 0, NULL) == 0;
}

static void clean_up(void)
{
	umount2(scratch, MNT_DETACH);
	rmdir(scratch);
}

int run_tests(void);
#define main run_tests
TEST_MAIN(tests)
#undef main

int main(void)
{
	if (!prepare()) {
		printf("this machine does not let its user mount\n");
		return 77;
	}
	atexit(clean_up);
	top = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int a = make_dir("a"), b = make_dir("b");

	make_file(a, "one", "from a");
	make_file(a, "two", "from a");
	make_file(b, "one", "from b");
	return run_tests();
}
