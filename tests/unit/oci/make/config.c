/* The default document: read back by the parser, in all four forms. */
#include "oci/make/config.h"

#include "oci/spec/spec.h"
#include "tests/unit/check.h"

static struct error err;

static struct spec *make(const struct config_options *options)
{
	autotext struct text text = TEXT_EMPTY;
	struct spec *spec = NULL;

	error_clear(&err);
	CHECK_INT(config_default(options, &text, &err), 0);
	CHECK_INT(spec_parse("default", text.data, text.length, &spec, &err), 0);
	CHECK_STR(err.text, "");
	CHECK(spec != NULL && spec->unsupported.count == 0 && spec->warnings.count == 0);
	return spec;
}

static void test_root(void)
{
	struct spec *spec = make(&(struct config_options){ 0 });

	if (spec == NULL)
		return;
	CHECK_STR(spec->oci_version, SPEC_VERSION);
	CHECK_STR(spec->hostname, "hull");
	CHECK(spec->root->readonly);
	CHECK_STR(spec->root->path, "rootfs");
	CHECK(spec->process->terminal && spec->process->no_new_privileges);
	CHECK_STR(spec->process->args.items[0], "sh");
	CHECK_STR(spec->process->env.items[1], "TERM=xterm");
	CHECK_INT(spec->process->rlimits.items[0].soft, 1024);
	CHECK_INT(spec->process->capabilities->sets[CAPSET_BOUNDING].count, 3);
	CHECK_INT(spec->process->capabilities->sets[CAPSET_EFFECTIVE].count, 3);
	CHECK_INT(spec->process->capabilities->sets[CAPSET_PERMITTED].count, 3);
	CHECK_INT(spec->process->capabilities->sets[CAPSET_INHERITABLE].count, 0);
	CHECK_INT(spec->process->capabilities->sets[CAPSET_AMBIENT].count, 0);
	CHECK_INT(spec->mounts.count, 7);
	CHECK_STR(spec->mounts.items[2].options.items[5], "gid=5");
	CHECK_STR(spec->mounts.items[5].type, "sysfs");
	CHECK_INT(spec->linux->resources->device_rule_count, 1);
	CHECK(!spec->linux->resources->device_rules[0].allow);
	CHECK_INT(spec->linux->masked_paths.count, 10);
	CHECK_INT(spec->linux->readonly_paths.count, 5);
	CHECK(spec->linux->namespaces.listed[NS_NETWORK] && !spec->linux->namespaces.listed[NS_CGROUP]);
	CHECK(!spec->linux->namespaces.listed[NS_USER]);
	spec_free(spec);
	spec = make(&(struct config_options){ .cgroup_v2 = true });
	CHECK(spec != NULL && spec->linux->namespaces.listed[NS_CGROUP]);
	spec_free(spec);
}

static void test_rootless(void)
{
	struct spec *spec =
		make(&(struct config_options){ .rootless = true, .uid = 1000, .gid = 4294967294 });

	if (spec == NULL)
		return;
	CHECK(spec->linux->namespaces.listed[NS_USER] && !spec->linux->namespaces.listed[NS_NETWORK]);
	CHECK_INT(spec->linux->uid_mappings.items[0].host_id, 1000);
	CHECK_INT(spec->linux->gid_mappings.items[0].host_id, 4294967294);
	CHECK_INT(spec->linux->gid_mappings.items[0].size, 1);
	CHECK(spec->linux->resources == NULL);
	CHECK_INT(spec->mounts.items[2].options.count, 5);
	CHECK_STR(spec->mounts.items[5].source, "/sys");
	CHECK_STR(spec->mounts.items[5].options.items[0], "rbind");
	spec_free(spec);
	spec = make(&(struct config_options){ .rootless = true, .cgroup_v2 = true });
	CHECK(spec != NULL && spec->linux->namespaces.listed[NS_CGROUP]);
	spec_free(spec);
}

static const struct test tests[] = {
	{ "for root", test_root },
	{ "for a user without privileges", test_rootless },
};
TEST_MAIN(tests)
