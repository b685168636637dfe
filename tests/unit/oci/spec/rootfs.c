/* hull-rootfs.json: what is written comes back, what another could have written is refused. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/spec/rootfs.h"

static char scratch[] = "/tmp/hull-rootfs.XXXXXX";
static int dir = -1;
static struct arena arena;
static struct error err;

static void write_file(const char *text, mode_t mode)
{
	int fd = openat(dir, ROOTFS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), (long)strlen(text));
	CHECK_INT(fchmod(fd, mode), 0);
	close(fd);
}

static int load(struct rootfs *ret)
{
	bool found = false;
	int result = rootfs_load(dir, &arena, ret, &found, &err);

	return result < 0 ? result : found;
}

static void test_round(void)
{
	static const char *const lower[] = { "/top", "/a \"b\"\n" };
	struct rootfs rootfs = { "sha256:12", "busybox:latest", "p1", { 2, lower }, "/u", "/w", true }, got;
	autotext struct text text = TEXT_EMPTY;

	CHECK_INT(load(&got), 0);
	CHECK_INT(rootfs_format(&rootfs, &text, &err), 0);
	write_file(text.data, 0600);
	CHECK_INT(load(&got), 1);
	CHECK_STR(got.image, "sha256:12");
	CHECK_STR(got.reference, "busybox:latest");
	CHECK_STR(got.pin, "p1");
	CHECK_INT(got.lower.count, 2);
	CHECK_STR(got.lower.items[1], lower[1]);
	CHECK_STR(got.upper, "/u");
	CHECK_STR(got.work, "/w");
	CHECK(got.userxattr);
}

static void test_wrong(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "", "hull-rootfs.json" },
		{ "[]", "must be an object" },
		{ "{\"lower\": [\"/a\"]}", "version" },
		{ "{\"version\": 2, \"lower\": [\"/a\"]}", "version 2" },
		{ "{\"version\": 1}", "lower" },
		{ "{\"version\": 1, \"lower\": []}", "lower" },
		{ "{\"version\": 1, \"lower\": [\"a\"]}", "lower[0]" },
		{ "{\"version\": 1, \"lower\": [\"/a\"], \"upper\": \"/u\"}", "belong together" },
		{ "{\"version\": 1, \"lower\": [\"/a\"], \"upper\": \"u\", \"work\": \"/w\"}", "upper" },
	};
	struct rootfs got;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		write_file(bad[i].text, 0600);
		CHECK(load(&got) < 0);
		CHECK_HAS(err.text, bad[i].want);
	}
}

static void test_written_by_others(void)
{
	struct rootfs got;

	write_file("{\"version\": 1, \"lower\": [\"/a\"]}", 0620);
	CHECK_INT(load(&got), -EPERM);
	write_file("{\"version\": 1, \"lower\": [\"/a\"]}", 0602);
	CHECK_INT(load(&got), -EPERM);
	CHECK_INT(unlinkat(dir, ROOTFS_FILE, 0), 0);
	CHECK_INT(symlinkat("elsewhere", dir, ROOTFS_FILE), 0);
	CHECK_INT(load(&got), -ELOOP);
	CHECK_INT(unlinkat(dir, ROOTFS_FILE, 0), 0);
	CHECK_INT(mkfifoat(dir, ROOTFS_FILE, 0600), 0);
	CHECK(load(&got) < 0);
	CHECK_HAS(err.text, "regular file");
	CHECK_INT(unlinkat(dir, ROOTFS_FILE, 0), 0);
	close(dir);
	CHECK_INT(rmdir(scratch), 0);
	arena_release(&arena);
}

static void test_setup(void)
{
	CHECK(mkdtemp(scratch) != NULL);
	dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir >= 0);
}

static const struct test tests[] = {
	{ "a place for it", test_setup },
	{ "what is written comes back", test_round },
	{ "what is wrong is named", test_wrong },
	{ "what another user could have made is refused", test_written_by_others },
};
TEST_MAIN(tests)
