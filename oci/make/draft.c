/* What the parts of a document share; see draft.h. */
#include "oci/make/draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tree.h"

#include "base/banned.h"

void draft_put(struct draft *draft, const char *path, const struct json *value)
{
	if (draft->top != NULL)
		draft->top = tree_put(draft->arena, draft->top, path, value);
}

void draft_put_text(struct draft *draft, const char *path, const char *text)
{
	draft_put(draft, path, tree_string(draft->arena, text));
}

void draft_put_bool(struct draft *draft, const char *path, bool truth)
{
	draft_put(draft, path, tree_bool(draft->arena, truth));
}

void draft_put_i64(struct draft *draft, const char *path, int64_t number)
{
	draft_put(draft, path, tree_i64(draft->arena, number));
}

void draft_append(struct draft *draft, const char *path, const struct json *value)
{
	if (draft->top != NULL)
		draft_put(draft, path, tree_append(draft->arena, tree_at(draft->top, path), value));
}

const struct json *draft_parse(struct draft *draft, const char *json)
{
	const struct json *value = NULL;
	struct error ignored;

	if (json_parse(draft->arena, "document", json, strlen(json), &value, &ignored) < 0) {
		draft->top = NULL;
		return NULL;
	}
	return value;
}

static bool grow(struct draft *draft, struct draft_pairs *pairs)
{
	size_t room = pairs->room == 0 ? 32 : pairs->room * 2;
	const char **names = arena_alloc(draft->arena, room * sizeof(*names));
	const char **values = arena_alloc(draft->arena, room * sizeof(*values));

	if (names == NULL || values == NULL)
		return false;
	for (size_t i = 0; i < pairs->count; i++) {
		names[i] = pairs->names[i];
		values[i] = pairs->values[i];
	}
	*pairs = (struct draft_pairs){ pairs->count, room, names, values };
	return true;
}

void draft_set(struct draft *draft, struct draft_pairs *pairs, const char *name, const char *value)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (text_equal(pairs->names[i], name)) {
			pairs->values[i] = value;
			return;
		}
	if (pairs->count == pairs->room && !grow(draft, pairs)) {
		draft->top = NULL;
		return;
	}
	pairs->names[pairs->count] = name;
	pairs->values[pairs->count++] = value;
}

const char *draft_format(struct draft *draft, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	const char *copy = length < 0 ? NULL : arena_copy(draft->arena, text, (size_t)length);
	if (length >= 0)
		free(text);
	if (copy == NULL)
		draft->top = NULL;
	return copy == NULL ? "" : copy;
}

const char *draft_split(struct draft *draft, const char *word, char separator, const char **ret_rest)
{
	const char *found = strchr(word, separator);
	const char *key =
		arena_copy(draft->arena, word, found == NULL ? strlen(word) : (size_t)(found - word));

	*ret_rest = found == NULL ? NULL : found + 1;
	if (key == NULL)
		draft->top = NULL;
	return key == NULL ? "" : key;
}
