/* The tables of all commands. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "shim/container/command.h"
#include "tests/unit/commands_check.h"

static void test_tables(void)
{
	CHECK(check_commands(&command_program) >= 20);
	CHECK(commands_find(&command_program, "ls") == commands_find(&command_program, "ps"));
	CHECK(commands_find(&command_program, "list") == commands_find(&command_program, "ps"));
	CHECK(commands_find(&command_program, "l") == NULL);
	CHECK(commands_find(&command_program, "ls list") == NULL);
}

static const struct test tests[] = {
	{ "no table has a name or letter twice, help shows every option", test_tables },
};
TEST_MAIN(tests)
