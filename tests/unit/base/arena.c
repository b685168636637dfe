/* base/arena: zeroed, aligned, limited, never moving. */
#include "base/arena.h"

#include <stdint.h>

#include "tests/unit/check.h"

static void test_alloc(void)
{
	struct arena arena;
	unsigned char *pieces[300];

	arena_init(&arena, 0);
	for (size_t i = 0; i < 300; i++) {
		size_t size = i * 7 + 1;

		pieces[i] = arena_alloc(&arena, size);
		CHECK(pieces[i] != NULL);
		CHECK_INT((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < size; k++)
			if (pieces[i][k] != 0)
				CHECK(pieces[i][k] == 0);
		memset(pieces[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < 300; i++)
		CHECK(pieces[i][0] == (i & 0xff) && pieces[i][i * 7] == (i & 0xff));
	arena_release(&arena);
	CHECK_INT(arena.used_bytes, 0);
	arena_release(&arena);
}

static void test_limit(void)
{
	struct arena arena;

	arena_init(&arena, 1000);
	CHECK(arena_alloc(&arena, 1001) == NULL);
	CHECK(arena_alloc(&arena, 500) != NULL);
	CHECK(arena_alloc(&arena, 600) == NULL);
	CHECK(arena_alloc(&arena, 400) != NULL);
	CHECK(arena_alloc(&arena, SIZE_MAX) == NULL);
	CHECK(arena_alloc(&arena, SIZE_MAX / 2 + 1) == NULL);
	arena_release(&arena);
	CHECK(arena_alloc(&arena, 900) != NULL);
	arena_release(&arena);
}

static void test_text(void)
{
	struct arena arena;
	char big[30000];

	arena_init(&arena, 0);
	CHECK_STR(arena_copy(&arena, "abcdef", 3), "abc");
	CHECK_STR(arena_copy(&arena, "", 0), "");
	CHECK_STR(arena_format(&arena, "%d-%s", 7, "x"), "7-x");
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_STR(arena_copy(&arena, big, sizeof(big) - 1), big);
	CHECK_STR(arena_format(&arena, "%s", big), big);
	arena_release(&arena);
	arena_init(&arena, 64);
	CHECK(arena_copy(&arena, big, 1000) == NULL);
	CHECK(arena_format(&arena, "%s", big) == NULL);
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "arena_alloc: zeroed, aligned, disjoint", test_alloc },
	{ "arena_alloc: the limit", test_limit },
	{ "arena_copy and arena_format", test_text },
};
TEST_MAIN(tests)
