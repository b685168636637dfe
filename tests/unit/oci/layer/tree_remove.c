/* Trees that are removed: deep, wide, with links out of them and mounts in them. */
#include "oci/layer/tree_remove.h"

#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/oci/layer/support.h"

static void removes(void)
{
	struct error err = { 0 };
	struct box box;
	char name[64];

	box_open(&box);
	CHECK(symlinkat("../outside", box.target, "link") == 0);
	CHECK(mkdirat(box.target, "locked", 0) == 0 && mkdirat(box.target, "locked/in", 0) == 0);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		CHECK(mkdirat(box.target, name, 0700) == 0);
		(void)snprintf(name, sizeof(name), "d%d/f", i);
		CHECK(mknodat(box.target, name, S_IFREG | 0600, 0) == 0);
	}
	CHECK_INT(tree_remove(box.target, "d7", &err), 0);
	CHECK_INT(tree_remove(box.target, "link", &err), 0);
	CHECK_INT(tree_remove(box.target, "nothing", &err), 0);
	CHECK(box_untouched(&box));
	CHECK(symlinkat("../outside", box.target, "link") == 0);
	CHECK_INT(tree_remove_contents(box.target, &err), 0);
	CHECK(box_untouched(&box));
	CHECK_INT(tree_remove(box.fd, "target", &err), 0);
	CHECK_INT(mode_of(box.fd, "target"), 0);
	box_close(&box);
}

/* Deeper than there may be descriptors. */
static void deep(void)
{
	struct error err = { 0 };
	struct box box;
	int fd;

	box_open(&box);
	fd = fcntl(box.target, F_DUPFD_CLOEXEC, 0);
	for (int i = 0; i < 3000 && fd >= 0; i++) {
		int next =
			mkdirat(fd, "d", 0700) < 0 ? -1 : openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(mknodat(fd, "f", S_IFREG | 0600, 0) == 0);
		close(fd);
		fd = next;
	}
	CHECK(fd >= 0);
	close(fd);
	CHECK_INT(tree_remove(box.target, "d", &err), 0);
	CHECK_INT(mode_of(box.target, "d"), 0);
	box_close(&box);
}

static void mounts(void)
{
	struct error err = { 0 };
	struct box box;
	char path[128];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("# no mount namespace here\n");
		return;
	}
	box_open(&box);
	CHECK(mkdirat(box.target, "a", 0700) == 0 && mkdirat(box.target, "a/mnt", 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s/target/a/mnt", box.path);
	CHECK(mount("none", path, "tmpfs", 0, NULL) == 0);
	CHECK(mknodat(box.target, "a/mnt/kept", S_IFREG | 0600, 0) == 0);
	CHECK(tree_remove(box.target, "a", &err) < 0);
	CHECK(S_ISREG(mode_of(box.target, "a/mnt/kept")));
	CHECK(umount2(path, MNT_DETACH) == 0);
	box_close(&box);
}

static const struct test tests[] = {
	{ "everything goes, and nothing that links lead to", removes },
	{ "three thousand directories in each other", deep },
	{ "what is mounted stays", mounts },
};
TEST_MAIN(tests)
