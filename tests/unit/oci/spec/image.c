/* Image documents: what is read, and what is refused before anyone acts on it. */
#include "tests/unit/check.h"

#include <errno.h>

#include "base/cleanup.h"
#include "oci/spec/image.h"

#define HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define DIGEST "sha256:" HEX
#define CONFIG "\"config\":{\"mediaType\":\"" IMAGE_TYPE_CONFIG "\",\"digest\":\"" DIGEST "\",\"size\":2}"
#define LAYER "{\"mediaType\":\"" IMAGE_TYPE_LAYER "+gzip\",\"digest\":\"" DIGEST "\",\"size\":7}"

static struct arena arena;
static struct error err;

static int manifest_of(const char *text, struct image_manifest *ret)
{
	arena_release(&arena);
	error_clear(&err);
	return image_parse_manifest(&arena, "manifest", text, strlen(text), NULL, ret, &err);
}

static int config_of(const char *text, struct image_config *ret)
{
	arena_release(&arena);
	error_clear(&err);
	return image_parse_config(&arena, "config", text, strlen(text), ret, &err);
}

static void test_manifest(void)
{
	struct image_manifest m;

	CHECK_INT(manifest_of("{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\"," CONFIG
			      ",\"layers\":[" LAYER "],\"annotations\":{\"a\":\"b\"},\"new\":[1]}",
			      &m),
		  0);
	CHECK_STR(m.config.digest, DIGEST);
	CHECK_INT(m.layers.count, 1);
	CHECK_INT(m.layers.items[0].size, 7);
	CHECK_STR(image_annotation(&m.annotations, "a"), "b");
	CHECK(image_annotation(&m.annotations, "b") == NULL);
}

/* Each with a word of what must be said. */
static void test_bad_manifests(void)
{
	static const char *const bad[][2] = {
		{ "", "" },
		{ "[]", "object" },
		{ "{}", "config" },
		{ "{" CONFIG "}", "layers" },
		{ "{" CONFIG ",\"layers\":[],\"manifests\":[]}", "index" },
		{ "{" CONFIG ",\"layers\":[],\"fsLayers\":[]}", "schema 1" },
		{ "{" CONFIG ",\"layers\":[],\"mediaType\":\"" IMAGE_TYPE_INDEX "\"}", "mediaType" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"" DIGEST "\",\"size\":-1}]}", "size" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"" DIGEST "\",\"size\":9223372036854775808}]}",
		  "size" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"" DIGEST "\",\"size\":1e3}]}", "size" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"sha256:../../etc/passwd\",\"size\":1}]}", "digest" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"\",\"size\":1}]}", "digest" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"md5:" HEX "\",\"size\":1}]}", "digest" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"sha512:" HEX "\",\"size\":1}]}", "digest" },
		{ "{" CONFIG ",\"layers\":[{\"digest\":\"sha256:" HEX "0\",\"size\":1}]}", "digest" },
		{ "{" CONFIG ",\"layers\":[{\"size\":1}]}", "digest" },
		{ "{" CONFIG ",\"layers\":{}}", "array" },
		{ "{" CONFIG ",\"layers\":[7]}", "" },
		{ "{" CONFIG "," CONFIG ",\"layers\":[]}", "config" },
		{ "{" CONFIG ",\"layers\":[]} x", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct image_manifest m;

		CHECK(manifest_of(bad[i][0], &m) < 0);
		CHECK_HAS(err.text, bad[i][1]);
		CHECK_HAS(err.text, "manifest");
	}
}

static void test_told_type(void)
{
	static const char text[] = "{\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\"," CONFIG ",\"layers\":[]}";
	struct image_manifest m;

	arena_release(&arena);
	CHECK_INT(image_parse_manifest(&arena, "m", text, strlen(text), IMAGE_TYPE_MANIFEST, &m, &err), 0);
	CHECK_INT(image_parse_manifest(&arena, "m", text, strlen(text),
				       "application/vnd.docker.distribution.manifest.v2+json", &m, &err),
		  -EINVAL);
	CHECK_HAS(err.text, "descriptor");
}

static void test_index(void)
{
	static const char good[] =
		"{\"manifests\":[{\"digest\":\"" DIGEST "\",\"size\":3,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm\",\"variant\":\"v6\"}}]}";
	static const char both[] = "{\"manifests\":[],\"layers\":[]}";
	struct image_index index;

	arena_release(&arena);
	CHECK_INT(image_parse_index(&arena, "index", good, strlen(good), NULL, &index, &err), 0);
	CHECK_STR(index.manifests.items[0].platform->variant, "v6");
	CHECK_INT(image_parse_index(&arena, "index", both, strlen(both), NULL, &index, &err), -EINVAL);
	CHECK_HAS(err.text, "manifest");
}

/* docker writes null for what is absent. */
static void test_config(void)
{
	struct image_config c;

	CHECK_INT(
		config_of("{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2024-01-01T00:00:00Z\","
			  "\"config\":{\"Cmd\":null,\"Volumes\":null,\"Entrypoint\":[\"/"
			  "a\",\"b\"],\"User\":\"\","
			  "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Labels\":{\"x\":\"y\"},"
			  "\"Healthcheck\":{\"Test\":[\"NONE\"],\"Interval\":5000000000}},"
			  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]},"
			  "\"history\":[{\"created_by\":\"x\"},{\"empty_layer\":true}]}",
			  &c),
		0);
	CHECK_INT(c.defaults.cmd.count, 0);
	CHECK_INT(c.defaults.entrypoint.count, 2);
	CHECK(c.defaults.user == NULL);
	CHECK_STR(c.defaults.exposed_ports.items[1], "53/udp");
	CHECK_STR(c.defaults.labels.items[0].value, "y");
	CHECK_INT(c.defaults.healthcheck->interval, 5000000000);
	CHECK_INT(c.history_count, 2);
	CHECK(c.history[1].empty_layer);
	CHECK_STR(c.diff_ids.items[0], DIGEST);

	struct image_manifest m = { .layers.count = 2 };
	CHECK_INT(image_check_pair(&m, &c, &err), -EINVAL);
	m.layers.count = 1;
	CHECK_INT(image_check_pair(&m, &c, &err), 0);
}

