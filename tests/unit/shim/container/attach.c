/* Detach keys: how they are written, and how they are found in what is typed. */
#include "tests/unit/check.h"

#include "shim/container/attach.h"

static struct attach_keys keys;
static struct error err;

static void test_words(void)
{
	static const char *const bad[] = { "ctrl-", "ctrl-1",    "ab",     "a,",
					   ",a",    "ctrl-p,,a", "CTRL-p", "ctrl-pq" };

	CHECK_INT(attach_parse_keys(NULL, &keys, &err), 0);
	CHECK_INT(keys.count, 2);
	CHECK_INT(keys.bytes[0], 16);
	CHECK_INT(keys.bytes[1], 17);
	CHECK_INT(attach_parse_keys("a,ctrl-[,ctrl-_", &keys, &err), 0);
	CHECK_INT(keys.count, 3);
	CHECK_INT(keys.bytes[0], 'a');
	CHECK_INT(keys.bytes[1], 27);
	CHECK_INT(keys.bytes[2], 31);
	CHECK_INT(attach_parse_keys("", &keys, &err), 0);
	CHECK_INT(keys.count, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(attach_parse_keys(bad[i], &keys, &err) < 0);
	CHECK_HAS(err.text, "invalid detach keys (ctrl-pq) provided");
}

/* What reaches the container of @input, typed in pieces of @piece bytes. */
static bool type(const char *input, size_t piece, char *ret)
{
	unsigned char bytes[64];
	size_t typed = 0, length = strlen(input), out = 0;
	bool detached = false;

	for (size_t at = 0; at < length && !detached; at += piece) {
		size_t size = length - at < piece ? length - at : piece;

		memcpy(bytes, input + at, size);
		detached = attach_filter_keys(&keys, &typed, bytes, sizeof(bytes), &size);
		memcpy(ret + out, bytes, size);
		out += size;
	}
	ret[out] = '\0';
	return detached;
}

static void test_filter(void)
{
	char out[128];

	CHECK_INT(attach_parse_keys("ctrl-p,ctrl-q", &keys, &err), 0);
	for (size_t piece = 1; piece < 8; piece++) {
		CHECK(type("ab\020\021cd", piece, out));
		CHECK_STR(out, "ab");
		CHECK(!type("a\020b\021c", piece, out));
		CHECK_STR(out, "a\020b\021c");
		CHECK(type("\020\020\021", piece, out));
		CHECK_STR(out, "\020");
		CHECK(!type("plain", piece, out));
		CHECK_STR(out, "plain");
	}
	CHECK_INT(attach_parse_keys("x", &keys, &err), 0);
	CHECK(type("abx", 1, out));
	CHECK_STR(out, "ab");
	CHECK_INT(attach_parse_keys("", &keys, &err), 0);
	CHECK(!type("ab\020\021", 2, out));
	CHECK_STR(out, "ab\020\021");
}

static const struct test tests[] = {
	{ "how keys are written", test_words },
	{ "they are found however they are typed", test_filter },
};
TEST_MAIN(tests)
