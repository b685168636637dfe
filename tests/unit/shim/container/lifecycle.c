/* The lifecycle's table: every cell is an answer, and the known ones are docker's. */
#include "tests/unit/check.h"

#include <errno.h>

#include "shim/container/lifecycle.h"

static void test_all(void)
{
	for (int command = 0; command < LIFE_COMMAND_COUNT; command++) {
		for (int state = 0; state < LIFE_STATE_COUNT; state++) {
			struct error err;

			error_clear(&err);
			int result = lifecycle_check((enum lifecycle_command)command,
						     (enum lifecycle_state)state, "web", &err);
			CHECK(result == 0 || result == 1 || result == -EBUSY);
			CHECK((result < 0) == (err.text[0] != '\0'));
			CHECK(strchr(err.text, '@') == NULL);
		}
	}
}

static void refused(enum lifecycle_command command, enum lifecycle_state state, const char *want)
{
	struct error err;

	CHECK_INT(lifecycle_check(command, state, "web", &err), -EBUSY);
	CHECK_STR(err.text, want);
	CHECK_INT(err.number, 0);
}

static void test_words(void)
{
	struct error err;

	refused(LIFE_REMOVE, LIFE_RUNNING,
		"You cannot remove a running container web. Stop the container before "
		"attempting removal or force remove");
	refused(LIFE_KILL, LIFE_EXITED, "cannot kill container: web: container web is not running");
	refused(LIFE_START, LIFE_PAUSED, "cannot start a paused container, try unpause instead");
	refused(LIFE_PAUSE, LIFE_PAUSED, "Container web is already paused");
	refused(LIFE_UNPAUSE, LIFE_RUNNING, "Container web is not paused");
	refused(LIFE_EXEC, LIFE_PAUSED, "Container web is paused, unpause the container before exec");
	refused(LIFE_ATTACH, LIFE_CREATED, "You cannot attach to a stopped container, start it first");
	CHECK_INT(lifecycle_check(LIFE_STOP, LIFE_EXITED, "web", &err), 0);
	CHECK_INT(lifecycle_check(LIFE_START, LIFE_RUNNING, "web", &err), 0);
	CHECK_INT(lifecycle_check(LIFE_START, LIFE_EXITED, "web", &err), 1);
	CHECK_INT(lifecycle_check(LIFE_REMOVE_FORCE, LIFE_RUNNING, "web", &err), 1);
}

/* A name as long as any error does not overrun. */
static void test_long(void)
{
	char name[2 * ERROR_TEXT_SIZE];
	struct error err;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK_INT(lifecycle_check(LIFE_KILL, LIFE_EXITED, name, &err), -EBUSY);
	CHECK(strlen(err.text) < ERROR_TEXT_SIZE);
}

static const struct test tests[] = {
	{ "every command has an answer in every state", test_all },
	{ "docker's words", test_words },
	{ "a long name is cut", test_long },
};
TEST_MAIN(tests)