static void test_bad_configs(void)
{
	static const char *const bad[][2] = {
		{ "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\"}}", "architecture" },
		{ "{\"architecture\":\"a\",\"os\":\"b\"}", "rootfs" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":\"tree\"}}", "layers" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"x\"]}"
		  "}",
		  "digest" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Env\":"
		  "\"x\"}}",
		  "Env" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":\"layers\"},\"config\":{"
		  "\"Volumes\":[]}}",
		  "Volumes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct image_config c;

		CHECK(config_of(bad[i][0], &c) < 0);
		CHECK_HAS(err.text, bad[i][1]);
	}
}

static void test_kinds(void)
{
	CHECK_INT(image_kind(NULL), IMAGE_UNKNOWN);
	CHECK_INT(image_kind(IMAGE_TYPE_LAYER "+zstd"), IMAGE_LAYER);
	CHECK_INT(image_kind(IMAGE_TYPE_LAYER "+gzip+encrypted"), IMAGE_LAYER_ENCRYPTED);
	CHECK_INT(image_kind("application/vnd.docker.container.image.v1+json"), IMAGE_CONFIG);
	CHECK_INT(image_kind("application/vnd.oci.empty.v1+json"), IMAGE_UNKNOWN);
	CHECK_INT(image_kind("application/vnd.docker.distribution.manifest.v1+prettyjws"), IMAGE_SCHEMA1);
	CHECK_INT(image_check_digest(DIGEST, "x", &err), 0);
	CHECK_INT(image_check_digest("sha256:" HEX "/..", "x", &err), -EINVAL);
}

static const struct test tests[] = {
	{ "a manifest is read", test_manifest },
	{ "bad manifests are refused with the place", test_bad_manifests },
	{ "the document's type must be the descriptor's", test_told_type },
	{ "an index is read; one that could be a manifest is refused", test_index },
	{ "a configuration is read; null is absent", test_config },
	{ "bad configurations are refused with the place", test_bad_configs },
	{ "media types and digests", test_kinds },
};
TEST_MAIN(tests)
