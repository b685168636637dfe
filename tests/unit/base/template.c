/* Templates, trees as text, tables. */
#include "tests/unit/check.h"

#include "base/json.h"
#include "base/table.h"
#include "base/template.h"
#include "base/tree.h"

static struct arena arena;

static const struct json *parsed(const char *text)
{
	const struct json *json = NULL;
	struct error err;

	CHECK_INT(json_parse(&arena, "test", text, strlen(text), &json, &err), 0);
	return json;
}

static void check_template(const char *format, const char *want)
{
	static const char data[] =
		"{\"ID\":\"abc\",\"N\":3,\"Up\":true,\"S\":{\"Status\":\"running\",\"L\":[\"a\",\"b\"]}}";
	autotext struct text text = TEXT_EMPTY;
	struct error err;

	CHECK_INT(template_write(format, parsed(data), true, &text, &err), 0);
	CHECK_STR(text.data, want);
}

static void test_templates(void)
{
	check_template("{{.ID}}", "abc");
	check_template("{{ .ID }}:{{.N}}\\t{{.Up}}", "abc:3\ttrue");
	check_template("{{.S.Status}}", "running");
	check_template("{{json .S.L}}", "[\"a\",\"b\"]");
	check_template("{{.S.L}}", "[a b]");
	check_template("{{join .S.L \", \"}}", "a, b");
	check_template("{{index .S.L \"1\"}}", "b");
	check_template("{{index .S \"Status\"}}", "running");
	check_template("{{upper .ID}}{{lower .ID}}{{len .S.L}}", "ABCabc2");
	check_template("{\"id\":{{json .ID}}}", "{\"id\":\"abc\"}");
	check_template(
		"{{json .}}",
		"{\"ID\":\"abc\",\"N\":3,\"Up\":true,\"S\":{\"Status\":\"running\",\"L\":[\"a\",\"b\"]}}");
}

static void test_bad_templates(void)
{
	static const char *const bad[] = { "{{.Nope}}",
					   "{{.ID",
					   "{{}}",
					   "{{nope .ID}}",
					   "{{.ID.X}}",
					   "{{json}}",
					   "{{range .S.L}}x{{end}}",
					   "{{.ID .N}}",
					   "{{join .S.L}}",
					   "{{index .S \"}}" };
	autotext struct text loose = TEXT_EMPTY;
	struct error err;
	char longest[600];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		autotext struct text text = TEXT_EMPTY;

		if (template_write(bad[i], parsed("{\"ID\":\"x\",\"S\":{\"L\":[1]}}"), true, &text, &err) >=
		    0)
			printf("# \"%s\" was taken\n", bad[i]);
		CHECK_HAS(err.text, "template: ");
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "{{.", 3);
	memcpy(longest + sizeof(longest) - 3, "}}", 3);
	autotext struct text text = TEXT_EMPTY;
	CHECK(template_write(longest, parsed("{}"), true, &text, &err) < 0);
	CHECK_INT(template_write("{{.A.B}}", parsed("{}"), false, &loose, &err), 0);
	CHECK_STR(loose.data, "<no value>");
}

static void test_trees(void)
{
	const struct json *json = parsed("{\"a\":1.50,\"b\":[true,null,{}],\"c\":{\"d\":\"x\\\"y\"}}");
	autotext struct text line = TEXT_EMPTY, pretty = TEXT_EMPTY, changed = TEXT_EMPTY;

	tree_write(json, NULL, &line);
	CHECK_STR(line.data, "{\"a\":1.50,\"b\":[true,null,{}],\"c\":{\"d\":\"x\\\"y\"}}");
	tree_write(json, "  ", &pretty);
	CHECK_STR(pretty.data,
		  "{\n  \"a\": 1.50,\n  \"b\": [\n    true,\n    null,\n    {}\n  ],\n  \"c\": {\n"
		  "    \"d\": \"x\\\"y\"\n  }\n}");
	const struct json *other = tree_with(&arena, json, "a", tree_bool(&arena, false));
	other = tree_with(&arena, other, "e", tree_string(&arena, "new"));
	other = tree_with(&arena, other, "b",
			  tree_with_item(&arena, json_get(other, "b"), 1, tree_string(&arena, "two")));
	tree_write(other, NULL, &changed);
	CHECK_STR(changed.data,
		  "{\"a\":false,\"b\":[true,\"two\",{}],\"c\":{\"d\":\"x\\\"y\"},\"e\":\"new\"}");
	CHECK_STR(json_get(json, "a")->text, "1.50");
	CHECK(tree_with(&arena, json, "a", NULL) == NULL);
}

static void test_paths(void)
{
	const struct json *top = parsed("{\"a\":{\"b\":1,\"c\":[]},\"d\":2}");
	autotext struct text text = TEXT_EMPTY;

	CHECK_STR(tree_at(top, "a.b")->text, "1");
	CHECK(tree_at(top, "a.x") == NULL);
	CHECK(tree_at(top, "d.x") == NULL);
	CHECK(tree_at(top, "a.b.c") == NULL);
	top = tree_put(&arena, top, "a.b", tree_i64(&arena, -5));
	top = tree_put(&arena, top, "x.y.z", tree_bool(&arena, true));
	top = tree_put(&arena, top, "a.c", tree_append(&arena, tree_at(top, "a.c"), tree_object(&arena)));
	top = tree_put(&arena, top, "d", tree_append(&arena, NULL, tree_string(&arena, "one")));
	tree_write(top, NULL, &text);
	CHECK_STR(text.data, "{\"a\":{\"b\":-5,\"c\":[{}]},\"d\":[\"one\"],\"x\":{\"y\":{\"z\":true}}}");
	CHECK(tree_put(&arena, top, "a.b", NULL) == NULL);
}

static void test_tables(void)
{
	autotext struct text text = TEXT_EMPTY;
	struct table table;

	table_init(&table, 2, TABLE_WIDTH_DOCKER);
	table_add(&table, "ID");
	table_add(&table, "NAME");
	table_add(&table, "a\033[2J\xff");
	table_add(&table, "é\n");
	table_add(&table, "123456789012");
	table_add(&table, NULL);
	table_format(&table, &text);
	CHECK_STR(text.data, "ID             NAME\na\\x1b[2J\\xff   é\\n\n123456789012   \n");
	table_release(&table);
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "templates", test_templates },
	{ "what is no template is refused", test_bad_templates },
	{ "trees are written and changed", test_trees },
	{ "values by their path", test_paths },
	{ "tables are aligned and escaped", test_tables },
};
TEST_MAIN(tests)
