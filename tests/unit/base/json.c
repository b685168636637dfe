/* base/json: what is read, what is refused, and that neither size nor depth can hurt. */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "tests/unit/check.h"

static struct arena arena;
static struct error err;

static const struct json *parse(const char *text)
{
	const struct json *json = NULL;

	arena_release(&arena);
	arena_init(&arena, 0);
	error_clear(&err);
	if (json_parse(&arena, "doc", text, strlen(text), &json, &err) < 0)
		return NULL;
	return json;
}

static void refused(const char *text, const char *why)
{
	CHECK(parse(text) == NULL);
	CHECK_HAS(err.text, why);
}

static void test_tree(void)
{
	const struct json *json =
		parse("{\n \"a\": [1, true,\n null, \"x\\u00e9\\n\"],\n \"b\": {\"c\": false}\n}\n");

	CHECK(json != NULL);
	if (json == NULL)
		return;
	CHECK_INT(json->type, JSON_OBJECT);
	CHECK_INT(json->count, 2);
	CHECK_INT(json->line, 1);
	const struct json *a = json_get(json, "a");
	CHECK_INT(a->type, JSON_ARRAY);
	CHECK_INT(a->count, 4);
	CHECK_INT(a->line, 2);
	CHECK_STR(a->name, "a");
	CHECK(a->parent == json);
	CHECK_STR(a->first->text, "1");
	CHECK(a->first->name == NULL);
	CHECK(a->first->next->truth);
	CHECK_INT(a->first->next->next->type, JSON_NULL);
	CHECK_INT(a->first->next->next->line, 3);
	CHECK_INT(a->first->next->next->index, 2);
	CHECK_STR(a->first->next->next->next->text, "x\xc3\xa9\n");
	CHECK_INT(json_get(json_get(json, "b"), "c")->type, JSON_BOOL);
	CHECK(!json_get(json_get(json, "b"), "c")->truth);
	CHECK_INT(json_get(json, "b")->line, 4);
	CHECK(json_get(json, "c") == NULL);
	CHECK(json_get(a, "c") == NULL);
	CHECK(json_get(NULL, "c") == NULL);
}

static void test_scalars(void)
{
	const struct json *json = parse("18446744073709551615");

	CHECK(json != NULL && json->type == JSON_NUMBER);
	CHECK_STR(json == NULL ? NULL : json->text, "18446744073709551615");
	json = parse(" \"\" ");
	CHECK(json != NULL && json->type == JSON_STRING && json->text[0] == '\0');
	json = parse("-1.5e3\n");
	CHECK_STR(json == NULL ? NULL : json->text, "-1.5e3");
	json = parse("[]");
	CHECK(json != NULL && json->type == JSON_ARRAY && json->count == 0 && json->first == NULL);
}

static void test_null(void)
{
	const struct json *json = parse("{\"a\": null}");

	CHECK(json != NULL && json->count == 1);
	CHECK(json_get(json, "a") == NULL);
}

static void test_duplicates(void)
{
	refused("{\"a\": 1,\n\"b\": 2,\n\"a\": 3}", "line 3: the name \"a\" appears twice");
	refused("[{\"x\": {\"\": 1, \"\": 1}}]", "the name \"\" appears twice");
	/* The same after unescaping. */
	refused("{\"ab\": 1, \"\\u0061b\": 2}", "the name \"ab\" appears twice");
	CHECK(parse("{\"a\": {\"a\": 1}, \"b\": {\"a\": 1}}") != NULL);
}

/* A large object takes the sorted way. */
static void test_many_members(void)
{
	size_t room = (size_t)4 << 20, length = 0;
	autofree char *text = malloc(room);
	int members = 100000;
	clock_t begin = clock();

	length += (size_t)snprintf(text + length, room - length, "{");
	for (int i = 0; i < members; i++)
		length += (size_t)snprintf(text + length, room - length, "\"name%d\": %d,\n", i, i);
	(void)snprintf(text + length, room - length, "\"last\": 0}");
	const struct json *json = parse(text);
	CHECK(json != NULL);
	CHECK_INT(json == NULL ? 0 : json->count, members + 1);
	CHECK_STR(json == NULL ? NULL : json_get(json, "name99999")->text, "99999");
	(void)snprintf(text + length, room - length, "\"name50000\": 0}");
	refused(text, "line 100001: the name \"name50000\" appears twice");
	/* Pairwise, this would take minutes. */
	CHECK((clock() - begin) / CLOCKS_PER_SEC < 20);
}

