/*
 * The least a unit test needs: each CHECK is counted, a failing one says where; TEST_MAIN runs a
 * table of named tests and prints TAP. Unit tests need no root and leave nothing behind.
 */
#ifndef HULL_TESTS_UNIT_CHECK_H
#define HULL_TESTS_UNIT_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int check_failures;

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			check_failures++;                                                                    \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                             \
		}                                                                                            \
	} while (0)

#define CHECK_INT(got, want)                                                                                 \
	do {                                                                                                 \
		long long got_ = (long long)(got), want_ = (long long)(want);                                \
		if (got_ != want_) {                                                                         \
			check_failures++;                                                                    \
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, got_, want_);    \
		}                                                                                            \
	} while (0)

#define CHECK_STR(got, want)                                                                                 \
	do {                                                                                                 \
		const char *got_ = (got), *want_ = (want);                                                   \
		if (got_ == NULL || strcmp(got_, want_) != 0) {                                              \
			check_failures++;                                                                    \
			printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got,              \
			       got_ == NULL ? "(null)" : got_, want_);                                       \
		}                                                                                            \
	} while (0)

/* @want appears in @got. */
#define CHECK_HAS(got, want)                                                                                 \
	do {                                                                                                 \
		const char *got_ = (got), *want_ = (want);                                                   \
		if (got_ == NULL || strstr(got_, want_) == NULL) {                                           \
			check_failures++;                                                                    \
			printf("# %s:%d: %s is \"%s\", without \"%s\"\n", __FILE__, __LINE__, #got,          \
			       got_ == NULL ? "(null)" : got_, want_);                                       \
		}                                                                                            \
	} while (0)

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST_MAIN(tests)                                                                                     \
	int main(void)                                                                                       \
	{                                                                                                    \
		size_t count = sizeof(tests) / sizeof((tests)[0]);                                           \
		int bad = 0;                                                                                 \
		printf("1..%zu\n", count);                                                                   \
		for (size_t i = 0; i < count; i++) {                                                         \
			check_failures = 0;                                                                  \
			(tests)[i].run();                                                                    \
			printf("%s %zu %s\n", check_failures ? "not ok" : "ok", i + 1, (tests)[i].name);     \
			bad += check_failures != 0;                                                          \
		}                                                                                            \
		return bad != 0;                                                                             \
	}

#endif
