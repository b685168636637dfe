/* The tables of all commands. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/image/command.h"
#include "tests/unit/commands_check.h"

static void test_tables(void)
{
	CHECK(check_commands(&command_program) >= 17);
	CHECK(commands_find(&command_program, "rmi") == commands_find(&command_program, "rm"));
	CHECK(commands_find(&command_program, "images") == commands_find(&command_program, "ls"));
	CHECK(commands_find(&command_program, "load") == commands_find(&command_program, "import"));
}

static const struct test tests[] = {
	{ "no table has a name or letter twice, help shows every option", test_tables },
};
TEST_MAIN(tests)
