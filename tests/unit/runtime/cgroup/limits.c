/*
 * Conversions (7.4), and what is written where: the writers work on any directory, so a temporary
 * one with empty files stands for a cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"
#include "tests/unit/check.h"

#define SET(v)                                                                                               \
	{                                                                                                    \
		.set = true, .value = (v)                                                                    \
	}

static char directory[64];
static struct cgroup fake;

/* A directory with the files of @names (separated by blanks), seen as @controllers. */
static void open_fake(const char *controllers, const char *names)
{
	char list[512], *rest = list, *name;

	(void)snprintf(directory, sizeof(directory), "/tmp/hull-unit-XXXXXX");
	(void)snprintf(list, sizeof(list), "%s", names);
	CHECK(mkdtemp(directory) != NULL);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while ((name = strsep(&rest, " ")) != NULL)
		if (name[0] != '\0')
			close(openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	fake = (struct cgroup){ .count = 1 };
	fake.dirs[0] = (struct cgroup_dir){ .controllers = strdup(controllers),
					    .mount_point = strdup(directory),
					    .path = strdup("/x"),
					    .fd = fd,
					    .unified = controllers[0] == '\0' };
}

static const char *content(const char *name)
{
	static char value[512];
	struct error err;

	return cgroup_file_read(fake.dirs[0].fd, name, value, sizeof(value), &err) < 0 ? "(missing)" : value;
}

static void close_fake(const char *names)
{
	char list[512], *rest = list, *name;

	(void)snprintf(list, sizeof(list), "%s", names);
	while ((name = strsep(&rest, " ")) != NULL)
		if (name[0] != '\0')
			(void)unlinkat(fake.dirs[0].fd, name, 0);
	CHECK_INT(rmdir(directory), 0);
	close(fake.dirs[0].fd);
	free(fake.dirs[0].controllers);
	free(fake.dirs[0].mount_point);
	free(fake.dirs[0].path);
}

static void test_shares(void)
{
	static const uint64_t table[][2] = {
		{ 0, 0 },       { 1, 1 },          { 2, 1 },          { 3, 2 },
		{ 10, 4 },      { 100, 17 },       { 256, 35 },       { 512, 59 },
		{ 1000, 99 },   { 1024, 100 },     { 2048, 174 },     { 4096, 303 },
		{ 10000, 627 }, { 262143, 10000 }, { 262144, 10000 }, { UINT64_MAX, 10000 },
	};
	uint64_t before = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		CHECK_INT(cgroup_limits_v2_weight(table[i][0]), table[i][1]);
	for (uint64_t shares = 0; shares <= 262200; shares++) {
		uint64_t weight = cgroup_limits_v2_weight(shares);

		if (weight < before || weight > 10000) {
			CHECK_INT(shares, -1); /* never falls, never leaves the range */
			break;
		}
		before = weight;
	}
}

static void test_io_weight(void)
{
	CHECK_INT(cgroup_limits_v2_io_weight(0), 0);
	CHECK_INT(cgroup_limits_v2_io_weight(10), 1);
	CHECK_INT(cgroup_limits_v2_io_weight(100), 910);
	CHECK_INT(cgroup_limits_v2_io_weight(500), 4950);
	CHECK_INT(cgroup_limits_v2_io_weight(750), 7475);
	CHECK_INT(cgroup_limits_v2_io_weight(1000), 10000);
}

static void test_swap(void)
{
	struct error err;
	bool set;
	int64_t value;

	CHECK(cgroup_limits_v2_swap(0, -1, &set, &value, &err) == 0 && set && value == -1);
	CHECK(cgroup_limits_v2_swap(-1, 100, &set, &value, &err) == 0 && set && value == -1);
	CHECK(cgroup_limits_v2_swap(0, 100, &set, &value, &err) == 0 && !set);
	CHECK(cgroup_limits_v2_swap(0, 0, &set, &value, &err) == 0 && !set);
	CHECK(cgroup_limits_v2_swap(300, -1, &set, &value, &err) == 0 && set && value == 300);
	CHECK(cgroup_limits_v2_swap(300, 100, &set, &value, &err) == 0 && set && value == 200);
	CHECK(cgroup_limits_v2_swap(100, 100, &set, &value, &err) == 0 && set && value == 0);
	CHECK(cgroup_limits_v2_swap(300, 0, &set, &value, &err) < 0);
	CHECK_STR(err.text, "unable to set swap limit without memory limit");
	CHECK(cgroup_limits_v2_swap(50, 100, &set, &value, &err) < 0);
	CHECK_STR(err.text, "memory+swap limit should be >= memory limit");
	CHECK(cgroup_limits_v2_swap(300, -2, &set, &value, &err) < 0);
	CHECK_STR(err.text, "invalid memory value: -2");
}

static void test_page_size(void)
{
	static const char *const good[] = { "2MB", "1GB", "64KB", "1024KB" };
	static const char *const bad[] = { "",     "MB",     "02MB",  "2M", "2mb", "2TB",
					   "2MB ", "../2MB", "2MB/x", "2",  "2B" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(cgroup_limits_page_size_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!cgroup_limits_page_size_valid(bad[i]));
}

static void test_v2_phases(void)
{
	static const char names[] =
		"memory.max memory.swap.max memory.low pids.max cpu.max cpu.weight cpu.idle";
	const struct spec_resources resources = {
		.memory = { .limit = SET(100),
			    .swap = SET(300),
			    .reservation = SET(50),
			    .swappiness = SET(10),
			    .kernel = SET(7) },
		.cpu = { .shares = SET(1024), .quota = SET(50000) },
		.pids_limit = SET(0),
	};
	struct text warnings = TEXT_EMPTY;
	struct error err;

	open_fake("", names);
	CHECK_INT(cgroup_set(&fake, &resources, CGROUP_EARLY, &warnings, &err), 0);
	CHECK_STR(content("memory.low"), "50");
	CHECK_STR(content("cpu.weight"), "100");
	CHECK_STR(content("memory.max"), "");
	CHECK_STR(content("pids.max"), "");
	CHECK_STR(content("cpu.max"), "");
	CHECK_HAS(warnings.data, "swappiness is ignored");
	CHECK_HAS(warnings.data, "kernel memory settings are ignored");
	CHECK_INT(cgroup_set(&fake, &resources, CGROUP_FINAL, NULL, &err), 0);
	CHECK_STR(content("memory.max"), "100");
	CHECK_STR(content("memory.swap.max"), "200");
	CHECK_STR(content("pids.max"), "0");
	CHECK_STR(content("cpu.max"), "50000 100000");
	CHECK_STR(content("cpu.idle"), "");
	close_fake(names);
	text_release(&warnings);
}

/* Engines write 0 and false for what they leave out; only the pids limit means it. */
static void test_zero_is_absent(void)
{
	const struct spec_resources resources = {
		.memory = { .limit = SET(0),
			    .swap = SET(0),
			    .reservation = SET(0),
			    .kernel = SET(0),
			    .disable_oom_killer = SET(false),
			    .swappiness = { .set = false } },
		.cpu = { .shares = SET(0), .quota = SET(0), .period = SET(0), .cpus = "", .mems = "" },
		.block_io = { .weight = SET(0) },
	};
	struct text warnings = TEXT_EMPTY;
	struct error err;

	open_fake("", "");
	CHECK_INT(cgroup_set(&fake, &resources, CGROUP_UPDATE, &warnings, &err), 0);
	CHECK(warnings.length == 0);
	fake.count = 0;
	CHECK_INT(cgroup_set(&fake, &resources, CGROUP_UPDATE, &warnings, &err), 0);
	fake.count = 1;
	close_fake("");
}

static void test_missing_controller(void)
{
	const struct spec_resources pids = { .pids_limit = SET(5) };
	const struct spec_kv entry = { "memory.max", "5" }, bad = { "../memory.max", "5" };
	const struct spec_resources unified = { .unified = { 1, &entry } },
				    escape = { .unified = { 1, &bad } };
	struct error err;

	open_fake("memory", "");
	CHECK(cgroup_set(&fake, &pids, CGROUP_FINAL, NULL, &err) < 0);
	CHECK_STR(err.text, "cannot set pids limit: container could not join or create cgroup");
	CHECK(cgroup_set(&fake, &unified, CGROUP_FINAL, NULL, &err) < 0);
	CHECK_STR(err.text, "invalid configuration: cannot use unified on cgroup v1");
	close_fake("");
	open_fake("", "");
	CHECK_INT(cgroup_set(&fake, &pids, CGROUP_FINAL, NULL, &err), -ENOENT);
	CHECK_HAS(err.text, "controller \"pids\" not available");
	CHECK(cgroup_set(&fake, &unified, CGROUP_FINAL, NULL, &err) < 0);
	CHECK_STR(err.text,
		  "unified resource \"memory.max\" can't be set: controller \"memory\" not available");
	CHECK(cgroup_set(&fake, &escape, CGROUP_FINAL, NULL, &err) < 0);
	CHECK_STR(err.text, "unified resource \"../memory.max\" must be a file name (no slashes)");
	close_fake("");
}

static void test_v1(void)
{
	static const char names[] =
		"memory.limit_in_bytes memory.memsw.limit_in_bytes memory.oom_control "
		"blkio.bfq.weight blkio.throttle.read_bps_device hugetlb.2MB.limit_in_bytes "
		"hugetlb.2MB.rsvd.limit_in_bytes net_prio.ifpriomap rdma.max";
	const struct spec_throttle_device device = { 8, 16, 1048576 };
	const struct spec_hugepage_limit page = { "2MB", UINT64_MAX };
	const struct spec_net_priority priority = { "eth0", 5 };
	const struct spec_rdma rdma = { "mlx5_1", SET(3), { .set = false } };
	const struct spec_resources resources = {
		.memory = { .limit = SET(-1), .disable_oom_killer = SET(true) },
		.block_io = { .weight = SET(300), .read_bps = { 1, &device } },
		.hugepage_count = 1,
		.hugepages = &page,
		.net_priority_count = 1,
		.net_priorities = &priority,
		.rdma_count = 1,
		.rdma = &rdma,
	};
	struct error err;

	open_fake("memory,blkio,hugetlb,net_prio,rdma", names);
	/* A limit is there already: the file holds what the kernel would show. */
	CHECK_INT(cgroup_file_write(fake.dirs[0].fd, "memory.limit_in_bytes", "7", &err), 0);
	CHECK_INT(cgroup_set(&fake, &resources, CGROUP_UPDATE, NULL, &err), 0);
	CHECK_STR(content("memory.memsw.limit_in_bytes"), "-1");
	CHECK_STR(content("memory.limit_in_bytes"), "-1");
	CHECK_STR(content("memory.oom_control"), "1");
	CHECK_STR(content("blkio.bfq.weight"), "300");
	CHECK_STR(content("blkio.throttle.read_bps_device"), "8:16 1048576");
	CHECK_STR(content("hugetlb.2MB.limit_in_bytes"), "18446744073709551615");
	CHECK_STR(content("hugetlb.2MB.rsvd.limit_in_bytes"), "18446744073709551615");
	CHECK_STR(content("net_prio.ifpriomap"), "eth0 5");
	CHECK_STR(content("rdma.max"), "mlx5_1 hca_handle=3");
	close_fake(names);
}

static void test_keys(void)
{
	CHECK_INT(cgroup_file_key("populated 1\nfrozen 0\n", "frozen", 7), 0);
	CHECK_INT(cgroup_file_key("low 0\noom 3\noom_kill 2\n", "oom_kill", 0), 2);
	CHECK_INT(cgroup_file_key("low 0\noom 3\noom_kill 2\n", "oom", 0), 3);
	CHECK_INT(cgroup_file_key("oom_kill_disable 0\n", "oom_kill", 9), 9);
	CHECK_INT(cgroup_file_key("frozen x\n", "frozen", 4), 4);
}

static const struct test tests[] = {
	{ "shares to weight", test_shares },
	{ "blkio weight to io weight", test_io_weight },
	{ "memory plus swap to swap", test_swap },
	{ "huge page sizes", test_page_size },
	{ "version 2 writes in phases", test_v2_phases },
	{ "zero is absent", test_zero_is_absent },
	{ "missing controllers", test_missing_controller },
	{ "version 1 writes", test_v1 },
	{ "keyed files", test_keys },
};

TEST_MAIN(tests)
