/* Platforms: names, and which of several images suits best. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "oci/spec/image_platform.h"

static struct arena arena;
static struct error err;

static struct image_platform parse(const char *text)
{
	struct image_platform platform = { 0 };

	CHECK_INT(image_platform_parse(text, &arena, &platform, &err), 0);
	return platform;
}

static void test_names(void)
{
	static const char *const names[][2] = {
		{ "linux/amd64", "linux/amd64" },
		{ "linux/x86_64", "linux/amd64" },
		{ "arm64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/armhf", "linux/arm/v7" },
		{ "linux/arm/6", "linux/arm/v6" },
		{ "armel", "linux/arm/v6" },
		{ "linux/amd64/v1", "linux/amd64" },
		{ "linux/386", "linux/386" },
		{ "linux/amd64/v3", "linux/amd64/v3" },
	};
	struct image_platform ignored;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct image_platform platform = parse(names[i][0]);
		autotext struct text text = TEXT_EMPTY;

		image_platform_format(&platform, &text);
		CHECK_STR(text.data, names[i][1]);
	}
	CHECK(image_platform_parse("", &arena, &ignored, &err) < 0);
	CHECK(image_platform_parse("a/b/c/d", &arena, &ignored, &err) < 0);
	CHECK(image_platform_parse("linux/", &arena, &ignored, &err) < 0);
	CHECK(image_platform_parse("linux/a b", &arena, &ignored, &err) < 0);
}

/* Which of @offered (blank-separated) is chosen for @wanted; -1: none. */
static int choose(const char *wanted, const char *offered)
{
	struct image_platform platforms[16], want = parse(wanted);
	struct image_descriptor items[16] = { 0 };
	char copy[256];
	size_t count = 0;

	(void)snprintf(copy, sizeof(copy), "%s", offered);
	for (char *s = strtok(copy, " "); s != NULL; s = strtok(NULL, " "), count++) {
		items[count].media_type = IMAGE_TYPE_MANIFEST;
		if (strcmp(s, "-") == 0)
			continue;
		platforms[count] = parse(s);
		items[count].platform = &platforms[count];
	}
	struct image_index index = { .manifests = { count, items } };
	const struct image_descriptor *best = image_platform_choose(&index, &want);

	return best == NULL ? -1 : (int)(best - items);
}

static void test_choice(void)
{
	CHECK_INT(choose("linux/amd64", "linux/arm64 linux/amd64 linux/amd64"), 1);
	CHECK_INT(choose("linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4 linux/amd64/v3"), 3);
	CHECK_INT(choose("linux/amd64/v3", "linux/amd64 linux/amd64/v4 linux/amd64/v2"), 2);
	CHECK_INT(choose("linux/amd64", "linux/amd64/v2 linux/386"), 1);
	CHECK_INT(choose("linux/amd64", "linux/386 linux/amd64"), 1);
	CHECK_INT(choose("linux/arm/v7", "linux/arm/v5 linux/arm/v6 linux/arm/v8"), 1);
	CHECK_INT(choose("linux/arm/v5", "linux/arm/v6 linux/arm/v7"), -1);
	CHECK_INT(choose("linux/arm64", "linux/arm/v6 linux/arm/v7"), 1);
	CHECK_INT(choose("linux/arm64/v9", "linux/arm64 linux/arm64/v8.5 linux/arm64/v8.6"), 1);
	CHECK_INT(choose("linux/amd64", "windows/amd64"), -1);
	CHECK_INT(choose("linux/amd64", "linux/arm64 -"), 1);
	CHECK_INT(choose("linux/amd64", ""), -1);
}

/* BuildKit's attestations name a platform that is none, and say what they are. */
static void test_attestation(void)
{
	static const struct spec_kv kv[] = { { "vnd.docker.reference.type", "attestation-manifest" } };
	struct image_platform want = parse("linux/amd64"),
			      none = { .os = "unknown", .architecture = "unknown" };
	struct image_descriptor items[] = {
		{ .media_type = IMAGE_TYPE_MANIFEST, .annotations = { 1, kv } },
		{ .media_type = IMAGE_TYPE_MANIFEST, .platform = &none },
		{ .media_type = "application/x-other", .platform = &want },
	};
	struct image_index index = { .manifests = { 3, items } };

	CHECK(image_platform_choose(&index, &want) == NULL);
}

static void test_host(void)
{
	struct image_platform host = image_platform_host();

	CHECK_STR(host.os, "linux");
	CHECK_INT(image_platform_rank(&host, &host, false), 0);
}

static const struct test tests[] = {
	{ "names are read and normalised", test_names },
	{ "the best suiting entry is chosen", test_choice },
	{ "attestations and foreign kinds never are", test_attestation },
	{ "this machine has a platform", test_host },
};
TEST_MAIN(tests)