static void test_syntax(void)
{
	refused("", "doc: line 1: the text is empty");
	refused(" \n\t\r\n", "the text is empty");
	refused("{\n\"a\": [1,\n2", "line 3: the text ends before the document does");
	refused("{\"a\"", "the text ends before the document does");
	refused("\"abc", "the text ends before the document does");
	refused("tru", "the text ends before the document does");
	refused("{\n]\n}", "line 2: ");
	refused("{\"a\": 01}", "line 1: ");
	refused("{\"a\": .5}", "line 1: ");
	refused("{\"a\": +1}", "line 1: ");
	refused("{\"a\": 0x10}", "line 1: ");
	refused("{\"a\": NaN}", "line 1: ");
	refused("{'a': 1}", "line 1: ");
	refused("{a: 1}", "line 1: ");
	refused("{\"a\": 1,}", "line 1: ");
	refused("[1,]", "line 1: ");
	refused("[1 2]", "line 1: ");
	refused("/* no */ {}", "line 1: ");
	refused("{\"a\": \"x\ny\"}", "line 1: ");
	refused("{\"a\": \"\\q\"}", "line 1: ");
	refused("\xef\xbb\xbf{}", "line 1: ");
}

static void test_trailing(void)
{
	refused("{}\n{}", "line 2: text after the end of the document");
	refused("{} x", "text after the end of the document");
	refused("[]]", "text after the end of the document");
	CHECK(parse("{} \n\t\r\n ") != NULL);
}

static void test_strings(void)
{
	const struct json *json =
		parse("[\"\\ud83d\\ude00\", \"\xf0\x9f\x98\x80\", \"\\\\u0000\", \"\\\\ud800\"]");

	CHECK(json != NULL);
	if (json != NULL) {
		CHECK_STR(json->first->text, "\xf0\x9f\x98\x80");
		CHECK_STR(json->first->next->text, "\xf0\x9f\x98\x80");
		CHECK_STR(json->first->next->next->text, "\\u0000");
	}
	refused("[\"a\\u0000b\"]", "a NUL character in a string");
	refused("{\"a\\u0000b\": 1}", "a NUL character in a string");
	/* clang-format off */
	refused("[\"\xff\"]", "invalid UTF-8");
	refused("[\"\xc0\x80\"]", "invalid UTF-8");             /* overlong NUL */
	refused("[\"\xe0\x80\xaf\"]", "invalid UTF-8");         /* overlong slash */
	refused("[\"\xed\xa0\x80\"]", "invalid UTF-8");         /* surrogate */
	refused("[\"\xf4\x90\x80\x80\"]", "invalid UTF-8");     /* above U+10FFFF */
	refused("[\"abcdefgh\xe2\x82\"]", "invalid UTF-8");     /* cut short */
	/* clang-format on */
	refused("{\"\x80\": 1}", "invalid UTF-8");
	refused("[\"\\ud800\"]", "invalid UTF-16 escape");
	refused("[\"\\ud800\\u0041\"]", "invalid UTF-16 escape");
	refused("[\"x\\ud800\\ud800\\udc00\"]", "invalid UTF-");
	refused("[\"\\udc00\"]", "invalid UTF-");
	refused("{\"a\\udbff\": 1}", "invalid UTF-16 escape");
}

/* A text with a NUL byte is not cut there. */
static void test_nul_byte(void)
{
	static const char text[] = "{}\0x";
	const struct json *json;

	arena_release(&arena);
	CHECK_INT(json_parse(&arena, "doc", text, sizeof(text) - 1, &json, &err), -EINVAL);
	CHECK_HAS(err.text, "text after the end of the document");
	CHECK_INT(json_parse(&arena, "doc", "\0\0", 2, &json, &err), -EINVAL);
}

