/* Where a process's cgroups are, from the kernel's words. */
#include "tests/unit/check.h"

#include <unistd.h>

#include "shim/container/stats.h"

static const char hybrid[] = "12:cpu,cpuacct:/a/b\n3:memory:/m x\n1:name=systemd:/s\n0::/two\n";
static const char mountinfo[] = "22 1 0:20 / /sys rw - sysfs sysfs rw\n"
				"30 22 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
				"31 22 0:27 /part /mnt/memory rw shared:1 - cgroup cgroup rw,memory\n"
				"32 22 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

static void test_paths(void)
{
	char path[64], small[4];

	CHECK(stats_find_path(hybrid, "cpuacct", path, sizeof(path)));
	CHECK_STR(path, "/a/b");
	CHECK(stats_find_path(hybrid, "memory", path, sizeof(path)));
	CHECK_STR(path, "/m x");
	CHECK(stats_find_path(hybrid, "", path, sizeof(path)));
	CHECK_STR(path, "/two");
	CHECK(!stats_find_path(hybrid, "pids", path, sizeof(path)));
	CHECK(!stats_find_path(hybrid, "cpua", path, sizeof(path)));
	CHECK(!stats_find_path("rubbish\n\n:", "cpu", path, sizeof(path)));
	CHECK(!stats_find_path(hybrid, "", small, sizeof(small)));
}

static void test_mounts(void)
{
	char mount[64], root[64];

	CHECK(stats_find_mount(mountinfo, "cpuacct", mount, root, sizeof(mount)));
	CHECK_STR(mount, "/sys/fs/cgroup/cpu,cpuacct");
	CHECK_STR(root, "/");
	CHECK(stats_find_mount(mountinfo, "memory", mount, root, sizeof(mount)));
	CHECK_STR(mount, "/mnt/memory");
	CHECK_STR(root, "/part");
	CHECK(stats_find_mount(mountinfo, "", mount, root, sizeof(mount)));
	CHECK_STR(mount, "/sys/fs/cgroup/unified");
	CHECK(!stats_find_mount(mountinfo, "pids", mount, root, sizeof(mount)));
	CHECK(!stats_find_mount("", "", mount, root, sizeof(mount)));
}

static void test_percent(void)
{
	struct stats_sample a = { .at_ns = 0, .cpu_ns = 100 }, b = { .at_ns = 1000, .cpu_ns = 600 };

	CHECK_INT(stats_cpu_percent(&a, &b), 50);
	CHECK(stats_cpu_percent(&b, &a) < 0);
	b.cpu_ns = STATS_UNKNOWN;
	CHECK(stats_cpu_percent(&a, &b) < 0);
}

static void test_self(void)
{
	struct stats_sample sample;
	struct error err;

	CHECK_INT(stats_read(getpid(), &sample, &err), 0);
	CHECK(sample.at_ns > 0);
	CHECK(sample.received_bytes >= 0);
	CHECK(stats_read(-1, &sample, &err) < 0);
}

static const struct test tests[] = {
	{ "paths of controllers", test_paths },
	{ "mounts of hierarchies", test_mounts },
	{ "CPU percent of two samples", test_percent },
	{ "our own process", test_self },
};
TEST_MAIN(tests)
