/*
 * The command table: that each value is whole, and that no two rows of what one command accepts have
 * the same name.
 */
#include "runtime/cli/command.h"
#include "runtime/cli/help.h"

#include "tests/unit/check.h"

static void test_complete(void)
{
	size_t count = 0;

	for (const struct command *const *entry = command_table; *entry != NULL; entry++, count++) {
		const struct command *command = *entry;

		CHECK(command->run != NULL);
		CHECK(command->usage != NULL);
		CHECK(command->min_args <= command->max_args);
		CHECK(command->summary != NULL && command->summary[strlen(command->summary) - 1] != '.');
		CHECK((command->options != NULL) == (command->values_size > 0));
		if (command->description != NULL)
			CHECK(command->description[strlen(command->description) - 1] == '\n');
		CHECK(command_find(command->name) == command);
	}
	CHECK_INT(count, 15);
	CHECK(command_find("") == NULL);
	CHECK(command_find("help") == NULL);
	CHECK(command_find("creat") == NULL);
}

static size_t find_all(const struct option_row *rows, const char *name, char letter)
{
	size_t found = 0;

	for (; rows != NULL && rows->name != NULL; rows++)
		found += strcmp(rows->name, name) == 0 || (letter != 0 && rows->letter == letter);
	return found;
}

static void test_names(void)
{
	for (const struct command *const *entry = command_table; *entry != NULL; entry++) {
		const struct option_row *rows = (*entry)->options;

		for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
			CHECK_INT(find_all(rows, row->name, row->letter), 1);
			/* `spec --rootless` has had that name for too long; the command's own meaning wins */
			bool spec_rootless = *entry == &cmd_spec && strcmp(row->name, "rootless") == 0;
			CHECK_INT(find_all(global_option_rows, row->name, row->letter), spec_rootless);
			CHECK((row->kind == OPTION_BOOL) == (row->value == NULL));
		}
	}
	for (const struct option_row *row = global_option_rows; row->name != NULL; row++) {
		CHECK_INT(find_all(global_option_rows, row->name, row->letter), 1);
		CHECK_INT(find_all(leading_option_rows, row->name, row->letter), 0);
	}
}

static void test_help(void)
{
	for (const struct command *const *entry = command_table; *entry != NULL; entry++) {
		autotext struct text text = TEXT_EMPTY, program = TEXT_EMPTY;

		help_command("hull", *entry, &text);
		help_program("hull", &program);
		CHECK_HAS(text.data, (*entry)->usage);
		CHECK_HAS(program.data, (*entry)->summary);
		const struct option_row *row = (*entry)->options;
		for (; row != NULL && row->name != NULL; row++)
			if (row->help != NULL)
				CHECK_HAS(text.data, row->help);
		/* 110 columns are enough for everybody */
		size_t length = 0;
		for (const char *line = text.data; *line != '\0'; line += length + (line[length] == '\n')) {
			length = strcspn(line, "\n");
			CHECK(length <= 110);
		}
	}
}

static const struct test tests[] = {
	{ "every command is complete", test_complete },
	{ "every name means one thing", test_names },
	{ "help shows every command and option", test_help },
};

TEST_MAIN(tests)
