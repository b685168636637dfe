/* Names of images: docker's grammar, both ways. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "oci/image/reference.h"

#define HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static struct arena arena;
static struct error err;

static void test_forms(void)
{
	/* as written, as kept, as shown */
	static const char *const names[][3] = {
		{ "busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36" },
		{ "library/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "someone/tool", "docker.io/someone/tool:latest", "someone/tool:latest" },
		{ "docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
		{ "docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest" },
		{ "docker.io/localhost/c", "docker.io/localhost/c:latest", "docker.io/localhost/c:latest" },
		{ "localhost/x", "localhost/x:latest", "localhost/x:latest" },
		{ "localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest" },
		{ "quay.io/a/b/c:v1", "quay.io/a/b/c:v1", "quay.io/a/b/c:v1" },
		{ "[::1]:5000/x:y", "[::1]:5000/x:y", "[::1]:5000/x:y" },
		{ "a__b/c-d--e.f_g", "docker.io/a__b/c-d--e.f_g:latest", "a__b/c-d--e.f_g:latest" },
		{ "x@sha256:" HEX, "docker.io/library/x@sha256:" HEX, "x@sha256:" HEX },
		{ "x:y@sha256:" HEX, "docker.io/library/x:y@sha256:" HEX, "x:y@sha256:" HEX },
		{ "X.example/x", "X.example/x:latest", "X.example/x:latest" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct reference reference;
		autotext struct text whole = TEXT_EMPTY, familiar = TEXT_EMPTY;

		CHECK_INT(reference_parse(names[i][0], &arena, &reference, &err), 0);
		reference = reference_or_latest(&reference);
		reference_format(&reference, &whole);
		reference_familiar(&reference, &familiar);
		CHECK_STR(whole.data, names[i][1]);
		CHECK_STR(familiar.data, names[i][2]);
		/* what is kept is read as the same */
		CHECK_INT(reference_parse(whole.data, &arena, &reference, &err), 0);
		text_release(&familiar);
		familiar = TEXT_EMPTY;
		reference_format(&reference, &familiar);
		CHECK_STR(familiar.data, names[i][1]);
	}
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"",
		":",
		"a:",
		"/a",
		"a/",
		"a//b",
		"a b",
		"-a",
		"a-",
		"a..b",
		"a___b",
		"a:b:c",
		"a@b",
		"a@sha256:12",
		"UPPER",
		"a/../b",
		"..",
		"a:-x",
		"a:x/y",
		"http://a/b",
		"a.b:x/y",
		"a.b:123456/y",
		"\xc3\xa4",
		"a\nb",
		"-a.b/c",
		"[::1/x",
		"a@sha256:" HEX "00",
		HEX,
	};
	char longest[300];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct reference reference;

		CHECK(reference_parse(bad[i], &arena, &reference, &err) < 0);
		CHECK_HAS(err.text, "invalid re");
	}
	CHECK(reference_parse("UPPER", &arena, &(struct reference){ 0 }, &err) < 0);
	CHECK_HAS(err.text, "lowercase");
	memset(longest, 'a', sizeof(longest));
	longest[REFERENCE_MAX_NAME + 1] = '\0';
	CHECK(reference_parse(longest, &arena, &(struct reference){ 0 }, &err) < 0);
	memset(longest, 'a', sizeof(longest));
	longest[1] = ':';
	longest[2 + REFERENCE_MAX_TAG] = '\0';
	CHECK_INT(reference_parse(longest, &arena, &(struct reference){ 0 }, &err), 0);
	longest[2 + REFERENCE_MAX_TAG] = 'a';
	longest[3 + REFERENCE_MAX_TAG] = '\0';
	CHECK(reference_parse(longest, &arena, &(struct reference){ 0 }, &err) < 0);
}

static const struct test tests[] = {
	{ "names as written, as kept, as shown", test_forms },
	{ "what is no name is refused", test_bad },
};
TEST_MAIN(tests)
