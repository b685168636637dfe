/*
 * The option parser: what runc's command line accepts, and what it refuses with which words.
 */
#include "runtime/cli/options.h"

#include <stdlib.h>

#include "tests/unit/check.h"

struct values {
	const char *bundle, *log;
	struct opt_bool detach, subreaper;
	struct option_list env;
	struct opt_u64 fds;
	struct opt_i64 quota, memory;
};

static const struct option_row rows[] = {
	OPTION(struct values, bundle, TEXT, "bundle", 'b', "DIR", "help"),
	OPTION(struct values, detach, BOOL, "detach", 'd', NULL, "help"),
	OPTION(struct values, subreaper, BOOL, "no-subreaper", 0, NULL, "help"),
	OPTION(struct values, env, LIST, "env", 'e', "K=V", "help"),
	OPTION(struct values, fds, U64, "preserve-fds", 0, "N", "help"),
	OPTION(struct values, quota, I64, "cpu-quota", 0, "N", "help"),
	OPTION(struct values, memory, SIZE, "memory", 0, "BYTES", "help"),
	{ 0 },
};

struct outer_values {
	const char *bundle, *log;
};

static const struct option_row outer_rows[] = {
	OPTION(struct outer_values, bundle, TEXT, "bundle", 'b', "DIR", "help"),
	OPTION(struct outer_values, log, TEXT, "log", 0, "FILE", "help"),
	{ 0 },
};

static struct arena arena;
static struct values values;
static struct outer_values outer;
static struct error err;
static char *words[16];
static size_t left;

/* Parse @line, words separated by single blanks. "_" stands for an empty word. */
static int parse(enum options_order order, const char *line)
{
	static char copy[256];
	struct option_scope scopes[] = { { rows, &values }, { outer_rows, &outer } };
	size_t argc = 0;

	arena_release(&arena);
	arena_init(&arena, 0);
	values = (struct values){ 0 };
	outer = (struct outer_values){ 0 };
	error_clear(&err);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		if (strcmp(word, "_") == 0)
			word[0] = '\0';
		words[argc++] = word;
	}
	return options_parse(scopes, 2, order, words, argc, &arena, &left, &err);
}

static void test_spellings(void)
{
	static const char *const lines[] = {
		"--bundle /b id", "-bundle /b id", "--bundle=/b id", "-bundle=/b id",
		"-b /b id",       "--b /b id",     "-b=/b id",       "id --bundle /b",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		CHECK_INT(parse(OPTIONS_ANYWHERE, lines[i]), 0);
		CHECK_STR(values.bundle, "/b");
		CHECK_INT(left, 1);
		CHECK_STR(words[0], "id");
	}
}

static void test_booleans(void)
{
	static const struct {
		const char *line;
		bool set, value;
	} rows_of[] = {
		{ "id", false, false },
		{ "-d", true, true },
		{ "--detach", true, true },
		{ "--detach=true", true, true },
		{ "-d=false", true, false },
		{ "--detach=1", true, true },
		{ "-detach=F", true, false },
		{ "--detach=TRUE", true, true },
		{ "--detach --detach=false", true, false },
	};

	for (size_t i = 0; i < sizeof(rows_of) / sizeof(rows_of[0]); i++) {
		CHECK_INT(parse(OPTIONS_ANYWHERE, rows_of[i].line), 0);
		CHECK_INT(values.detach.set, rows_of[i].set);
		CHECK_INT(values.detach.value, rows_of[i].value);
	}
	/* a boolean never takes the next word */
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--detach false"), 0);
	CHECK(values.detach.value);
	CHECK_INT(left, 1);
	CHECK(parse(OPTIONS_ANYWHERE, "--detach=yes") < 0);
	CHECK_STR(err.text, "invalid boolean value \"yes\" for -detach: parse error");
	/* go-runc writes this one with a single dash */
	CHECK_INT(parse(OPTIONS_ANYWHERE, "-no-subreaper id"), 0);
	CHECK(values.subreaper.value);
}

static void test_no_clusters(void)
{
	CHECK(parse(OPTIONS_ANYWHERE, "-dt id") < 0);
	CHECK_STR(err.text, "flag provided but not defined: -dt");
	CHECK(parse(OPTIONS_ANYWHERE, "--nope=3") < 0);
	CHECK_STR(err.text, "flag provided but not defined: -nope");
	/* a part of a name is not the name */
	CHECK(parse(OPTIONS_ANYWHERE, "--bund /b") < 0);
	CHECK(parse(OPTIONS_ANYWHERE, "--=x") < 0);
	CHECK(parse(OPTIONS_ANYWHERE, "-=x") < 0);
	CHECK(parse(OPTIONS_ANYWHERE, "---bundle /b") < 0);
}

