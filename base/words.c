/* Quantities in words; see words.h. */
#include "base/words.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/number.h"

#include "base/banned.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

int64_t words_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
	return (int64_t)now.tv_sec * WORDS_SECOND_NS + now.tv_nsec;
}

void words_duration(int64_t ns, struct text *ret)
{
	/* The first row whose limit is above the seconds counts; a NULL unit is the whole phrase. */
	static const struct {
		int64_t below, unit;
		const char *one, *many;
	} rows[] = {
		{ 1, 1, "Less than a second", NULL },    { 2, 1, "1 second", NULL },
		{ MINUTE, 1, NULL, "seconds" },          { 2 * MINUTE, 1, "About a minute", NULL },
		{ HOUR, MINUTE, NULL, "minutes" },       { HOUR + HOUR / 2, 1, "About an hour", NULL },
		{ 2 * DAY, HOUR, NULL, "hours" },        { 14 * DAY, DAY, NULL, "days" },
		{ 60 * DAY, 7 * DAY, NULL, "weeks" },    { 730 * DAY, 30 * DAY, NULL, "months" },
		{ INT64_MAX, 365 * DAY, NULL, "years" },
	};
	int64_t seconds = ns < 0 ? 0 : ns / WORDS_SECOND_NS;
	size_t i = 0;

	while (seconds >= rows[i].below)
		i++;
	if (rows[i].one != NULL) {
		text_append(ret, rows[i].one);
		return;
	}
	int64_t unit = rows[i].unit, count = unit == HOUR ? (seconds + HOUR / 2) / HOUR : seconds / unit;

	text_format(ret, "%" PRId64 " %s", count, rows[i].many);
}

void words_size(double bytes, unsigned unit, struct text *ret)
{
	static const char prefixes[] = "kMGTPE";
	size_t power = 0;

	for (; bytes >= unit && power < sizeof(prefixes) - 1; power++)
		bytes /= unit;
	if (power == 0) {
		text_format(ret, "%.0fB", bytes);
		return;
	}
	if (unit == 1024)
		text_format(ret, "%.4g%ciB", bytes, toupper((unsigned char)prefixes[power - 1]));
	else
		text_format(ret, "%.3g%cB", bytes, prefixes[power - 1]);
}

/*
 * Done by hand because gmtime of some libcs reads the host's time zone files. The day number is counted in
 * years that begin on 1 March, so that the leap day is the last.
 */
static void format_date(int64_t seconds, char between, struct text *ret)
{
	int64_t days = seconds / DAY, rest = seconds % DAY;

	if (rest < 0) {
		rest += DAY;
		days--;
	}
	int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;
	int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
	int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
	int64_t year = year_of_era + era * 400 + (month <= 2);

	text_format(ret, "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "%c%02" PRId64 ":%02" PRId64 ":%02" PRId64,
		    year, month, day, between, rest / HOUR, rest / MINUTE % 60, rest % 60);
}

void words_time(int64_t ns, struct text *ret)
{
	char fraction[16];
	int64_t rest = ns % WORDS_SECOND_NS;

	if (rest < 0)
		rest += WORDS_SECOND_NS;
	format_date((ns - rest) / WORDS_SECOND_NS, 'T', ret);
	int length = snprintf(fraction, sizeof(fraction), ".%09" PRId64, rest);
	while (length > 1 && fraction[length - 1] == '0')
		length--;
	text_append_bytes(ret, fraction, length > 1 ? (size_t)length : 0);
	text_append(ret, "Z");
}

void words_time_plain(int64_t ns, struct text *ret)
{
	format_date(ns / WORDS_SECOND_NS, ' ', ret);
	text_append(ret, " +0000 UTC");
}

/* Digits from *@text on, at most 18 of them; false where there is none. */
static bool read_digits(const char **text, int64_t *ret)
{
	int count = 0;
	int64_t value = 0;

	for (; isdigit((unsigned char)**text) && count < 18; (*text)++, count++)
		value = value * 10 + (**text - '0');
	*ret = value;
	return count > 0 && !isdigit((unsigned char)**text);
}

/* ".5" as nanoseconds of a second; nothing there is 0. */
static bool read_fraction(const char **text, int64_t *ret_ns)
{
	int64_t scale = WORDS_SECOND_NS / 10;

	*ret_ns = 0;
	if (**text != '.')
		return true;
	(*text)++;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++, scale /= 10)
		*ret_ns += (**text - '0') * scale;
	return true;
}

static bool read_unit(const char **text, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ms", 1000000 },
		{ "us", 1000 },
		{ "ns", 1 },
		{ "h", HOUR * WORDS_SECOND_NS },
		{ "m", MINUTE * WORDS_SECOND_NS },
		{ "s", WORDS_SECOND_NS },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!text_starts(*text, units[i].name))
			continue;
		*text += strlen(units[i].name);
		*ret_ns = units[i].ns;
		return true;
	}
	return false;
}

