/* base/error: texts, context chain, full buffers. */
#include "base/error.h"

#include <errno.h>

#include "tests/unit/check.h"

static void test_set(void)
{
	struct error err;

	CHECK_INT(error_set(&err, ENOENT, "open \"%s\"", "/nope"), -ENOENT);
	CHECK_STR(err.text, "open \"/nope\"");
	CHECK_INT(err.number, ENOENT);
	CHECK_INT(err.length, strlen(err.text));
	CHECK_INT(error_set(&err, 0, "wrong"), -EINVAL);
	CHECK_INT(err.number, 0);
	CHECK_INT(error_set(&err, -EPERM, "as a negative number"), -EPERM);
	CHECK_INT(err.number, EPERM);
	error_clear(&err);
	CHECK_INT(err.length, 0);
	CHECK_STR(err.text, "");
}

static void test_add(void)
{
	struct error err;

	error_set(&err, EACCES, "open \"x\"");
	CHECK_INT(error_add(&err, "create \"%s\"", "web"), -EACCES);
	CHECK_STR(err.text, "create \"web\": open \"x\"");
	CHECK_INT(err.length, strlen(err.text));
	error_set(&err, 0, "cause");
	CHECK_INT(error_add(&err, "context"), -EINVAL);
}

static void test_full(void)
{
	struct error err;
	char big[2 * ERROR_TEXT_SIZE];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_INT(error_set(&err, EIO, "%s", big), -EIO);
	CHECK_INT(err.length, ERROR_TEXT_SIZE - 1);
	CHECK_INT(strlen(err.text), ERROR_TEXT_SIZE - 1);
	error_set(&err, EIO, "the cause");
	CHECK_INT(error_add(&err, "%s", big), -EIO);
	CHECK_STR(err.text, "the cause");
	/* A context that fits alone but not with the cause is dropped too. */
	big[ERROR_TEXT_SIZE - 8] = '\0';
	CHECK_INT(error_add(&err, "%s", big), -EIO);
	CHECK_STR(err.text, "the cause");
	/* One that fits exactly is kept. */
	size_t room = ERROR_TEXT_SIZE - strlen("the cause") - 1;
	big[room - 2] = '\0';
	error_add(&err, "%s", big);
	CHECK_INT(err.length, ERROR_TEXT_SIZE - 1);
	CHECK_HAS(err.text, "xx: the cause");
}

static const struct test tests[] = {
	{ "error_set", test_set },
	{ "error_add puts context in front", test_add },
	{ "a full buffer keeps the cause", test_full },
};
TEST_MAIN(tests)
