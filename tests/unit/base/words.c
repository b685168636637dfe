/* Durations, sizes, times, restart policies and commands in docker's words. */
#include "tests/unit/check.h"

#include "base/text.h"
#include "base/words.h"

static void check_duration(double seconds, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	words_duration((int64_t)(seconds * 1e9), &text);
	CHECK_STR(text.data, want);
}

static void test_durations(void)
{
	check_duration(-5, "Less than a second");
	check_duration(0.9, "Less than a second");
	check_duration(1, "1 second");
	check_duration(59.9, "59 seconds");
	check_duration(60, "About a minute");
	check_duration(119, "About a minute");
	check_duration(120, "2 minutes");
	check_duration(3599, "59 minutes");
	check_duration(3600, "About an hour");
	check_duration(5400, "2 hours");
	check_duration(47 * 3600, "47 hours");
	check_duration(48 * 3600, "2 days");
	check_duration(13 * 86400, "13 days");
	check_duration(14 * 86400, "2 weeks");
	check_duration(60 * 86400, "2 months");
	check_duration(729 * 86400, "24 months");
	check_duration(731 * 86400, "2 years");
}

static void check_size(double bytes, unsigned unit, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	words_size(bytes, unit, &text);
	CHECK_STR(text.data, want);
}

static void test_sizes(void)
{
	check_size(0, 1024, "0B");
	check_size(1023, 1024, "1023B");
	check_size(1024, 1024, "1KiB");
	check_size(1288490189, 1024, "1.2GiB");
	check_size(999, 1000, "999B");
	check_size(1250, 1000, "1.25kB");
	check_size(5.5e6, 1000, "5.5MB");
}

static void check_time(int64_t ns, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	words_time(ns, &text);
	CHECK_STR(text.data, want);
}

static void test_times(void)
{
	autotext struct text text = TEXT_EMPTY;

	check_time(0, "1970-01-01T00:00:00Z");
	check_time(951782400 * WORDS_SECOND_NS + 500000000, "2000-02-29T00:00:00.5Z");
	check_time(-1, "1969-12-31T23:59:59.999999999Z");
	words_time_plain(1764060583 * WORDS_SECOND_NS + 7, &text);
	CHECK_STR(text.data, "2025-11-25 08:49:43 +0000 UTC");
}

static void check_moment(const char *word, int64_t want_ns)
{
	struct error err;
	int64_t ns = 0;

	CHECK_INT(words_parse_moment(word, 10000 * WORDS_SECOND_NS, &ns, &err), 0);
	CHECK_INT(ns, want_ns);
}

static void test_moments(void)
{
	static const char *const bad[] = { "",
					   "x",
					   "1x",
					   "10m5",
					   "2025-13-01",
					   "2025-11-25T25:00:00Z",
					   "2025-11-25Tx",
					   "1.",
					   "99999999999999999999",
					   "9999999999999h",
					   "-5m",
					   "2025-11-25T08:00+1" };
	struct error err;
	int64_t ns;

	check_moment("1763000000", 1763000000 * WORDS_SECOND_NS);
	check_moment("1763000000.25", 1763000000 * WORDS_SECOND_NS + 250000000);
	check_moment("10m", 9400 * WORDS_SECOND_NS);
	check_moment("1h30m10.5s", 10000 * WORDS_SECOND_NS - 5410500000000);
	check_moment("300ms", 10000 * WORDS_SECOND_NS - 300000000);
	check_moment("2000-02-29", 951782400 * WORDS_SECOND_NS);
	check_moment("2000-02-29T01:00:00Z", 951786000 * WORDS_SECOND_NS);
	check_moment("2000-02-29T01:00:00.5+01:00", 951782400 * WORDS_SECOND_NS + 500000000);
	check_moment("2000-02-29T01:00", 951786000 * WORDS_SECOND_NS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (words_parse_moment(bad[i], 0, &ns, &err) >= 0)
			printf("# \"%s\" was taken\n", bad[i]);
		CHECK(words_parse_moment(bad[i], 0, &ns, &err) < 0);
	}
}

static void test_commands(void)
{
	static const char *const items[] = { "sh", "-c", "echo \"a\nb\" and more than that" };
	static const char *const exact[] = { "1234567890123456789é" };
	struct strings args = { 3, items }, twenty = { 1, exact };
	autotext struct text cut = TEXT_EMPTY, whole = TEXT_EMPTY, same = TEXT_EMPTY;

	words_command(&args, true, &cut);
	CHECK_STR(cut.data, "\"sh -c echo \\\"a\\nb\\\" an…\"");
	words_command(&args, false, &whole);
	CHECK_STR(whole.data, "\"sh -c echo \\\"a\\nb\\\" and more than that\"");
	static const char *const hostile[] = { "a\033[2J\xff" };
	struct strings moving = { 1, hostile };
	autotext struct text still = TEXT_EMPTY;

	words_command(&moving, true, &still);
	CHECK_STR(still.data, "\"a\\x1b[2J\\xff\"");
	words_command(&twenty, true, &same);
	CHECK_STR(same.data, "\"1234567890123456789é\"");
}

static const struct test tests[] = {
	{ "durations are docker's words", test_durations },
	{ "sizes in both units", test_sizes },
	{ "times, before 1970 and on leap days too", test_times },
	{ "moments: seconds, dates, durations; nonsense is refused", test_moments },
	{ "commands are cut to 20 characters", test_commands },
};
TEST_MAIN(tests)