int words_parse_duration(const char *text, int64_t *ret_ns, struct error *err)
{
	int64_t sum = 0, number, fraction, unit;
	const char *s = text;

	do {
		if (!read_digits(&s, &number) || !read_fraction(&s, &fraction))
			return error_set(err, 0, "invalid duration \"%s\"", text);
		if (*s == '\0' && sum == 0)
			unit = WORDS_SECOND_NS;
		else if (!read_unit(&s, &unit))
			return error_set(err, 0, "unknown unit in duration \"%s\"", text);
		/* no more than some 290 years fit */
		if (__builtin_mul_overflow(number, unit, &number) ||
		    __builtin_add_overflow(sum, number, &sum) ||
		    __builtin_add_overflow(sum, (int64_t)((double)fraction * (double)unit / 1e9), &sum))
			return error_set(err, ERANGE, "duration \"%s\"", text);
	} while (*s != '\0');
	*ret_ns = sum;
	return 0;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t day_number(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* Two digits after @mark, at most @max. */
static bool read_pair(const char **text, char mark, int64_t max, int64_t *ret)
{
	const char *s = *text;

	if (*s != mark || !isdigit((unsigned char)s[1]) || !isdigit((unsigned char)s[2]))
		return false;
	*ret = (s[1] - '0') * 10 + (s[2] - '0');
	*text += 3;
	return *ret <= max;
}

static bool read_date(const char *s, int64_t *ret_ns)
{
	int64_t year, month, day, hour = 0, minute = 0, second = 0, fraction = 0, zone_hour, zone_minute,
				  zone = 0;
	const char *start = s;

	if (!read_digits(&s, &year) || s - start != 4 || !read_pair(&s, '-', 12, &month) ||
	    !read_pair(&s, '-', 31, &day) || month == 0 || day == 0)
		return false;
	if (*s == 'T' || *s == ' ') {
		if (!read_pair(&s, *s, 23, &hour))
			return false;
		if (*s == ':' && !read_pair(&s, ':', 59, &minute))
			return false;
		if (*s == ':' && (!read_pair(&s, ':', 60, &second) || !read_fraction(&s, &fraction)))
			return false;
	}
	if (*s == 'Z') {
		s++;
	} else if (*s == '+' || *s == '-') {
		int sign = *s == '+' ? 1 : -1;

		if (!read_pair(&s, *s, 23, &zone_hour) || !read_pair(&s, ':', 59, &zone_minute))
			return false;
		zone = sign * (zone_hour * HOUR + zone_minute * MINUTE);
	}
	*ret_ns = (day_number(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second - zone) *
			  WORDS_SECOND_NS +
		  fraction;
	return *s == '\0';
}

int words_parse_moment(const char *text, int64_t now_ns, int64_t *ret_ns, struct error *err)
{
	const char *s = text;
	int64_t seconds, fraction, duration;

	if (read_date(text, ret_ns))
		return 0;
	if (read_digits(&s, &seconds) && read_fraction(&s, &fraction) && *s == '\0') {
		if (__builtin_mul_overflow(seconds, WORDS_SECOND_NS, &seconds) ||
		    __builtin_add_overflow(seconds, fraction, ret_ns))
			return error_set(err, ERANGE, "time \"%s\"", text);
		return 0;
	}
	if (words_parse_duration(text, &duration, err) < 0)
		return error_set(
			err, 0,
			"\"%s\" is neither a time (2026-11-25T08:29:43Z), nor seconds since 1970, nor "
			"a duration (10m)",
			text);
	*ret_ns = now_ns - duration;
	return 0;
}

void words_command(const struct strings *args, bool cut, struct text *ret)
{
	static const size_t most = 19;
	autotext struct text joined = TEXT_EMPTY;
	size_t end = 0;

	for (size_t i = 0; i < args->count; i++)
		text_format(&joined, "%s%s", i == 0 ? "" : " ", args->items[i]);
	text_append(&joined, "");
	ret->failed = ret->failed || joined.failed;
	if (joined.failed)
		return;
	for (size_t characters = 0; joined.data[end] != '\0' && (!cut || characters < most); characters++) {
		size_t length = text_utf8_length(joined.data + end);

		end += length == 0 ? 1 : length;
	}
	/* as long as the cut would be: whole */
	size_t last = joined.data[end] == '\0' ? 0 : text_utf8_length(joined.data + end);
	bool shortened = joined.data[end] != '\0' && joined.data[end + (last == 0 ? 1 : last)] != '\0';
	if (shortened)
		joined.data[end] = '\0';
	text_append(ret, "\"");
	text_append_escaped(ret, joined.data, true);
	text_append(ret, shortened ? "…\"" : "\"");
}
