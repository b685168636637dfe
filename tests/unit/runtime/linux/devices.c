/* Devices and default links: from a document to the plan. */
#include "runtime/linux/devices.h"

#include "base/cleanup.h"
#include "tests/unit/runtime/linux/planned.h"

#define DEVICES(list) LINUX("'devices':[" list "]")
#define DEFAULTS_BUT_NULL                                                                                    \
	"device /dev/zero c 1:5 mode 666 owner 0:0\n"                                                        \
	"device /dev/full c 1:7 mode 666 owner 0:0\n"                                                        \
	"device /dev/random c 1:8 mode 666 owner 0:0\n"                                                      \
	"device /dev/urandom c 1:9 mode 666 owner 0:0\n"                                                     \
	"device /dev/tty c 5:0 mode 666 owner 0:0\n"
#define DEFAULTS "device /dev/null c 1:3 mode 666 owner 0:0\n" DEFAULTS_BUT_NULL
#define LINKS                                                                                                \
	"link /dev/fd -> /proc/self/fd\n"                                                                    \
	"link /dev/stdin -> /proc/self/fd/0\n"                                                               \
	"link /dev/stdout -> /proc/self/fd/1\n"                                                              \
	"link /dev/stderr -> /proc/self/fd/2\n"                                                              \
	"link /dev/core -> /proc/kcore\n"                                                                    \
	"link /dev/ptmx -> pts/ptmx\n"

static int make(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	builder->head.flags |= PLAN_DEV_SETUP;
	return devices_plan(spec, builder, err);
}

static int make_in_hosts_dev(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	return devices_plan(spec, builder, err);
}

static void defaults(void)
{
	CHECK_STR(planned(make, DEVICES("")), DEFAULTS LINKS);
	CHECK_STR(planned(make_in_hosts_dev, DEVICES("")), "");
}

static void listed(void)
{
	CHECK_STR(planned(make,
			  DEVICES("{'path':'/dev/"
				  "fuse','type':'c','major':10,'minor':229,'fileMode':432,'uid':1,'gid':2},"
				  "{'path':'/dev/loop0','type':'b','major':7,'minor':0},{'path':'/dev/"
				  "pipe','type':'p'},"
				  "{'path':'/opt/u','type':'u','major':1,'minor':3}")),
		  DEFAULTS "device /dev/fuse c 10:229 mode 660 owner 1:2 listed\n"
			   "device /dev/loop0 b 7:0 mode 666 owner 0:0 listed\n"
			   "device /dev/pipe p 0:0 mode 666 owner 0:0 listed\n"
			   "device /opt/u c 1:3 mode 666 owner 0:0 listed\n" LINKS);
	CHECK_STR(planned(make_in_hosts_dev,
			  DEVICES("{'path':'/dev/fuse','type':'c','major':10,'minor':229}")),
		  "device /dev/fuse c 10:229 mode 666 owner 0:0 listed\n");
}

static void listed_default(void)
{
	CHECK_STR(planned(make,
			  DEVICES("{'path':'/dev/null','type':'c','major':1,'minor':3,'fileMode':384}")),
		  DEFAULTS_BUT_NULL "device /dev/null c 1:3 mode 600 owner 0:0 listed\n" LINKS);
}

/* Only the permissions of fileMode count: the type has a member of its own. */
static void file_mode(void)
{
	CHECK_STR(planned(make_in_hosts_dev,
			  DEVICES("{'path':'/dev/x','type':'c','major':1,'minor':2,'fileMode':8630}")),
		  "device /dev/x c 1:2 mode 666 owner 0:0 listed\n");
}

static void ptmx(void)
{
	CHECK_STR(planned(make, DEVICES("{'path':'/dev/ptmx','type':'c','major':5,'minor':2}")),
		  DEFAULTS LINKS);
}

static const struct test tests[] = {
	{ "R-127 dev.def, R-258: default devices and links", defaults },
	{ "R-121 dev.avail: listed devices", listed },
	{ "R-127 dev.def: a listed one is taken as it is listed", listed_default },
	{ "fileMode: permissions alone", file_mode },
	{ "R-129 dev.ptmx: the container's own", ptmx },
};

TEST_MAIN(tests)
