/* The printed plan: every fact has its line, and nothing of one run is in it. */
#include <linux/mount.h>
#include <linux/sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime/plan/build.h"
#include "tests/unit/check.h"

static char printed[16384];

/* Takes the builder. */
static const char *print(struct plan_builder *builder)
{
	const struct plan *plan;
	struct text text = TEXT_EMPTY;
	struct error err;

	CHECK_INT(build_finish(builder, &plan, &err), 0);
	print_plan(plan, &text);
	CHECK_INT(text_done(&text, &err), 0);
	(void)snprintf(printed, sizeof(printed), "%s", text.data);
	text_release(&text);
	build_release(builder);
	return printed;
}

static void least(void)
{
	struct plan_builder builder;

	build_init(&builder);
	builder.head.id = build_text(&builder, "a\"b");
	CHECK_STR(print(&builder), "container \"a\\\"b\"\n");
	build_init(&builder);
	builder.head.kind = PLAN_EXEC;
	builder.head.id = build_text(&builder, "x");
	builder.head.joiner_flags = CLONE_NEWPID | CLONE_NEWNS;
	builder.head.target_flags = CLONE_NEWCGROUP;
	CHECK_STR(print(&builder), "exec in \"x\"\njoiner enters pid mount\ninit enters cgroup\n");
}

/* Each flag has a word of its own; what a later flag would be is not swallowed. */
static void flags(void)
{
	char words[32][64];
	int count = 0;

	for (uint32_t bit = 1; bit != 0 && bit <= PLAN_BIND_DEVICES; bit <<= 1) {
		struct plan_builder builder;
		char *line;

		build_init(&builder);
		builder.head.id = build_text(&builder, "x");
		builder.head.flags = bit & ~(uint32_t)PLAN_HAS_PROCESS;
		line = strstr(print(&builder), "flags ");
		if (bit == PLAN_HAS_PROCESS)
			continue;
		CHECK(line != NULL && strstr(line, "0x") == NULL);
		if (line == NULL)
			continue;
		(void)snprintf(words[count], sizeof(words[0]), "%s", line);
		for (int i = 0; i < count; i++)
			CHECK(strcmp(words[i], words[count]) != 0);
		count++;
	}
	CHECK_INT(count, 17);

	struct plan_builder builder;
	build_init(&builder);
	builder.head.id = build_text(&builder, "x");
	builder.head.flags = PLAN_TERMINAL | 1U << 31;
	CHECK_STR(print(&builder), "container \"x\"\nflags terminal 0x80000000\n");
}

static void id_maps(void)
{
	const struct plan_id_map map[] = { { 0, 100000, 65536 }, { 65536, 5, 1 } };
	struct plan_builder builder;

	build_init(&builder);
	builder.head.id = build_text(&builder, "x");
	builder.head.uid_map = build_list(&builder, map, sizeof(map[0]), 2);
	builder.head.gid_map = build_list(&builder, map, sizeof(map[0]), 1);
	CHECK_STR(print(&builder),
		  "container \"x\"\nuid map 0 100000 65536\nuid map 65536 5 1\ngid map 0 100000 65536\n");
}

static void mounts(void)
{
	const uint64_t changes[] = { MS_SLAVE | MS_REC, MS_SHARED };
	struct plan_mount mount = { .kind = PLAN_MOUNT_BIND,
				    .flags = PLAN_MOUNT_RECURSIVE,
				    .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME,
				    .attr_clr = MOUNT_ATTR_NOEXEC,
				    .tree_set = MOUNT_ATTR_NOSUID,
				    .tree_clr = MOUNT_ATTR_NODEV };
	struct plan_builder builder;

	build_init(&builder);
	builder.head.id = build_text(&builder, "x");
	mount.destination = build_text(&builder, "/a\nb");
	mount.source = build_text(&builder, "/s");
	mount.propagation = build_list(&builder, changes, sizeof(changes[0]), 2);
	builder.head.mounts = build_list(&builder, &mount, sizeof(mount), 1);
	CHECK_STR(print(&builder), "container \"x\"\nmount bind \"/a\\nb\" from \"/s\"; set ro noatime; "
				   "clear noexec; tree set nosuid; tree clear nodev; "
				   "propagation slave recursive; propagation shared; how recursive\n");
}

/* Descriptors and sizes are those of one run. */
static void nothing_of_this_run(void)
{
	char without[sizeof(printed)];
	struct plan_builder builder;

	build_init(&builder);
	builder.head.id = build_text(&builder, "x");
	(void)snprintf(without, sizeof(without), "%s", print(&builder));
	build_init(&builder);
	builder.head.id = build_text(&builder, "x");
	memset(&builder.head.fds, 7, sizeof(builder.head.fds));
	(void)build_text(&builder, "what nothing points at");
	CHECK_STR(print(&builder), without);
}

static const struct test tests[] = {
	{ "the least, and exec", least },
	{ "every flag has a word of its own", flags },
	{ "id maps", id_maps },
	{ "mounts", mounts },
	{ "nothing of one run", nothing_of_this_run },
};

TEST_MAIN(tests)
