/* Mounts: from a document to the plan. */
#include "runtime/linux/mounts.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tests/unit/runtime/linux/planned.h"

#define MOUNT(members) DOCUMENT("'mounts':[{" members "}]")
#define TMPFS(options) MOUNT("'destination':'/t','type':'tmpfs','source':'tmpfs','options':[" options "]")
#define BIND(options) MOUNT("'destination':'/b','source':'/host/b','options':[" options "]")

static const struct mounts_controller controllers[] = {
	{ "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/x" },
	{ "name=systemd", "/sys/fs/cgroup/systemd/x" },
	{ "memory", "/sys/fs/cgroup/memory/x" },
};
static const struct mounts_host v1 = { .bundle = "/bundle",
				       .controller_count = 3,
				       .controllers = controllers };
static const struct mounts_host v2 = { .bundle = "/bundle", .cgroup_v2 = true };

static int make(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	return mounts_plan(spec, &v2, builder, err);
}

static int make_v1(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	return mounts_plan(spec, &v1, builder, err);
}

static int make_new_user(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	builder->head.flags |= PLAN_NEW_USER;
	return mounts_plan(spec, &v2, builder, err);
}

struct row {
	const char *name, *document, *want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "none", DOCUMENT("'mounts':[]"), "" },
	{ "order", DOCUMENT("'mounts':[{'destination':'/b','type':'ramfs'},{'destination':'/a','type':'ramfs'}]"),
	  "mount new \"/b\" ramfs\nmount new \"/a\" ramfs\n" },
	{ "proc", MOUNT("'destination':'/proc','type':'proc','source':'proc','options':['nosuid','hidepid=2']"),
	  "mount new \"/proc\" proc hidepid=2; set nosuid; how real-directory\n" },
	{ "tmpfs without mode", TMPFS("'size=1m'"), "mount new \"/t\" tmpfs size=1m; how inherit-mode\n" },
	{ "tmpfs with mode", TMPFS("'mode=0700','nr_inodes=2'"), "mount new \"/t\" tmpfs mode=0700 nr_inodes=2\n" },
	{ "read-only tmpfs: after devices and mount points are made", TMPFS("'ro','mode=1'"),
	  "mount new \"/t\" tmpfs mode=1; how late-read-only\n" },
	{ "tmpcopyup", TMPFS("'tmpcopyup'"), "mount new \"/t\" tmpfs; how copy-up inherit-mode\n" },
	{ "R-043 mnt.super: a real file system's ro is its superblock's", MOUNT("'destination':'/x','type':'ext4','source':'/dev/x','options':['ro','sync','data=journal']"),
	  "mount new \"/x\" ext4 ro sync data=journal; set ro\n" },
	{ "R-029 mnt.unknown: a flag without value", MOUNT("'destination':'/dev/pts','type':'devpts','options':['newinstance','gid=5','']"),
	  "mount new \"/dev/pts\" devpts newinstance gid=5\n" },
	{ "R-040 mnt.rec.any", TMPFS("'mode=1','rnoexec','rsuid'"), "mount new \"/t\" tmpfs mode=1; tree set noexec; tree clear nosuid\n" },
	{ "R-041 mnt.prop", TMPFS("'mode=1','rprivate','shared'"), "mount new \"/t\" tmpfs mode=1; propagation private recursive; propagation shared\n" },
	{ "R-023 mnt.dest.rel", MOUNT("'destination':'a/b','type':'ramfs'"), "mount new \"/a/b\" ramfs\n" },
	{ "destinations are cleaned", MOUNT("'destination':'/a//../../b/./','type':'ramfs'"), "mount new \"/b\" ramfs\n" },
	{ "the root is no destination", MOUNT("'destination':'/a/..','type':'ramfs'"), "mounts[0]: \"/a/..\": mounting over \"/\" is not possible: it is the rootfs" },
	{ "R-024 mnt.bind.def: by option", BIND("'bind'"), "mount bind \"/b\" from \"/host/b\"\n" },
	{ "R-024 mnt.bind.def: rbind", BIND("'rbind','ro','exec'"), "mount bind \"/b\" from \"/host/b\"; set ro; clear noexec; how recursive\n" },
	{ "R-024 mnt.bind.def: the type alone is not one", MOUNT("'destination':'/b','type':'bind','source':'/h'"), "mount new \"/b\" bind\n" },
	{ "R-024 mnt.bind.def: whatever the type says", MOUNT("'destination':'/b','type':'tmpfs','source':'/h','options':['bind']"), "mount bind \"/b\" from \"/h\"\n" },
	{ "R-025 mnt.bind.src: below the bundle", MOUNT("'destination':'/b','source':'data/x','options':['bind']"), "mount bind \"/b\" from \"/bundle/data/x\"\n" },
	{ "a bind without a source", MOUNT("'destination':'/b','options':['bind']"), "mounts[0]: \"/b\": a bind mount needs a source" },
	{ "R-043 mnt.super: accepted on a bind", BIND("'bind','sync','lazytime','silent'"), "mount bind \"/b\" from \"/host/b\"\n" },
	{ "R-043 mnt.super: data on a bind", BIND("'bind','mode=755'"), "mounts[0]: \"/b\": bind mounts cannot have any filesystem-specific options applied: \"mode=755\"" },
	{ "R-037 mnt.lastwins: on a bind", BIND("'bind','ro','rw'"), "mount bind \"/b\" from \"/host/b\"; clear ro\n" },
	{ "remount", MOUNT("'destination':'/b','options':['remount','ro','suid']"), "mount remount \"/b\"; set ro; clear nosuid\n" },
	{ "no type", MOUNT("'destination':'/b','source':'x'"), "mounts[0]: \"/b\": type is missing" },
	{ "which one is wrong", DOCUMENT("'mounts':[{'destination':'/a','type':'ramfs'},{'destination':'/b'}]"), "mounts[1]: \"/b\": type is missing" },
	{ "cgroup on version 2", MOUNT("'destination':'/sys/fs/cgroup','type':'cgroup','options':['ro']"), "mount new \"/sys/fs/cgroup\" cgroup2; set ro\n" },
	{ "R-046 mnt.idmap.own", MOUNT("'destination':'/b','source':'/h','options':['rbind','ridmap'],'uidMappings':[{'containerID':0,'hostID':1,'size':2}],'gidMappings':[{'containerID':0,'hostID':1,'size':2}]"),
	  "mount bind \"/b\" from \"/h\"; how recursive host-made idmap idmap-tree\n" },
	{ "R-027 mnt.map.opt: mappings without the option", MOUNT("'destination':'/b','source':'/h','options':['bind'],'uidMappings':[{'containerID':0,'hostID':1,'size':2}],'gidMappings':[{'containerID':0,'hostID':1,'size':2}]"),
	  "mount bind \"/b\" from \"/h\"; how host-made idmap\n" },
};

