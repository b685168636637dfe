/* hull-init's errors say what hull's say: the two implementations of base/error.h side by side. */
#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "tests/unit/check.h"

/* runtime/init/error.c in its hosted build */
int init_error_set(struct error *err, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int init_error_add(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void init_error_clear(struct error *err);

static struct error ours, theirs;

static void check_same(int got, int want)
{
	CHECK_INT(got, want);
	CHECK_INT(ours.number, theirs.number);
	CHECK_INT(ours.length, theirs.length);
	CHECK_INT(ours.length, (int)strlen(ours.text));
	CHECK_STR(ours.text, theirs.text);
}

#define SET(...) check_same(init_error_set(&ours, __VA_ARGS__), error_set(&theirs, __VA_ARGS__))
#define ADD(...) check_same(init_error_add(&ours, __VA_ARGS__), error_add(&theirs, __VA_ARGS__))

static void formats(void)
{
	SET(ENOENT, "plain");
	SET(0, "%s", "");
	SET(-EPERM, "open \"%s\"", "/a b");
	SET(0, "%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	SET(0, "%u %u", 0U, UINT_MAX);
	SET(0, "%o %o", 0U, 07777U);
	SET(EINVAL, "100%% of %s%s%d", "a", "b", 7);
}

static void contexts(void)
{
	SET(ENOENT, "open \"%s\"", "/x");
	ADD("mounts");
	ADD("step %d of %s", -3, "all");
	SET(0, "words");
	ADD("%s", "hull");
}

static void clearing(void)
{
	SET(EIO, "x");
	init_error_clear(&ours);
	error_clear(&theirs);
	check_same(0, 0);
}

/* A cause is cut, a context that does not fit is dropped; at every length around the limit. */
static void limits(void)
{
	char text[ERROR_TEXT_SIZE + 64];

	for (size_t length = ERROR_TEXT_SIZE - 16; length < ERROR_TEXT_SIZE + 16; length++) {
		memset(text, 'x', sizeof(text));
		text[length] = '\0';
		SET(EIO, "%s", text);
		SET(EIO, "%s%d", text, -12345);
		SET(EIO, "%s%s%o", text, "tail", 0644U);
		ADD("context");
		SET(EIO, "cause");
		ADD("%s", text);
		ADD("%s", text + ERROR_TEXT_SIZE - 32);
	}
}

/* The outermost ones are dropped, never the cause. */
static void many_contexts(void)
{
	SET(EIO, "cause");
	for (int i = 0; i < 300; i++)
		ADD("context %d", i);
	CHECK_HAS(ours.text, "context 0: cause");
}

static const struct test tests[] = {
	{ "formats", formats },
	{ "contexts", contexts },
	{ "clearing", clearing },
	{ "at the end of the room", limits },
	{ "many contexts", many_contexts },
};

TEST_MAIN(tests)
