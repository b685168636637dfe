/* base/number: the whole text or an error. */
#include "base/number.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tests/unit/check.h"

static struct error err;

static void test_u64(void)
{
	static const char *const bad[] = { "",    " 1",  "1 ",  "+1", "01", "00", "-0",
					   "0x1", "1.0", "1e3", "a",  "1a", "-" };
	uint64_t value = 77;

	CHECK_INT(number_parse_u64("0", UINT64_MAX, &value, &err), 0);
	CHECK(value == 0);
	CHECK_INT(number_parse_u64("18446744073709551615", UINT64_MAX, &value, &err), 0);
	CHECK(value == UINT64_MAX);
	value = 77;
	CHECK_INT(number_parse_u64("18446744073709551616", UINT64_MAX, &value, &err), -ERANGE);
	CHECK_INT(number_parse_u64("99999999999999999999999", UINT64_MAX, &value, &err), -ERANGE);
	CHECK_INT(number_parse_u64("4294967296", UINT32_MAX, &value, &err), -ERANGE);
	CHECK_STR(err.text, "number 4294967296: must be at most 4294967295");
	CHECK_INT(number_parse_u64("-1", UINT64_MAX, &value, &err), -ERANGE);
	CHECK_HAS(err.text, "must not be negative");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_INT(number_parse_u64(bad[i], UINT64_MAX, &value, &err), -EINVAL);
	CHECK(value == 77);
}

static void test_i64(void)
{
	int64_t value = 77;

	CHECK_INT(number_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value, &err), 0);
	CHECK(value == INT64_MIN);
	CHECK_INT(number_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &value, &err), 0);
	CHECK(value == INT64_MAX);
	value = 77;
	CHECK_INT(number_parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &value, &err), -ERANGE);
	CHECK_INT(number_parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &value, &err), -ERANGE);
	CHECK_INT(number_parse_i64("1001", -1000, 1000, &value, &err), -ERANGE);
	CHECK_HAS(err.text, "must be -1000 to 1000");
	CHECK_INT(number_parse_i64("-1001", -1000, 1000, &value, &err), -ERANGE);
	CHECK_INT(number_parse_i64("--1", -1000, 1000, &value, &err), -EINVAL);
	CHECK_INT(number_parse_i64("-", -1000, 1000, &value, &err), -EINVAL);
	CHECK_INT(number_parse_i64("1.5", -1000, 1000, &value, &err), -EINVAL);
	CHECK(value == 77);
	CHECK_INT(number_parse_i64("-1", -1000, 1000, &value, &err), 0);
	CHECK_INT(value, -1);
}

static void test_octal(void)
{
	uint32_t value;

	CHECK_INT(number_parse_octal("0755", 07777, &value, &err), 0);
	CHECK_INT(value, 0755);
	CHECK_INT(number_parse_octal("1777", 07777, &value, &err), 0);
	CHECK_INT(value, 01777);
	CHECK_INT(number_parse_octal("8", 07777, &value, &err), -EINVAL);
	CHECK_INT(number_parse_octal("", 07777, &value, &err), -EINVAL);
	CHECK_INT(number_parse_octal("10000", 07777, &value, &err), -ERANGE);
	CHECK_INT(number_parse_octal("7777777777777777777777777", 07777, &value, &err), -ERANGE);
}

static void test_bytes(void)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {
		{ "0", 0 },          { "10", 10 },          { "10b", 10 },       { "1k", 1024 },
		{ "1K", 1024 },      { "1kb", 1024 },       { "1KiB", 1024 },    { "2m", 2 << 20 },
		{ "3g", 3LL << 30 }, { "1tib", 1LL << 40 }, { "1p", 1LL << 50 }, { "-1", -1 },
	};
	static const char *const bad[] = { "", "k", "-2", "1x", "1kk", "1ki", "1.5m", "1 m", "+1", "1bb" };
	int64_t value;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CHECK_INT(number_parse_bytes(good[i].text, &value, &err), 0);
		CHECK_INT(value, good[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_INT(number_parse_bytes(bad[i], &value, &err), -EINVAL);
	CHECK_INT(number_parse_bytes("9223372036854775807k", &value, &err), -ERANGE);
	CHECK_INT(number_parse_bytes("9223372036854775808", &value, &err), -ERANGE);
}

static const struct test tests[] = {
	{ "number_parse_u64", test_u64 },
	{ "number_parse_i64", test_i64 },
	{ "number_parse_octal", test_octal },
	{ "number_parse_bytes", test_bytes },
};
TEST_MAIN(tests)
