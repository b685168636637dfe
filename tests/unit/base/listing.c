/* Rows as a table, as JSON, by templates. */
#include "base/listing.h"

#include "base/cleanup.h"
#include "tests/unit/check.h"

static const struct listing_column columns[] = {
	{ "ID", "ID" }, { "Name", "NAME" }, { "State", "STATE" }, { "Raw", NULL }
};
static const char *const cells[][4] = { { "1", "one", "up", "x" }, { "2", "t\033wo", "down", "" } };

static void write_cell(const void *context, size_t row, size_t column, struct text *ret)
{
	(void)context;
	text_append(ret, cells[row][column]);
}

static void check(const char *format, const char *want)
{
	const struct listing listing = { .columns = columns,
					 .column_count = 4,
					 .count = 2,
					 .hidden = { [2] = true },
					 .cell = write_cell };
	autotext struct text text = TEXT_EMPTY;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	CHECK_INT(listing_write(&listing, format, &arena, &text, &err), 0);
	CHECK_STR(text.data, want);
	arena_release(&arena);
}

static void test_forms(void)
{
	check(NULL, "ID        NAME\n1         one\n2         t\\x1bwo\n");
	check("table", "ID        NAME\n1         one\n2         t\\x1bwo\n");
	check("json", "{\"ID\":\"1\",\"Name\":\"one\",\"State\":\"up\",\"Raw\":\"x\"}\n"
		      "{\"ID\":\"2\",\"Name\":\"t\\u001bwo\",\"State\":\"down\",\"Raw\":\"\"}\n");
	check("{{.Name}}={{.Raw}}", "one=x\nt\033wo=\n");
	check("table {{.State}}\\t{{.ID}}", "STATE     ID\nup        1\ndown      2\n");
}

static void test_wrong(void)
{
	const struct listing listing = {
		.columns = columns, .column_count = 4, .count = 2, .cell = write_cell
	};
	autotext struct text text = TEXT_EMPTY;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	CHECK(listing_write(&listing, "{{.Nothing}}", &arena, &text, &err) < 0);
	CHECK_HAS(err.text, "Nothing");
	CHECK(listing_write(&listing, "{{.ID", &arena, &text, &err) < 0);
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "tables, JSON, templates, tables of templates", test_forms },
	{ "a template that is wrong", test_wrong },
};
TEST_MAIN(tests)