static void test_lists(void)
{
	CHECK_INT(parse(OPTIONS_ANYWHERE, "-e A=1,B=2 id --env C=3 -e=D="), 0);
	CHECK_INT(values.env.count, 3);
	CHECK_STR(values.env.items[0], "A=1,B=2");
	CHECK_STR(values.env.items[1], "C=3");
	CHECK_STR(values.env.items[2], "D=");
	CHECK_INT(left, 1);
}

static void test_values(void)
{
	CHECK(parse(OPTIONS_ANYWHERE, "id --bundle") < 0);
	CHECK_STR(err.text, "flag needs an argument: --bundle");
	/* the next word is the value whatever it looks like */
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--bundle -d id"), 0);
	CHECK_STR(values.bundle, "-d");
	CHECK(!values.detach.set);
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--bundle= id"), 0);
	CHECK_STR(values.bundle, "");
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--bundle a --bundle b"), 0);
	CHECK_STR(values.bundle, "b");
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--bundle=a=b"), 0);
	CHECK_STR(values.bundle, "a=b");
}

static void test_numbers(void)
{
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--preserve-fds 3 --cpu-quota -1 --memory 50M"), 0);
	CHECK(values.fds.set && values.quota.set && values.memory.set);
	CHECK_INT(values.fds.value, 3);
	CHECK_INT(values.quota.value, -1);
	CHECK_INT(values.memory.value, 50 << 20);
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--memory -1"), 0);
	CHECK_INT(values.memory.value, -1);
	CHECK(parse(OPTIONS_ANYWHERE, "--preserve-fds -1") < 0);
	CHECK_HAS(err.text, "invalid value \"-1\" for flag -preserve-fds");
	CHECK(parse(OPTIONS_ANYWHERE, "--preserve-fds 1x") < 0);
	CHECK(parse(OPTIONS_ANYWHERE, "--preserve-fds _") < 0);
	CHECK(parse(OPTIONS_ANYWHERE, "--memory 1q") < 0);
	CHECK(parse(OPTIONS_ANYWHERE, "--preserve-fds 18446744073709551616") < 0);
}

static void test_order(void)
{
	CHECK_INT(parse(OPTIONS_FIRST, "-d id ls -l --nope"), 0);
	CHECK_INT(left, 4);
	CHECK_STR(words[0], "id");
	CHECK_STR(words[2], "-l");
	CHECK(values.detach.value);
	CHECK_INT(parse(OPTIONS_FIRST, "id -d"), 0);
	CHECK_INT(left, 2);
	CHECK(!values.detach.set);

	CHECK_INT(parse(OPTIONS_ANYWHERE, "-d -- id -b"), 0);
	CHECK_INT(left, 2);
	CHECK_STR(words[1], "-b");
	CHECK_INT(parse(OPTIONS_FIRST, "-- -d"), 0);
	CHECK_INT(left, 1);
	CHECK_STR(words[0], "-d");
	/* a lone dash is an argument, an empty word too */
	CHECK_INT(parse(OPTIONS_ANYWHERE, "- _ id"), 0);
	CHECK_INT(left, 3);
	CHECK_STR(words[0], "-");
	CHECK_STR(words[1], "");
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--bundle - id"), 0);
	CHECK_STR(values.bundle, "-");
}

static void test_scopes(void)
{
	CHECK_INT(parse(OPTIONS_ANYWHERE, "--log /l --bundle /b id"), 0);
	CHECK_STR(outer.log, "/l");
	CHECK_STR(values.bundle, "/b");
	CHECK(outer.bundle == NULL);
	CHECK(values.log == NULL);
}

static const struct test tests[] = {
	{ "every spelling of an option", test_spellings },
	{ "booleans", test_booleans },
	{ "short options are not clustered, names are whole", test_no_clusters },
	{ "repeated options", test_lists },
	{ "values", test_values },
	{ "numbers and sizes", test_numbers },
	{ "where options end", test_order },
	{ "the first table that knows a name gets it", test_scopes },
};

TEST_MAIN(tests)
