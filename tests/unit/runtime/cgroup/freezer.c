/*
 * Freezing, listing and counting on a temporary directory whose files say what a cgroup's would.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"
#include "tests/unit/check.h"

static char directory[64];
static struct cgroup fake;

static void put(const char *path, const char *value)
{
	int fd = openat(fake.dirs[0].fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

static void open_fake(const char *controllers)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/hull-unit-XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	fake = (struct cgroup){ .count = 1 };
	fake.dirs[0] = (struct cgroup_dir){
		.controllers = strdup(controllers),
		.mount_point = strdup(directory),
		.path = strdup("/x"),
		.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.unified = controllers[0] == '\0',
	};
}

/* @names: files and directories in the order in which they can be removed. */
static void close_fake(const char *const *names)
{
	for (; *names != NULL; names++)
		if (unlinkat(fake.dirs[0].fd, *names, 0) < 0)
			(void)unlinkat(fake.dirs[0].fd, *names, AT_REMOVEDIR);
	CHECK_INT(rmdir(directory), 0);
	close(fake.dirs[0].fd);
	free(fake.dirs[0].controllers);
	free(fake.dirs[0].mount_point);
	free(fake.dirs[0].path);
}

static const char *content(const char *name)
{
	static char value[128];
	struct error err;

	return cgroup_file_read(fake.dirs[0].fd, name, value, sizeof(value), &err) < 0 ? "(missing)" : value;
}

static void test_v2(void)
{
	static const char *const names[] = { "cgroup.freeze", "cgroup.events", NULL };
	struct error err;
	bool frozen;

	open_fake("");
	CHECK_INT(cgroup_freeze(&fake, 10, &err), -EOPNOTSUPP);
	CHECK_HAS(err.text, "freezer not supported");
	put("cgroup.freeze", "0");
	put("cgroup.events", "populated 1\nfrozen 1\n");
	CHECK_INT(cgroup_freeze(&fake, 10, &err), 0);
	CHECK_STR(content("cgroup.freeze"), "1");
	CHECK_INT(cgroup_is_frozen(&fake, &frozen, &err), 0);
	CHECK(frozen);
	/* A process that will not freeze: it is thawed again. */
	put("cgroup.events", "populated 1\nfrozen 0\n");
	CHECK_INT(cgroup_freeze(&fake, 10, &err), -ETIMEDOUT);
	CHECK_STR(content("cgroup.freeze"), "0");
	CHECK_INT(cgroup_is_frozen(&fake, &frozen, &err), 0);
	CHECK(!frozen);
	close_fake(names);
}

static void test_v1(void)
{
	static const char *const names[] = { "freezer.state", NULL };
	struct error err;
	bool frozen;

	open_fake("freezer");
	put("freezer.state", "THAWED");
	CHECK_INT(cgroup_freeze(&fake, 10, &err), 0);
	CHECK_INT(cgroup_is_frozen(&fake, &frozen, &err), 0);
	CHECK(frozen);
	CHECK_INT(cgroup_thaw(&fake, &err), 0);
	CHECK_STR(content("freezer.state"), "THAWED");
	put("freezer.state", "FREEZING");
	CHECK_INT(cgroup_is_frozen(&fake, &frozen, &err), 0);
	CHECK(!frozen);
	close_fake(names);
}

static void test_pids(void)
{
	static const char *const names[] = { "a/b/cgroup.procs", "a/b", "a/cgroup.procs", "a",
					     "c/cgroup.procs",   "c",   "cgroup.procs",   NULL };
	pid_t *pids = NULL;
	size_t count = 0, sum = 0;
	struct error err;

	open_fake("devices");
	put("cgroup.procs", "1\n0\n20\n");
	(void)mkdirat(fake.dirs[0].fd, "a", 0700);
	(void)mkdirat(fake.dirs[0].fd, "a/b", 0700);
	(void)mkdirat(fake.dirs[0].fd, "c", 0700);
	put("a/cgroup.procs", "");
	put("a/b/cgroup.procs", "300\n4194304\n");
	put("c/cgroup.procs", "4000\n");
	CHECK_INT(cgroup_pids(&fake, &pids, &count, &err), 0);
	/* 0 is a process of another pid namespace; a signal to it would hit the caller. */
	CHECK_INT(count, 5);
	for (size_t i = 0; i < count; i++)
		sum += (size_t)pids[i];
	CHECK_INT(sum, 1 + 20 + 300 + 4194304 + 4000);
	free(pids);
	put("c/cgroup.procs", "12x\n");
	CHECK(cgroup_pids(&fake, &pids, &count, &err) < 0);
	close_fake(names);
}

static void test_oom(void)
{
	static const char *const v1[] = { "memory.oom_control", NULL }, *const v2[] = { "memory.events",
											NULL };

	open_fake("memory");
	CHECK_INT(cgroup_oom_kills(&fake), 0);
	put("memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 3\n");
	CHECK_INT(cgroup_oom_kills(&fake), 3);
	close_fake(v1);
	open_fake("");
	put("memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n");
	CHECK_INT(cgroup_oom_kills(&fake), 1);
	close_fake(v2);
}

static const struct test tests[] = {
	{ "version 2 freezer", test_v2 },
	{ "version 1 freezer", test_v1 },
	{ "pids of a tree", test_pids },
	{ "oom kills", test_oom },
};

TEST_MAIN(tests)
