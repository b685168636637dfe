/* The command line as docker's users write it. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "base/flags.h"
#include "base/text.h"

struct values {
	struct opt_bool interactive, tty, detach;
	const char *name;
	struct flag_list env;
	struct opt_i64 time;
};

static const struct flag_row rows[] = {
	FLAG(struct values, interactive, BOOL, "interactive", 'i', NULL, ""),
	FLAG(struct values, tty, BOOL, "tty", 't', NULL, ""),
	FLAG(struct values, detach, BOOL, "detach", 'd', NULL, ""),
	FLAG(struct values, name, TEXT, "name", 0, "NAME", ""),
	FLAG(struct values, env, LIST, "env", 'e', "X", ""),
	FLAG(struct values, time, INT, "time", 'n', "N", ""),
	{ 0 },
};

static struct arena arena;
static struct values values;
static struct error err;
static const char *words[16];
static size_t kept;
static bool help;

/* Parses the words of @line, separated by blanks. */
static int parse(const char *line, enum flags_order order)
{
	static char copy[256];
	char *argv[16];
	size_t argc = 0;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *s = copy; *s != '\0';) {
		argv[argc++] = s;
		s += strcspn(s, " ");
		if (*s == ' ')
			*s++ = '\0';
	}
	values = (struct values){ 0 };
	error_clear(&err);
	int result = flags_parse(rows, &values, order, argv, argc, &arena, &kept, &help, &err);
	for (size_t i = 0; result == 0 && i < kept; i++)
		words[i] = argv[i];
	return result;
}

static void test_accepted(void)
{
	CHECK_INT(parse("-itd --name=web -eA=1 -e B=2 --env C -n-5 img -x y", FLAGS_FIRST), 0);
	CHECK(values.interactive.value && values.tty.value && values.detach.value);
	CHECK_STR(values.name, "web");
	CHECK_INT(values.env.count, 3);
	CHECK_STR(values.env.items[0], "A=1");
	CHECK_STR(values.env.items[1], "B=2");
	CHECK_STR(values.env.items[2], "C");
	CHECK_INT(values.time.value, -5);
	CHECK_INT(kept, 3);
	CHECK_STR(words[1], "-x");

	CHECK_INT(parse("a -i b --tty=false -- -t", FLAGS_ANYWHERE), 0);
	CHECK(values.interactive.value && values.tty.set && !values.tty.value);
	CHECK_INT(kept, 3);
	CHECK_STR(words[2], "-t");

	CHECK_INT(parse("-ie X=1 -", FLAGS_ANYWHERE), 0);
	CHECK_STR(values.env.items[0], "X=1");
	CHECK_INT(kept, 1);
	CHECK(!help);
	CHECK_INT(parse("x --help", FLAGS_ANYWHERE), 0);
	CHECK(help);
}

static void test_refused(void)
{
	static const struct {
		const char *line, *want;
	} bad[] = {
		{ "--nope", "unknown flag: --nope" },
		{ "-ix", "unknown shorthand flag: 'x' in -ix" },
		{ "--name", "flag needs an argument: --name" },
		{ "-e", "flag needs an argument: 'e' in -e" },
		{ "-n x", "invalid argument \"x\" for \"-n, --time\" flag: not a number" },
		{ "--tty=maybe", "invalid argument \"maybe\" for \"-t, --tty\" flag" },
		{ "--nam=x", "unknown flag: --nam" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(parse(bad[i].line, FLAGS_ANYWHERE) < 0);
		CHECK_HAS(err.text, bad[i].want);
	}
}

/* Words that are read again give the same values. */
static void test_words(void)
{
	struct strings list = { 0 };
	struct values first;

	CHECK_INT(parse("-it=false -e A=1 --env B=2 -n -5 --name x y", FLAGS_FIRST), 0);
	first = values;
	CHECK_INT(flags_words(rows, &first, &arena, &list, &err), 0);
	CHECK_INT(list.count, 6);
	CHECK_STR(list.items[0], "--interactive=true");
	CHECK_STR(list.items[1], "--tty=false");
	CHECK_STR(list.items[2], "--name=x");
	CHECK_STR(list.items[3], "--env=A=1");
	CHECK_STR(list.items[4], "--env=B=2");
	CHECK_STR(list.items[5], "--time=-5");
	CHECK_INT(parse("y", FLAGS_FIRST), 0);
	CHECK_INT(flags_words(rows, &values, &arena, &list, &err), 0);
	CHECK_INT(list.count, 0);
}

static void test_help(void)
{
	autotext struct text text = TEXT_EMPTY;

	flags_help("Options", rows, &text);
	CHECK_HAS(text.data, "\nOptions:\n  -i, --interactive");
	CHECK_HAS(text.data, "      --name NAME");
	flags_help("Options", NULL, &text);
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "clusters, attached values, = and --", test_accepted },
	{ "what is wrong is said in docker's words", test_refused },
	{ "given back as words", test_words },
	{ "help shows every option", test_help },
};
TEST_MAIN(tests)
