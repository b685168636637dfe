/* Namespaces: from a document to the plan, and opened by path. */
#include "runtime/linux/namespaces.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/runtime/linux/planned.h"

#define NAMESPACES(list) LINUX("'namespaces':[" list "]")
#define ALL                                                                                                  \
	"{'type':'pid'},{'type':'network'},{'type':'ipc'},{'type':'uts'},{'type':'mount'},{'type':'cgroup'}"
#define USER                                                                                                 \
	"'namespaces':[" ALL                                                                                 \
	",{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'"      \
	"containerID':0,'hostID':2000,'size':20},{'containerID':20,'hostID':1,'size':1}]"

static int make(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	return namespaces_plan(spec, true, builder, err);
}

static int make_unborn(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	return namespaces_plan(spec, false, builder, err);
}

static void new_ones(void)
{
	CHECK_STR(planned(make, NAMESPACES("")), "");
	CHECK_STR(planned(make, NAMESPACES(ALL)), "clone with new pid network mount ipc uts cgroup\n");
	CHECK_STR(planned(make, NAMESPACES("{'type':'mount','path':''}")), "clone with new mount\n");
	CHECK_STR(planned(make, NAMESPACES("{'type':'mount'},{'type':'ipc'}")), "clone with new mount ipc\n");
	/* After the last cgroup is joined. */
	CHECK_STR(planned(make_unborn, NAMESPACES(ALL)),
		  "clone with new pid network mount ipc uts\ninit unshares cgroup\n");
}

static void joined_ones(void)
{
	CHECK_STR(planned(make,
			  NAMESPACES("{'type':'mount'},{'type':'network','path':'/n'},{'type':'ipc','path':'/"
				     "i'},{'type':'uts','path':'/u'},{'type':'cgroup','path':'/c'}")),
		  "clone with new mount\ninit enters network ipc uts cgroup\n");
	/* Only children are born into these. */
	CHECK_STR(planned(make,
			  NAMESPACES(
				  "{'type':'mount'},{'type':'pid','path':'/p'},{'type':'user','path':'/u'}")),
		  "joiner enters pid user\nclone with new mount\n");
}

static void user_namespace(void)
{
	CHECK_STR(planned(make, LINUX(USER)), "clone with new pid user\n"
					      "init unshares network mount ipc uts cgroup\n"
					      "uid map 0 1000 10\n"
					      "gid map 0 2000 20\ngid map 20 1 1\n");
	CHECK_HAS(planned(make, LINUX("'namespaces':[{'type':'user'},{'type':'pid','path':'/"
				      "p'}],'uidMappings':[{'containerID':0,'hostID':0,'size':1}],'"
				      "gidMappings':[{'containerID':0,'hostID':0,'size':1}]")),
		  "cannot be combined with a new user namespace");
}

static void names(void)
{
	CHECK_STR(planned(make,
			  DOCUMENT(
				  "'hostname':'h','domainname':'d','linux':{'namespaces':[{'type':'uts'}]}")),
		  "clone with new uts\nhostname \"h\"\ndomainname \"d\"\n");
}

struct flag_row {
	const char *document;
	uint32_t flags;
};

static void flags(void)
{
	static const struct flag_row rows[] = {
		{ NAMESPACES(""), 0 },
		{ NAMESPACES("{'type':'network'}"), PLAN_LOOPBACK },
		{ NAMESPACES("{'type':'network','path':'/n'}"), 0 },
		{ NAMESPACES("{'type':'mount'}"), PLAN_HAS_MOUNT_NS },
		{ NAMESPACES("{'type':'pid','path':'/p'}"), PLAN_JOINER },
		{ LINUX(USER),
		  PLAN_NEW_USER | PLAN_WAIT_GO | PLAN_BIND_DEVICES | PLAN_LOOPBACK | PLAN_HAS_MOUNT_NS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec *spec = planned_spec(rows[i].document);
		struct plan_builder builder;
		struct error err;

		build_init(&builder);
		CHECK_INT(namespaces_plan(spec, true, &builder, &err), 0);
		CHECK_INT(builder.head.flags, rows[i].flags);
		build_release(&builder);
		spec_free(spec);
	}
}

static void differing(void)
{
	struct spec *spec = planned_spec(NAMESPACES("{'type':'mount'},{'type':'pid','path':'/p'}"));

	CHECK_INT(namespaces_of(spec), CLONE_NEWNS | CLONE_NEWPID);
	spec_free(spec);
}

/* namespaces_open's result for the uts namespace at @path; its text in @err. */
static int open_uts(const char *path, struct plan_fds *fds, struct error *err)
{
	char document[512];
	struct spec *spec;

	(void)snprintf(document, sizeof(document), NAMESPACES("{'type':'uts','path':'%s'}"), path);
	spec = planned_spec(document);
	memset(fds, 0xff, sizeof(*fds));
	int result = namespaces_open(spec, fds, err);
	spec_free(spec);
	return result;
}

static void opened(void)
{
	struct plan_fds fds;
	struct error err;

	CHECK_INT(open_uts("/proc/self/ns/uts", &fds, &err), 0);
	CHECK(fds.namespaces[NS_UTS] >= 0);
	CHECK_INT(fds.namespaces[NS_PID], -1);
	(void)close(fds.namespaces[NS_UTS]);
	CHECK(open_uts("/proc/self/ns/net", &fds, &err) < 0);
	CHECK_STR(err.text, "\"/proc/self/ns/net\" is not a uts namespace");
	CHECK_INT(fds.namespaces[NS_UTS], -1);
	CHECK(open_uts("/dev/null", &fds, &err) < 0);
	CHECK_STR(err.text, "\"/dev/null\" is not a uts namespace");
	CHECK(open_uts("/proc/self/ns/none", &fds, &err) < 0);
	CHECK_STR(err.text, "namespace \"/proc/self/ns/none\" does not exist");
}

static const struct test tests[] = {
	{ "R-113 ns.new: made by the clone", new_ones },
	{ "R-111 ns.join: entered by hull-init or by a joiner", joined_ones },
	{ "user: the rest is unshared by its root", user_namespace },
	{ "hostname and domainname", names },
	{ "what follows from them", flags },
	{ "which differ from the host's", differing },
	{ "R-112 ns.match: a path is a namespace of its type", opened },
};

TEST_MAIN(tests)
