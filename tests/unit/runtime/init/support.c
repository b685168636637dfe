/* What hull-init has in the place of a libc. */
#include <stdlib.h>

#include "runtime/init/init.h"
#include "tests/unit/check.h"

static void comparing(void)
{
	static const char *const words[] = { "", "a", "ab", "abc", "b", "abd", "ab ", "\xff", "ABC" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		CHECK_INT(string_length(words[i]), strlen(words[i]));
		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
			CHECK_INT(string_equal(words[i], words[j]), strcmp(words[i], words[j]) == 0);
			CHECK_INT(string_starts(words[i], words[j]),
				  strncmp(words[i], words[j], strlen(words[j])) == 0);
		}
	}
}

/* Whole or not at all, and never past the room. */
static void joining(void)
{
	for (size_t room = 1; room < 12; room++) {
		char *buffer = malloc(room); /* so that a sanitizer sees one byte too many */

		bool fits = string_join(buffer, room, "abc", "defg");
		CHECK_INT(fits, room >= 8);
		if (fits)
			CHECK_STR(buffer, "abcdefg");
		free(buffer);
	}
}

/* The buffer may be its own first or second part. */
static void joining_in_place(void)
{
	char buffer[16] = "abc";

	CHECK(string_join(buffer, sizeof(buffer), buffer, "de"));
	CHECK_STR(buffer, "abcde");
	CHECK(string_join(buffer, sizeof(buffer), "", buffer));
	CHECK_STR(buffer, "abcde");
}

static void numbers(void)
{
	static const unsigned long long values[] = {
		0, 1, 7, 8, 9, 10, 63, 64, 99, 100, 4294967295ULL, 18446744073709551615ULL
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char got[24], want[24];

		(void)snprintf(want, sizeof(want), "%llu", values[i]);
		CHECK_STR(string_number(got, values[i], 10), want);
		(void)snprintf(want, sizeof(want), "%llo", values[i]);
		CHECK_STR(string_number(got, values[i], 8), want);
	}
}

static void memory(void)
{
	char *a = memory_take(1), *b = memory_take((size_t)1 << 20);

	CHECK(a != NULL && b != NULL && a != b);
	if (a == NULL || b == NULL)
		return;
	for (size_t i = 0; i < (size_t)1 << 20; i += 4096)
		CHECK_INT(b[i], 0);
	b[((size_t)1 << 20) - 1] = 1;
	CHECK(memory_take(SIZE_MAX / 2) == NULL);
}

static const struct test tests[] = {
	{ "length, equality, prefixes", comparing },
	{ "joining", joining },
	{ "joining in place", joining_in_place },
	{ "numbers", numbers },
	{ "memory", memory },
};

TEST_MAIN(tests)
