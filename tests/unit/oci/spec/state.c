/* The state document: compact for hooks, indented for people, always JSON. */
#include "oci/spec/state.h"

#include "base/json.h"
#include "tests/unit/check.h"

static struct error err;

static void test_compact(void)
{
	autotext struct text text = TEXT_EMPTY;
	struct spec_state state = { .id = "web", .status = "creating", .pid = 4422, .bundle = "/b\"x" };

	CHECK_INT(spec_state_format(&state, false, &text, &err), 0);
	CHECK_STR(text.data, "{\"ociVersion\":\"1.3.0\",\"id\":\"web\",\"pid\":4422,\"status\":\"creating\","
			     "\"bundle\":\"/b\\\"x\"}");
}

static void test_indented(void)
{
	autotext struct text text = TEXT_EMPTY;
	struct spec_state state = {
		.id = "web",
		.status = "stopped",
		.bundle = "/b",
		.annotations_json = "{\"a\":\"x,{}:\\\"\",\"b\":\"\"}",
		.rootfs = "/b/rootfs",
		.created = "2026-11-25T08:00:00.5Z",
		.owner = "",
	};

	CHECK_INT(spec_state_format(&state, true, &text, &err), 0);
	CHECK_STR(text.data,
		  "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"web\",\n  \"pid\": 0,\n"
		  "  \"status\": \"stopped\",\n  \"bundle\": \"/b\",\n  \"rootfs\": \"/b/rootfs\",\n"
		  "  \"created\": \"2026-11-25T08:00:00.5Z\",\n  \"annotations\": {\n"
		  "    \"a\": \"x,{}:\\\"\",\n    \"b\": \"\"\n  },\n  \"owner\": \"\"\n}");
}

static void test_annotations(void)
{
	autotext struct text text = TEXT_EMPTY, none = TEXT_EMPTY, document = TEXT_EMPTY;
	static const struct spec_kv items[] = { { "k", "line\nbreak \\ \"q\" \x01" }, { "e", "" } };
	struct spec_kvs kvs = { 2, items }, empty = { 0, NULL };
	const struct json *json = NULL;
	struct arena arena;

	CHECK_INT(spec_state_annotations(&empty, &none, &err), 0);
	CHECK_STR(none.data, "");
	CHECK_INT(spec_state_annotations(&kvs, &text, &err), 0);
	struct spec_state state = {
		.id = "i", .status = "created", .pid = 1, .bundle = "/", .annotations_json = text.data
	};
	CHECK_INT(spec_state_format(&state, true, &document, &err), 0);
	/* What was written is what is read. */
	arena_init(&arena, 0);
	CHECK_INT(json_parse(&arena, "state", document.data, document.length, &json, &err), 0);
	const struct json *annotations = json_get(json, "annotations");
	CHECK_STR(annotations == NULL ? NULL : json_get(annotations, "k")->text, items[0].value);
	CHECK_STR(annotations == NULL ? NULL : json_get(annotations, "e")->text, "");
	arena_release(&arena);
	state.annotations_json = "{}";
	text_release(&document);
	CHECK_INT(spec_state_format(&state, false, &document, &err), 0);
	CHECK(strstr(document.data, "annotations") == NULL);
}

static const struct test tests[] = {
	{ "R-219 st.schema: compact", test_compact },
	{ "R-219 st.schema: indented, in runc's order", test_indented },
	{ "R-108 ann.state: annotations", test_annotations },
};
TEST_MAIN(tests)
