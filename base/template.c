/* Go's templates, a part of them; see template.h. */
#include "base/template.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/tree.h"

#include "base/banned.h"

#define MAX_WORDS 4
#define WORD_BYTES 256

/* The words between one pair of braces. */
struct action {
	char words[MAX_WORDS][WORD_BYTES];
	bool quoted[MAX_WORDS];
	size_t count;
};

static int split_action(const char *begin, const char *end, struct action *ret, struct error *err)
{
	*ret = (struct action){ .count = 0 };
	for (const char *s = begin; s < end;) {
		size_t length = 0;

		if (isspace((unsigned char)*s)) {
			s++;
			continue;
		}
		if (ret->count == MAX_WORDS)
			return error_set(err, 0, "template: too many words in \"{{%.*s}}\"",
					 (int)(end - begin), begin);
		char *word = ret->words[ret->count];
		bool quoted = *s == '"' || *s == '`';
		char quote = quoted ? *s++ : '\0';

		while (s < end && (quoted ? *s != quote : !isspace((unsigned char)*s))) {
			if (length + 1 == WORD_BYTES)
				return error_set(err, 0, "template: a word is too long");
			word[length++] = *s++;
		}
		if (quoted && s == end)
			return error_set(err, 0, "template: unterminated quoted string");
		s += quoted;
		ret->quoted[ret->count++] = quoted;
	}
	if (ret->count == 0)
		return error_set(err, 0, "template: missing value for command");
	return 0;
}

/* The value that ".A.B" names; NULL: there is none. */
static const struct json *find_value(const char *path, const struct json *data)
{
	while (data != NULL && *path == '.' && path[1] != '\0') {
		char name[WORD_BYTES];
		size_t length = strcspn(path + 1, ".");

		memcpy(name, path + 1, length);
		name[length] = '\0';
		path += 1 + length;
		data = data->type == JSON_OBJECT ? json_get(data, name) : NULL;
	}
	return data;
}

/* As Go prints a value: strings bare, [a b] for arrays, map[k:v] for objects. */
/* NOLINTNEXTLINE(misc-no-recursion): json_parse refuses more than JSON_MAX_DEPTH levels */
static void print_value(const struct json *value, struct text *ret)
{
	bool object = value->type == JSON_OBJECT;

	if (value->type == JSON_STRING || value->type == JSON_NUMBER) {
		text_append(ret, value->text);
		return;
	}
	if (!object && value->type != JSON_ARRAY) {
		text_append(ret, value->type == JSON_NULL ? "<nil>" : value->truth ? "true" : "false");
		return;
	}
	text_append(ret, object ? "map[" : "[");
	for (const struct json *child = value->first; child != NULL; child = child->next) {
		if (object)
			text_format(ret, "%s:", child->name);
		print_value(child, ret);
		if (child->next != NULL)
			text_append(ret, " ");
	}
	text_append(ret, "]");
}

static void print_cased(const struct json *value, bool upper, struct text *ret)
{
	for (const char *s = value->text == NULL ? "" : value->text; *s != '\0'; s++) {
		char c = (char)(upper ? toupper((unsigned char)*s) : tolower((unsigned char)*s));

		text_append_bytes(ret, &c, 1);
	}
}

static void print_joined(const struct json *value, const char *between, struct text *ret)
{
	for (const struct json *child = value->first; child != NULL; child = child->next) {
		print_value(child, ret);
		if (child->next != NULL)
			text_append(ret, between);
	}
}

static const struct json *pick(const struct json *value, const char *key)
{
	uint64_t place;
	struct error ignored;

	if (value->type == JSON_OBJECT)
		return json_get(value, key);
	if (value->type != JSON_ARRAY || number_parse_u64(key, SIZE_MAX, &place, &ignored) < 0)
		return NULL;
	for (const struct json *child = value->first; child != NULL; child = child->next)
		if (place-- == 0)
			return child;
	return NULL;
}

enum function { FN_JSON, FN_UPPER, FN_LOWER, FN_LEN, FN_JOIN, FN_INDEX, FN_COUNT };
static const struct {
	const char *name;
	size_t words;
} functions[] = {
	[FN_JSON] = { "json", 2 }, [FN_UPPER] = { "upper", 2 }, [FN_LOWER] = { "lower", 2 },
	[FN_LEN] = { "len", 2 },   [FN_JOIN] = { "join", 3 },   [FN_INDEX] = { "index", 3 },
};
_Static_assert(ARRAY_LEN(functions) == FN_COUNT, "every function needs a row");

static int call_function(const struct action *action, const struct json *value, struct text *ret,
			 struct error *err)
{
	size_t function = 0;

	while (function < FN_COUNT && !text_equal(functions[function].name, action->words[0]))
		function++;
	if (function == FN_COUNT)
		return error_set(err, 0, "template: function \"%s\" not defined", action->words[0]);
	if (action->count != functions[function].words)
		return error_set(err, 0, "template: wrong number of args for %s", action->words[0]);
	switch ((enum function)function) {
	case FN_JSON:
		tree_write(value, NULL, ret);
		break;
	case FN_UPPER:
	case FN_LOWER:
		print_cased(value, function == FN_UPPER, ret);
		break;
	case FN_LEN:
		text_format(ret, "%zu", value->text != NULL ? strlen(value->text) : value->count);
		break;
	case FN_JOIN:
		print_joined(value, action->words[2], ret);
		break;
	case FN_INDEX:
	case FN_COUNT:
		value = pick(value, action->words[2]);
		if (value != NULL)
			print_value(value, ret);
		break;
	}
	return 0;
}

static int run_action(const char *begin, const char *end, const struct json *data, bool strict,
		      struct text *ret, struct error *err)
{
	struct action action;
	int result = split_action(begin, end, &action, err);

	if (result < 0)
		return result;
	bool call = action.words[0][0] != '.';
	if (call && action.count == 1 && action.quoted[0]) {
		text_append(ret, action.words[0]);
		return 0;
	}
	if ((call && (action.count == 1 || action.words[1][0] != '.')) || (!call && action.count > 1))
		return error_set(err, 0, "template: \"{{%.*s}}\" is not understood", (int)(end - begin),
				 begin);
	const char *path = action.words[call ? 1 : 0];
	const struct json *value = find_value(path, data);

	if (value == NULL && strict)
		return error_set(err, 0, "template: can't evaluate field %s", path + 1);
	if (value == NULL) {
		text_append(ret, call && text_equal(action.words[0], "json") ? "null" : "<no value>");
		return 0;
	}
	if (call)
		return call_function(&action, value, ret, err);
	print_value(value, ret);
	return 0;
}

int template_write(const char *format, const struct json *data, bool strict, struct text *ret,
		   struct error *err)
{
	for (const char *s = format; *s != '\0';) {
		if (s[0] == '{' && s[1] == '{') {
			const char *end = strstr(s + 2, "}}");

			if (end == NULL)
				return error_set(err, 0, "template: unclosed action");
			int result = run_action(s + 2, end, data, strict, ret, err);
			if (result < 0)
				return result;
			s = end + 2;
		} else if (s[0] == '\\' && (s[1] == 't' || s[1] == 'n')) {
			text_append(ret, s[1] == 't' ? "\t" : "\n");
			s += 2;
		} else {
			text_append_bytes(ret, s++, 1);
		}
	}
	return text_done(ret, err);
}
