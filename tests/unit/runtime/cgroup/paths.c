/* Which directories a container gets, from the texts of mountinfo and /proc/self/cgroup (7.1, R-138 to
 * */
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"
#include "tests/unit/check.h"

static const char v1_mounts[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
	"31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 master:3 - tmpfs tmpfs ro,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:10 - cgroup cgroup rw,cpu,cpuacct\n"
	"33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
	"rw,xattr,release_agent=/lib/agent,name=systemd\n";
static const char v1_own[] =
	"5:cpu,cpuacct:/\n4:memory:/user.slice/me\n3:name=systemd:/user.slice/me\n2:pids:/not/mounted\n";
static const char hybrid_mount[] = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
static const char v2_mounts[] =
	"22 1 8:1 / / rw,relatime - ext4 /dev/root rw\n"
	"29 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	"50 22 0:40 / /mnt/net_cls rw - cgroup none rw,net_cls\n";
static const char v2_own[] = "1:net_cls:/\n0::/user.slice/session-1.scope\n";

/* The decision printed, or the error's text. */
static const char *decide(const char *mounts, const char *own, const char *path)
{
	static struct text text;
	struct cgroup_paths paths = { 0 };
	struct error err = { 0 };

	text_release(&text);
	text_append(&text, "");
	if (cgroup_paths_decide(mounts, own, path, "web", &paths, &err) < 0)
		text_append(&text, err.text);
	cgroup_paths_format(&paths, &text);
	cgroup_paths_release(&paths);
	return text.data;
}

static void test_v1(void)
{
	CHECK_STR(decide(v1_mounts, v1_own, "/kube/pod/c"),
		  "cpu,cpuacct\t/sys/fs/cgroup/cpu,cpuacct\t/kube/pod/c\n"
		  "memory\t/sys/fs/cgroup/memory\t/kube/pod/c\n"
		  "name=systemd\t/sys/fs/cgroup/systemd\t/kube/pod/c\n");
	/* Relative and absent: below the caller's own, in each hierarchy. */
	CHECK_STR(decide(v1_mounts, v1_own, "a//b/./"),
		  "cpu,cpuacct\t/sys/fs/cgroup/cpu,cpuacct\t/a/b\n"
		  "memory\t/sys/fs/cgroup/memory\t/user.slice/me/a/b\n"
		  "name=systemd\t/sys/fs/cgroup/systemd\t/user.slice/me/a/b\n");
	CHECK_HAS(decide(v1_mounts, v1_own, NULL), "memory\t/sys/fs/cgroup/memory\t/user.slice/me/web\n");
}

static void test_hybrid(void)
{
	char mounts[2048], own[512];

	(void)snprintf(mounts, sizeof(mounts), "%s%s", v1_mounts, hybrid_mount);
	(void)snprintf(own, sizeof(own), "%s0::/init.scope\n", v1_own);
	CHECK_HAS(decide(mounts, own, "/x"), "\t/sys/fs/cgroup/unified\t/x\n");
	CHECK_HAS(decide(mounts, own, "/x"), "memory\t/sys/fs/cgroup/memory\t/x\n");
	CHECK_HAS(decide(mounts, own, NULL), "\n\t/sys/fs/cgroup/unified\t/init.scope/web\n");
}

static void test_v2(void)
{
	/* A stray version 1 mount elsewhere does not make a hybrid host. */
	CHECK_STR(decide(v2_mounts, v2_own, "/x/y"), "\t/sys/fs/cgroup\t/x/y\n");
	/* Beside the caller's own, which holds processes. */
	CHECK_STR(decide(v2_mounts, v2_own, NULL), "\t/sys/fs/cgroup\t/user.slice/web\n");
	CHECK_STR(decide(v2_mounts, v2_own, "x"), "\t/sys/fs/cgroup\t/user.slice/x\n");
	CHECK_STR(decide(v2_mounts, "0::/\n", NULL), "\t/sys/fs/cgroup\t/web\n");
	/* Version 2 mounted over what was there. */
	char mounts[2048];
	(void)snprintf(mounts, sizeof(mounts), "%s%s", v1_mounts,
		       "60 31 0:38 / /sys/fs/cgroup rw - cgroup2 none rw\n");
	CHECK_STR(decide(mounts, "4:memory:/\n0::/\n", "/x"), "\t/sys/fs/cgroup\t/x\n");
}

static void test_nested(void)
{
	static const char mounts[] =
		"70 60 0:30 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"71 60 0:31 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
		"72 60 0:32 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
		"73 60 0:33 / /with\\040blank rw - cgroup cgroup rw,blkio\n";
	/* A bind of the container's own subtree; a path outside of it; a cgroup namespace left. */
	const char *got =
		decide(mounts,
		       "4:memory:/docker/abc/in\n3:pids:/docker/abcdef\n2:freezer:/../../up\n1:blkio:/\n",
		       NULL);

	CHECK_HAS(got, "memory\t/sys/fs/cgroup/memory\t/in/web\n");
	CHECK_HAS(got, "pids\t/sys/fs/cgroup/pids\t/web\n");
	CHECK_HAS(got, "freezer\t/sys/fs/cgroup/freezer\t/web\n");
	CHECK_HAS(got, "blkio\t/with blank\t/web\n");
}

static void test_refused(void)
{
	CHECK_HAS(decide(v2_mounts, v2_own, "/a/../../b"), "\"..\" is not allowed");
	CHECK_HAS(decide(v2_mounts, v2_own, ".."), "\"..\" is not allowed");
	CHECK_HAS(decide(v2_mounts, v2_own, "/"), "names the root of the hierarchy");
	CHECK_HAS(decide(v2_mounts, v2_own, "/./"), "names the root of the hierarchy");
	CHECK_HAS(decide(v2_mounts, v2_own, "/a\nb"), "control characters");
	CHECK_STR(decide(v2_mounts, v2_own, "/..a/b.."), "\t/sys/fs/cgroup\t/..a/b..\n");
}

static void test_none(void)
{
	CHECK_STR(decide("22 1 8:1 / / rw - ext4 /dev/root rw\n", v1_own, "/x"), "");
	CHECK_STR(decide("", "", NULL), "");
	CHECK_STR(decide("garbage\n- - -\n", "garbage\n:\n::\n", NULL), "");
}

static void test_round_trip(void)
{
	static const char text[] = "cpu,cpuacct\t/sys/fs/cgroup/cpu\t/a/b\n\t/sys/fs/cgroup/unified\t/a/b\n";
	struct cgroup_paths paths = { 0 };
	struct text again = TEXT_EMPTY;
	struct error err;

	CHECK_INT(cgroup_paths_parse(text, &paths, &err), 0);
	CHECK_INT(paths.count, 2);
	cgroup_paths_format(&paths, &again);
	CHECK_STR(again.data, text);
	text_release(&again);
	cgroup_paths_release(&paths);
	CHECK(cgroup_paths_parse("memory\t/sys\t/a/../b\n", &paths, &err) < 0);
	CHECK(cgroup_paths_parse("memory\t/sys\t/\n", &paths, &err) < 0);
	CHECK(cgroup_paths_parse("memory\t/sys\n", &paths, &err) < 0);
	CHECK(cgroup_paths_parse("memory\tsys\t/a\n", &paths, &err) < 0);
	CHECK_INT(paths.count, 0);
}

static const struct test tests[] = {
	{ "version 1", test_v1 },
	{ "hybrid", test_hybrid },
	{ "version 2", test_v2 },
	{ "nested in a container", test_nested },
	{ "refused paths", test_refused },
	{ "no cgroups", test_none },
	{ "format and parse", test_round_trip },
};

TEST_MAIN(tests)