/* clang-format on */

static void documents(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int before = check_failures;

		CHECK_STR(planned(make, rows[i].document), rows[i].want);
		if (check_failures > before)
			printf("# in: %s\n", rows[i].name);
	}
}

static void cgroup_v1(void)
{
	CHECK_STR(planned(make_v1,
			  MOUNT("'destination':'/sys/fs/cgroup','type':'cgroup','options':['nosuid','ro']")),
		  "mount cgroup-v1 \"/sys/fs/cgroup\" tmpfs mode=755; set nosuid; how late-read-only\n"
		  "  controller cpu,cpuacct from /sys/fs/cgroup/cpu,cpuacct/x\n"
		  "  controller systemd from /sys/fs/cgroup/systemd/x\n"
		  "  controller memory from /sys/fs/cgroup/memory/x\n");
	CHECK_STR(planned(make_v1, MOUNT("'destination':'/c','type':'cgroup2'")),
		  "mount new \"/c\" cgroup2\n");
}

/* "cpu,cpuacct" is found as cpu and as cpuacct too. */
static void cgroup_v1_links(void)
{
	struct spec *spec = planned_spec(MOUNT("'destination':'/c','type':'cgroup'"));
	struct plan_builder builder;
	const struct plan *plan;
	struct error err;

	build_init(&builder);
	CHECK_INT(mounts_plan(spec, &v1, &builder, &err), 0);
	CHECK_INT(build_finish(&builder, &plan, &err), 0);
	const struct plan_mount *mount = plan_items(plan, plan->mounts);
	const struct plan_cgroup_bind *bind = plan_items(plan, mount->binds);
	const struct plan_text *links = plan_items(plan, bind[0].links);
	CHECK_INT(bind[0].links.count, 2);
	CHECK_STR(plan_text(plan, links[0]), "cpu");
	CHECK_STR(plan_text(plan, links[1]), "cpuacct");
	CHECK_INT(bind[1].links.count, 0);
	build_release(&builder);
	spec_free(spec);
}

