/* The features document: valid, complete, and true: what it lists, config.json may say. */
#include "oci/spec/features.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/unit/check.h"

static struct error err;
static struct arena arena;

static const struct json *features(void)
{
	static const char *const options[] = { "bind", "idmap", "ro", "rro" };
	autotext struct text text = TEXT_EMPTY;
	struct spec_features made = { .mount_options = { ARRAY_LEN(options), options },
				      .cgroup_v1 = true,
				      .cgroup_v2 = true,
				      .version = "0.1" };
	const struct json *json = NULL;

	CHECK_INT(spec_features_format(&made, &text, &err), 0);
	CHECK(text_ends(text.data, "\n    }\n}\n"));
	arena_release(&arena);
	arena_init(&arena, 0);
	CHECK_INT(json_parse(&arena, "features", text.data, text.length, &json, &err), 0);
	return json;
}

static bool has(const struct json *array, const char *item)
{
	for (const struct json *i = array == NULL ? NULL : array->first; i != NULL; i = i->next)
		if (text_equal(i->text, item))
			return true;
	return false;
}

static bool enabled(const struct json *parent, const char *name)
{
	const struct json *value = json_get(json_get(parent, name), "enabled");

	CHECK(value != NULL && value->type == JSON_BOOL);
	return value != NULL && value->truth;
}

static void test_members(void)
{
	const struct json *json = features(), *linux = json_get(json, "linux");
	const struct json *seccomp = json_get(linux, "seccomp");

	CHECK_STR(json_get(json, "ociVersionMin")->text, "1.0.0");
	CHECK_STR(json_get(json, "ociVersionMax")->text, "1.3.0");
	CHECK_INT(json_get(json, "hooks")->count, 6);
	CHECK(has(json_get(json, "hooks"), "createContainer"));
	CHECK(has(json_get(json, "mountOptions"), "rro"));
	CHECK(has(json_get(json, "mountOptions"), "idmap"));
	CHECK_INT(json_get(linux, "namespaces")->count, 7);
	CHECK(!has(json_get(linux, "namespaces"), "time"));
	CHECK_INT(json_get(linux, "capabilities")->count, 41);
	CHECK(json_get(json_get(linux, "cgroup"), "v1")->truth);
	CHECK(!json_get(json_get(linux, "cgroup"), "systemd")->truth);
	CHECK(enabled(linux, "seccomp"));
	CHECK(!has(json_get(seccomp, "actions"), "SCMP_ACT_NOTIFY"));
	CHECK(has(json_get(seccomp, "actions"), "SCMP_ACT_KILL") &&
	      has(json_get(seccomp, "actions"), "SCMP_ACT_KILL_THREAD"));
	CHECK_INT(json_get(seccomp, "operators")->count, 7);
	CHECK_INT(json_get(seccomp, "archs")->count, 23);
	CHECK_INT(json_get(seccomp, "knownFlags")->count, 4);
	CHECK(!has(json_get(seccomp, "supportedFlags"), "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"));
	CHECK(!enabled(linux, "apparmor") && !enabled(linux, "selinux") && !enabled(linux, "intelRdt"));
	CHECK(!enabled(linux, "netDevices") && enabled(json_get(linux, "mountExtensions"), "idmap"));
	CHECK(json_get(linux, "memoryPolicy") == NULL);
	CHECK_INT(json_get(json, "annotations")->count, 1);
}

/* @format has one %s. The document with @item in it must be accepted with nothing unsupported. */
static void accepted(const char *format, const char *item)
{
	autotext struct text text = TEXT_EMPTY;
	struct spec *spec = NULL;

	text_append(&text, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},");
	const char *hole = strstr(format, "%s");
	text_append_bytes(&text, format, (size_t)(hole - format));
	text_append(&text, item);
	text_append(&text, hole + 2);
	text_append(&text, "}");
	CHECK_INT(spec_parse("doc", text.data, text.length, &spec, &err), 0);
	CHECK(spec != NULL && spec->unsupported.count == 0 && spec->warnings.count == 0);
	spec_free(spec);
}

static void all_accepted(const struct json *array, const char *format)
{
	CHECK(array != NULL && array->count > 0);
	for (const struct json *i = array == NULL ? NULL : array->first; i != NULL; i = i->next)
		accepted(format, i->text);
}

static void test_truth(void)
{
	const struct json *json = features(), *linux = json_get(json, "linux");
	const struct json *seccomp = json_get(linux, "seccomp");

	all_accepted(json_get(json, "hooks"), "\"hooks\":{\"%s\":[{\"path\":\"/x\"}]}");
	all_accepted(json_get(linux, "namespaces"),
		     "\"linux\":{\"namespaces\":[{\"type\":\"%s\",\"path\":\"/x\"}]}");
	all_accepted(json_get(linux, "capabilities"),
		     "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"capabilities\":{\"bounding\":[\"%s\"]}}");
	all_accepted(json_get(seccomp, "actions"), "\"linux\":{\"seccomp\":{\"defaultAction\":\"%s\"}}");
	all_accepted(
		json_get(seccomp, "operators"),
		"\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[\"a\"],"
		"\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":1,\"value\":1,\"op\":\"%s\"}]}]}}");
	all_accepted(
		json_get(seccomp, "archs"),
		"\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"architectures\":[\"%s\"]}}");
	all_accepted(json_get(seccomp, "knownFlags"),
		     "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":[\"%s\"]}}");
	accepted("\"mounts\":[{\"destination\":\"/\",\"options\":[\"%s\"]}]", "rro");
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "R-250 feat.ver: members", test_members },
	{ "R-252 feat.truth: what is listed is accepted", test_truth },
};
TEST_MAIN(tests)