static void test_depth(void)
{
	size_t length = (size_t)2 << 20;
	autofree char *deep = malloc(length + 1);
	char fits[2 * JSON_MAX_DEPTH + 1] = "";

	memset(deep, '[', length);
	deep[length] = '\0';
	clock_t begin = clock();
	refused(deep, "line 1: nested deeper than 128 levels");
	CHECK((clock() - begin) / CLOCKS_PER_SEC < 2);
	memset(fits, '[', JSON_MAX_DEPTH);
	memset(fits + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	const struct json *json = parse(fits);
	CHECK(json != NULL);
	while (json != NULL && json->first != NULL)
		json = json->first;
	if (json != NULL) {
		json_error(json, &err, "wrong");
		CHECK_HAS(err.text, "[0][0][0]");
		CHECK_HAS(err.text, ": wrong (line 1)");
	}
}

static void test_size(void)
{
	const struct json *json;

	/* Refused by its length alone: the bytes are not looked at. */
	CHECK_INT(json_parse(&arena, "doc", "x", (size_t)100 << 20, &json, &err), -EFBIG);
	CHECK_HAS(err.text, "doc: 104857600 bytes, at most 16777216 are read");
}

static void test_memory(void)
{
	struct arena small;
	const struct json *json;
	static const char text[] = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]";

	arena_init(&small, 512);
	CHECK_INT(json_parse(&small, "doc", text, strlen(text), &json, &err), -ENOMEM);
	CHECK_HAS(err.text, "needs too much memory");
	arena_release(&small);
}

static void test_error_path(void)
{
	const struct json *json = parse("{\"process\":\n{\"rlimits\":\n[{}, {\"type\":\n\"X\\u001b\"}]}}");

	CHECK(json != NULL);
	if (json == NULL)
		return;
	const struct json *type =
		json_get(json_get(json_get(json, "process"), "rlimits")->first->next, "type");
	CHECK_INT(json_error(type, &err, "\"%s\" is unknown", type->text), -EINVAL);
	CHECK_STR(err.text, "process: rlimits[1]: type: \"X?\" is unknown (line 4)");
	char path[64];
	json_path(type, ".", path, sizeof(path));
	CHECK_STR(path, "process.rlimits[1].type");
	json_path(type, ".", path, 11);
	CHECK_STR(path, "process.rl");
	json_error(json, &err, "empty");
	CHECK_STR(err.text, "empty (line 1)");
}

static void test_type_names(void)
{
	CHECK_STR(json_type_name(JSON_NULL), "null");
	CHECK_STR(json_type_name(JSON_OBJECT), "object");
	CHECK_STR(json_type_name(JSON_STRING), "string");
}

/* A document of usual size must not cost a run anything that is felt. */
static void test_speed(void)
{
	struct document {
		char data[65536];
		size_t length;
	} *text = calloc(1, sizeof(*text));
	struct timespec from, to;
	int rounds = 200;

	for (int i = 0; i < 40; i++)
		text->length += (size_t)
			snprintf(text->data + text->length, sizeof(text->data) - text->length,
				 "%s\n\t\"names%d\": [\n\t\t\"one\",\n\t\t\"two\",\n\t\t\"three\",\n"
				 "\t\t{\"index\": %d, \"value\": 18446744073709551615, \"op\": \"EQ\"},\n"
				 "\t\t\"a string of some length, as paths and options have it\",\n"
				 "\t\t\"and one more, so that the document has its fourteen kilobytes\"\n\t]",
				 i == 0 ? "{" : ",", i, i);
	text->length +=
		(size_t)snprintf(text->data + text->length, sizeof(text->data) - text->length, "\n}\n");
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < rounds; i++)
		CHECK(parse(text->data) != NULL);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	double each = ((double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3) /
		      rounds;
	printf("# %zu bytes in %.1f microseconds\n", text->length, each);
	CHECK(each < 3000); /* 20 times the goal: for sanitizers and slow machines */
	free(text);
}

static const struct test tests[] = {
	{ "a document becomes a tree", test_tree },
	{ "scalars, numbers as text", test_scalars },
	{ "R-011 json.null: null counts as absent", test_null },
	{ "R-004 json.dup: duplicate names are refused", test_duplicates },
	{ "R-004 json.dup: in large objects, quickly", test_many_members },
	{ "errors of syntax name the line", test_syntax },
	{ "R-012 json.trailing: nothing after the document", test_trailing },
	{ "R-003 json.utf8: strings are valid UTF-8 without NUL", test_strings },
	{ "NUL bytes in the text", test_nul_byte },
	{ "depth is limited", test_depth },
	{ "size is limited", test_size },
	{ "memory is limited by the arena", test_memory },
	{ "json_error names path and line", test_error_path },
	{ "names of types", test_type_names },
	{ "speed", test_speed },
};
TEST_MAIN(tests)
