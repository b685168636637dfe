/* Root, propagation, masked and read-only paths, sysctls: from a document to the plan. */
#include "runtime/linux/paths.h"

#include "base/cleanup.h"
#include "tests/unit/runtime/linux/planned.h"

#define SLAVE "rootfs \"/bundle/rootfs\"\nhost propagation slave recursive\n"

static int make(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	return paths_plan(spec, "/bundle", builder, err);
}

static void root(void)
{
	CHECK_STR(planned(make, LINUX("")), SLAVE);
	CHECK_STR(planned(make, "{'ociVersion':'1.0.0','root':{'path':'/abs/root'}}"),
		  "rootfs \"/abs/root\"\nhost propagation slave recursive\n");
}

static void readonly_root(void)
{
	struct spec *spec = planned_spec("{'ociVersion':'1.0.0','root':{'path':'r','readonly':true}}");
	struct plan_builder builder;
	struct error err;

	build_init(&builder);
	CHECK_INT(paths_plan(spec, "/bundle", &builder, &err), 0);
	CHECK_INT(builder.head.flags, PLAN_ROOT_READONLY);
	build_release(&builder);
	spec_free(spec);
}

static void propagation(void)
{
	static const struct {
		const char *document, *want;
	} rows[] = {
		{ LINUX("'rootfsPropagation':'slave'"),
		  "host propagation slave recursive\nroot propagation slave\n" },
		{ LINUX("'rootfsPropagation':'rslave'"),
		  "host propagation slave recursive\nroot propagation slave recursive\n" },
		{ LINUX("'rootfsPropagation':'private'"),
		  "host propagation private recursive\nroot propagation private\n" },
		{ LINUX("'rootfsPropagation':'shared'"),
		  "host propagation shared recursive\nroot propagation shared\n" },
		{ LINUX("'rootfsPropagation':'rshared'"),
		  "host propagation shared recursive\nroot propagation shared recursive\n" },
		{ LINUX("'rootfsPropagation':'unbindable'"),
		  "host propagation slave recursive\nroot propagation unbindable\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(strchr(planned(make, rows[i].document), '\n') + 1, rows[i].want);
}

static void masked_and_readonly(void)
{
	CHECK_STR(planned(make, LINUX("'namespaces':[{'type':'mount'}],'maskedPaths':['/proc/kcore','/a "
				      "b'],'readonlyPaths':['/proc/sys']")),
		  SLAVE "read-only path \"/proc/sys\"\nmasked path \"/proc/kcore\"\nmasked path \"/a b\"\n");
}

#define SYSCTL(key) LINUX("'namespaces':[{'type':'network'},{'type':'ipc'}],'sysctl':{'" key "':'1 2'}")

/* The first separator decides. */
static void sysctls(void)
{
	CHECK_STR(planned(make, SYSCTL("net.ipv4.ip_forward")), SLAVE "sysctl net/ipv4/ip_forward = 1 2\n");
	CHECK_STR(planned(make, SYSCTL("net/ipv4/ip_forward")), SLAVE "sysctl net/ipv4/ip_forward = 1 2\n");
	CHECK_STR(planned(make, SYSCTL("net/ipv4/conf/eth0.100/rp_filter")),
		  SLAVE "sysctl net/ipv4/conf/eth0.100/rp_filter = 1 2\n");
	CHECK_STR(planned(make, SYSCTL("net.ipv4.conf.eth0/100.rp_filter")),
		  SLAVE "sysctl net/ipv4/conf/eth0.100/rp_filter = 1 2\n");
	CHECK_STR(planned(make, SYSCTL("kernel.msgmax")), SLAVE "sysctl kernel/msgmax = 1 2\n");
}

static const struct test tests[] = {
	{ "root: absolute or below the bundle", root },
	{ "R-020 root.ro", readonly_root },
	{ "R-193 prop.shared, R-194 prop.enum: propagation", propagation },
	{ "R-195 mask.abs, R-197 ro.abs: as listed", masked_and_readonly },
	{ "R-192 sys.sep: dots and slashes", sysctls },
};

TEST_MAIN(tests)
