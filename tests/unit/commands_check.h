/* What holds for the tables of every program of base/commands.h. Returns how many commands there are. */
#ifndef HULL_TESTS_UNIT_COMMANDS_CHECK_H
#define HULL_TESTS_UNIT_COMMANDS_CHECK_H

#include "tests/unit/check.h"

#include "base/commands.h"

/* A letter or name twice in one table would hide an option. */
static void check_rows(const struct flag_row *rows)
{
	autotext struct text text = TEXT_EMPTY;

	flags_help("Options", rows, &text);
	for (const struct flag_row *row = rows; row != NULL && row->name != NULL; row++) {
		CHECK(row->help != NULL && row->help[0] != '\0');
		CHECK((row->value == NULL) == (row->kind == FLAG_BOOL));
		CHECK_HAS(text.data, row->name);
		CHECK_HAS(text.data, row->help);
		for (const struct flag_row *other = rows; other != row; other++) {
			CHECK(strcmp(other->name, row->name) != 0);
			CHECK(row->letter == 0 || other->letter != row->letter);
		}
	}
}

static size_t check_commands(const struct commands_program *program)
{
	size_t commands = 0;

	check_rows(program->globals);
	for (const struct command *const *c = program->table; *c != NULL; c++, commands++) {
		CHECK(commands_find(program, (*c)->name) == *c);
		CHECK((*c)->min_args <= (*c)->max_args);
		CHECK((*c)->summary[0] != '\0');
		check_rows((*c)->options);
	}
	CHECK(commands_find(program, "") == NULL);
	CHECK(commands_find(program, "no such command") == NULL);
	return commands;
}

#endif