static void new_user_namespace(void)
{
	CHECK_STR(planned(make_new_user, BIND("'bind'")),
		  "mount bind \"/b\" from \"/host/b\"; how host-made\n");
	CHECK_STR(planned(make_new_user, TMPFS("'mode=1'")), "mount new \"/t\" tmpfs mode=1\n");
}

/* Where /dev is the host's, nothing is made in it. */
static void dev_setup(void)
{
	static const struct {
		const char *document;
		bool setup;
	} cases[] = {
		{ DOCUMENT("'mounts':[]"), true },
		{ MOUNT("'destination':'/dev','type':'tmpfs'"), true },
		{ MOUNT("'destination':'/dev','source':'/dev','options':['rbind']"), false },
		{ MOUNT("'destination':'/dev/','source':'/dev','options':['bind']"), false },
		{ MOUNT("'destination':'/dev/x','source':'/dev','options':['bind']"), true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct spec *spec = planned_spec(cases[i].document);
		struct plan_builder builder;
		struct error err;

		build_init(&builder);
		CHECK_INT(mounts_plan(spec, &v2, &builder, &err), 0);
		CHECK_INT((builder.head.flags & PLAN_DEV_SETUP) != 0, cases[i].setup);
		build_release(&builder);
		spec_free(spec);
	}
}

/* fsconfig(2) ends at 255 bytes: an overlay's lowerdir goes through mount(2) with all of its data. */
static void long_values(void)
{
	char document[2048], value[300];

	for (int length = 255; length <= 256; length++) {
		struct spec *spec;
		struct plan_builder builder;
		const struct plan *plan;
		struct error err;

		memset(value, 'l', sizeof(value));
		value[length] = '\0';
		(void)snprintf(document, sizeof(document),
			       MOUNT("'destination':'/"
				     "o','type':'overlay','source':'overlay','options':['nosuid','ro','"
				     "lowerdir=%s','volatile']"),
			       value);
		spec = planned_spec(document);
		build_init(&builder);
		CHECK_INT(mounts_plan(spec, &v2, &builder, &err), 0);
		CHECK_INT(build_finish(&builder, &plan, &err), 0);
		const struct plan_mount *mount = plan_items(plan, plan->mounts);
		CHECK_INT((mount->flags & PLAN_MOUNT_LEGACY) != 0, length == 256);
		if (length == 256) {
			(void)snprintf(document, sizeof(document), "lowerdir=%s,volatile", value);
			CHECK_STR(plan_text(plan, mount->data), document);
			CHECK_INT(mount->ms_flags, 3); /* MS_RDONLY, MS_NOSUID */
		}
		build_release(&builder);
		spec_free(spec);
	}
}

static void notify_directory(void)
{
	const struct mounts_host host = { .bundle = "/bundle",
					  .cgroup_v2 = true,
					  .notify_directory = "/state/notify",
					  .notify_mount = "/run/notify" };
	struct spec *spec = planned_spec(MOUNT("'destination':'/a','type':'ramfs'"));
	struct plan_builder builder;
	struct error err;

	build_init(&builder);
	CHECK_INT(mounts_plan(spec, &host, &builder, &err), 0);
	spec_free(spec);
	CHECK_STR(planned_text(&builder),
		  "mount new \"/a\" ramfs\n"
		  "mount bind \"/run/notify\" from \"/state/notify\"; set ro nosuid nodev noexec\n");
}

static const struct test tests[] = {
	{ "R-021 mnt.order and the rest: documents and their mounts", documents },
	{ "cgroup on version 1: the container's directory of each controller", cgroup_v1 },
	{ "cgroup on version 1: links for joint controllers", cgroup_v1_links },
	{ "a new user namespace: hull opens the sources", new_user_namespace },
	{ "/dev of the host's is left alone", dev_setup },
	{ "values too long for fsconfig", long_values },
	{ "the notify socket's directory", notify_directory },
};

TEST_MAIN(tests)
