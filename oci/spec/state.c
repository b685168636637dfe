/* The state document; see state.h. It is small and flat, so it is written directly. */
#include "oci/spec/state.h"

#include "base/banned.h"

struct writer {
	struct text *text;
	bool indented;
	unsigned depth;
};

static void line(struct writer *writer)
{
	if (!writer->indented)
		return;
	text_append(writer->text, "\n");
	for (unsigned i = 0; i < writer->depth; i++)
		text_append(writer->text, "  ");
}

static void member(struct writer *writer, const char *name, bool first)
{
	if (!first)
		text_append(writer->text, ",");
	line(writer);
	text_append_json(writer->text, name);
	text_append(writer->text, writer->indented ? ": " : ":");
}

static void string_member(struct writer *writer, const char *name, const char *value)
{
	if (value == NULL)
		return;
	member(writer, name, false);
	text_append_json(writer->text, value);
}

/* A compact object of strings, spread over lines where asked. Nothing of a string is changed. */
static void append_object(struct writer *writer, const char *json)
{
	bool in_string = false;

	for (const char *s = json; *s != '\0'; s++) {
		if (*s == '"')
			in_string = !in_string;
		if (!in_string && *s == '}') {
			writer->depth--;
			line(writer);
		}
		text_append_bytes(writer->text, s, 1);
		if (in_string && *s == '\\' && s[1] != '\0')
			text_append_bytes(writer->text, ++s, 1);
		else if (!in_string && *s == ':' && writer->indented)
			text_append(writer->text, " ");
		else if (!in_string && *s == '{')
			writer->depth++;
		if (!in_string && (*s == '{' || *s == ','))
			line(writer);
	}
}

int spec_state_format(const struct spec_state *state, bool indented, struct text *ret, struct error *err)
{
	struct writer writer = { .text = ret, .indented = indented, .depth = 1 };

	text_append(ret, "{");
	member(&writer, "ociVersion", true);
	text_append_json(ret, SPEC_VERSION);
	string_member(&writer, "id", state->id);
	member(&writer, "pid", false);
	text_format(ret, "%d", (int)state->pid);
	string_member(&writer, "status", state->status);
	string_member(&writer, "bundle", state->bundle);
	string_member(&writer, "rootfs", state->rootfs);
	string_member(&writer, "created", state->created);
	if (state->annotations_json != NULL && !text_equal(state->annotations_json, "{}")) {
		member(&writer, "annotations", false);
		append_object(&writer, state->annotations_json);
	}
	string_member(&writer, "owner", state->owner);
	writer.depth = 0;
	line(&writer);
	text_append(ret, "}");
	return text_done(ret, err);
}

int spec_state_annotations(const struct spec_kvs *annotations, struct text *ret, struct error *err)
{
	for (size_t i = 0; i < annotations->count; i++) {
		text_append(ret, i == 0 ? "{" : ",");
		text_append_json(ret, annotations->items[i].key);
		text_append(ret, ":");
		text_append_json(ret, annotations->items[i].value);
	}
	if (annotations->count > 0)
		text_append(ret, "}");
	return text_done(ret, err);
}
