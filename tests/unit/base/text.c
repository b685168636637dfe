/* base/text: appending, JSON strings, UTF-8, comparisons. */
#include "base/text.h"

#include <errno.h>
#include <stdint.h>

#include "tests/unit/check.h"

static void test_append(void)
{
	autotext struct text text = TEXT_EMPTY;
	struct error err;

	CHECK_INT(text_done(&text, &err), 0);
	CHECK_STR(text.data, "");
	text_append(&text, "a");
	text_append_bytes(&text, "bcd", 2);
	text_format(&text, "%d%s", 12, "x");
	CHECK_INT(text_done(&text, &err), 0);
	CHECK_STR(text.data, "abc12x");
	CHECK_INT(text.length, 6);
	for (int i = 0; i < 10000; i++)
		text_format(&text, "%05d", i);
	CHECK_INT(text_done(&text, &err), 0);
	CHECK_INT(text.length, 6 + 50000);
	CHECK_STR(text.data + 6 + 49995, "09999");
	text_release(&text);
	CHECK(text.data == NULL && text.length == 0);
}

static void test_failed(void)
{
	autotext struct text text = TEXT_EMPTY;
	struct error err;

	text_append(&text, "a");
	text.failed = true;
	text_append(&text, "b");
	CHECK_INT(text_done(&text, &err), -ENOMEM);
	CHECK_STR(text.data, "a");
}

static void json(const char *value, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	text_append_json(&text, value);
	CHECK_STR(text.data, want);
}

static void test_json(void)
{
	json("", "\"\"");
	json("plain /path", "\"plain /path\"");
	json("q\"b\\n\nt\tr\r", "\"q\\\"b\\\\n\\nt\\tr\\r\"");
	json("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
	json("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	json("a\xff"
	     "b\xc3",
	     "\"a\\ufffdb\\ufffd\"");
}

static void test_utf8(void)
{
	CHECK_INT(text_utf8_length("a"), 1);
	CHECK_INT(text_utf8_length("\xc3\xa9"), 2);
	CHECK_INT(text_utf8_length("\xe2\x82\xac"), 3);
	CHECK_INT(text_utf8_length("\xf0\x9f\x98\x80"), 4);
	CHECK_INT(text_utf8_length("\xc0\x80"), 0);
	CHECK_INT(text_utf8_length("\xe0\x80\x80"), 0);
	CHECK_INT(text_utf8_length("\xed\xa0\x80"), 0);
	CHECK_INT(text_utf8_length("\xf0\x80\x80\x80"), 0);
	CHECK_INT(text_utf8_length("\xf4\x90\x80\x80"), 0);
	CHECK_INT(text_utf8_length("\xf8\x88\x80\x80"), 0);
	CHECK_INT(text_utf8_length("\x80"), 0);
	CHECK_INT(text_utf8_length("\xe2\x82"), 0);
}

static void test_escaped(void)
{
	autotext struct text text = TEXT_EMPTY;

	text_append_escaped(&text, "plain \"quoted\" \\ \t \r\n \x7f gr\xc3\xbc\xc3\x9f \xc2\x9b \x9b \xff",
			    false);
	CHECK_STR(text.data,
		  "plain \"quoted\" \\ \\t \\x0d\\n \\x7f gr\xc3\xbc\xc3\x9f \\xc2\\x9b \\x9b \\xff");
	text_append_escaped(&text, "|a \"b\" \\", true);
	CHECK(text_ends(text.data, "|a \\\"b\\\" \\\\"));
}

static void test_compare(void)
{
	CHECK(text_equal("a", "a"));
	CHECK(!text_equal("a", "b"));
	CHECK(!text_equal(NULL, "a"));
	CHECK(!text_equal(NULL, NULL));
	CHECK(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("ab", "abc"));
	CHECK(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("c", "bc"));
}

static const struct test tests[] = {
	{ "appending", test_append },
	{ "a failed append is reported at the end", test_failed },
	{ "text_append_json", test_json },
	{ "text_utf8_length", test_utf8 },
	{ "text_append_escaped", test_escaped },
	{ "comparisons", test_compare },
};
TEST_MAIN(tests)
