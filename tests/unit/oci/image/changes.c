/* --change: lines of a Dockerfile. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "base/tree.h"
#include "oci/image/changes.h"

static struct arena arena;
static struct error err;

/* The configuration that @lines make, as one line of JSON; NULL: refused. */
static const char *apply(size_t count, const char **lines)
{
	static struct text text;
	struct flag_list list = { count, lines };
	const struct json *json;

	text_release(&text);
	text = TEXT_EMPTY;
	error_clear(&err);
	if (changes_apply(&list, &arena, NULL, &json, &err) < 0)
		return NULL;
	tree_write(json, NULL, &text);
	return text.data;
}
#define APPLY(...) apply(ARRAY_LEN(((const char *[]){ __VA_ARGS__ })), (const char *[]){ __VA_ARGS__ })

static void test_lines(void)
{
	CHECK_STR(apply(0, NULL), "{}");
	CHECK_STR(APPLY("CMD [\"/a\",\"b c\"]"), "{\"Cmd\":[\"/a\",\"b c\"]}");
	CHECK_STR(APPLY("cmd echo $x"), "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo $x\"]}");
	CHECK_STR(APPLY("ENTRYPOINT [\"/e\"]"), "{\"Entrypoint\":[\"/e\"]}");
	CHECK_STR(APPLY("ENV A=1 B=\"x y\"", "ENV A=2", "ENV C some words"),
		  "{\"Env\":[\"A=2\",\"B=x y\",\"C=some words\"]}");
	CHECK_STR(APPLY("EXPOSE 80 53/udp"), "{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}");
	CHECK_STR(APPLY("VOLUME /data /logs"), "{\"Volumes\":{\"/data\":{},\"/logs\":{}}}");
	CHECK_STR(APPLY("VOLUME [\"/a b\"]"), "{\"Volumes\":{\"/a b\":{}}}");
	CHECK_STR(APPLY("LABEL a=b \"c d\"='e'"), "{\"Labels\":{\"a\":\"b\",\"c d\":\"e\"}}");
	CHECK_STR(APPLY("USER 1000:1000", "WORKDIR /w", "STOPSIGNAL SIGINT"),
		  "{\"User\":\"1000:1000\",\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGINT\"}");
	CHECK_STR(APPLY("ONBUILD RUN x", "HEALTHCHECK NONE"),
		  "{\"OnBuild\":[\"RUN x\"],\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
}

static void test_bad(void)
{
	CHECK(APPLY("RUN x") == NULL);
	CHECK_HAS(err.text, "RUN is not a valid change command");
	CHECK(APPLY("CMD") == NULL);
	CHECK_HAS(err.text, "requires an argument");
	CHECK(APPLY("") == NULL);
	CHECK(APPLY("ENV A") == NULL);
	CHECK(APPLY("ENV A=1 =2") == NULL);
	CHECK(APPLY("EXPOSE x") == NULL);
	CHECK(APPLY("WORKDIR here") == NULL);
}

static const struct test tests[] = {
	{ "instructions change the configuration", test_lines },
	{ "what is none is refused", test_bad },
};
TEST_MAIN(tests)
