/*
 * JSON text into a tree in an arena, through yajl's streaming callbacks: no recursion anywhere, so
 * no depth of nesting can exhaust the stack. yajl splits the text and unescapes strings; what it is
 * lax about (overlong UTF-8, lone surrogates, NUL, duplicate names, size, depth) is checked here.
 * The only file that knows yajl.
 */
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "base/banned.h"

/* Up to this many members are compared pairwise, which needs no memory; more are sorted. */
#define PAIRWISE_MEMBERS 16
/* Of a path in a message, so that the cause always fits after it. */
#define PATH_TEXT_BYTES 448

struct frame {
	struct json *node;
	struct json *last_child;
};

struct reader {
	struct arena *arena;
	struct error *err;
	const char *file;
	const char *bytes;
	size_t length;
	yajl_handle yajl;
	bool finishing; /* the text has been consumed; yajl now reads a blank of its own */
	size_t offset;  /* up to where lines have been counted: the end of the last token */
	unsigned line;
	const char *name; /* of the member whose value comes next */
	struct json *root;
	bool refused; /* err says why a callback stopped yajl */
	size_t depth;
	struct frame frames[JSON_MAX_DEPTH];
};

/* Fill the reader's error and make yajl stop. */
__attribute__((format(printf, 2, 3))) static int refuse(struct reader *reader, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	reader->refused = true;
	error_set(reader->err, 0, "%s: line %u: %s", reader->file, reader->line, what);
	return 0;
}

static int refuse_memory(struct reader *reader)
{
	reader->refused = true;
	error_set(reader->err, ENOMEM, "%s: line %u: the document needs too much memory", reader->file,
		  reader->line);
	return 0;
}

static void count_lines(struct reader *reader, size_t end)
{
	while (reader->offset < end) {
		const char *from = reader->bytes + reader->offset;
		const char *newline = memchr(from, '\n', end - reader->offset);

		if (newline == NULL)
			break;
		reader->line++;
		reader->offset = (size_t)(newline - reader->bytes) + 1;
	}
	reader->offset = end;
}

/* The token that yajl just read ends at the returned offset. A token never spans lines. */
static void reach_token(struct reader *reader)
{
	if (!reader->finishing)
		count_lines(reader, yajl_get_bytes_consumed(reader->yajl));
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. yajl lets all three pass. */
static bool is_utf8(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length) {
		uint64_t eight;

		if (length - i >= sizeof(eight)) {
			memcpy(&eight, text + i, sizeof(eight));
			if ((eight & 0x8080808080808080U) == 0) {
				i += sizeof(eight);
				continue;
			}
		}
		size_t n = text_utf8_length(text + i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

/* The code unit of the escape \uXXXX at @s, or -1 where there is another one or none. */
static int escape_unit(const char *s, size_t length)
{
	int unit = 0;

	if (length < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int c = s[i];

		unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return unit;
}

/*
 * True where the token between @from and @to, as written, has an escaped surrogate without its
 * partner: yajl would silently read a "?" for it.
 */
static bool has_lone_surrogate(const char *from, const char *to)
{
	for (const char *s = from; s + 1 < to; s++) {
		if (*s != '\\')
			continue;
		int unit = escape_unit(s, (size_t)(to - s));
		if (unit >= 0xdc00 && unit <= 0xdfff)
			return true;
		if (unit >= 0xd800 && unit <= 0xdbff) {
			int second = escape_unit(s + 6, (size_t)(to - s) - 6);

			if (second < 0xdc00 || second > 0xdfff)
				return true;
			s += 6;
		}
		s += unit >= 0 ? 5 : 1;
	}
	return false;
}

/*
 * Check @copy, made of the @length bytes at @text that yajl handed out. @start: offset of the end of
 * the token before.
 */
static int check_string(struct reader *reader, const char *text, size_t length, const char *copy,
			size_t start)
{
	uintptr_t low = (uintptr_t)reader->bytes, at = (uintptr_t)text;
	bool unescaped = length > 0 && (at < low || at >= low + reader->length);

	if (memchr(copy, '\0', length) != NULL)
		return refuse(reader, "a NUL character in a string");
	if (!is_utf8(copy, length))
		return refuse(reader, "invalid UTF-8 in a string");
	if (unescaped && has_lone_surrogate(reader->bytes + start, reader->bytes + reader->offset))
		return refuse(reader, "invalid UTF-16 escape in a string");
	return 1;
}

/* A new value where the document is now, with room for @text behind it. NULL: refused. */
static struct json *add(struct reader *reader, enum json_type type, const char *text, size_t length)
{
	struct json *node = arena_alloc(reader->arena, sizeof(*node) + (text != NULL ? length + 1 : 0));

	if (node == NULL) {
		refuse_memory(reader);
		return NULL;
	}
	node->type = type;
	node->line = reader->line;
	if (text != NULL)
		node->text = memcpy((char *)(node + 1), text, length);
	if (reader->depth == 0) {
		reader->root = node;
		return node;
	}
	struct frame *frame = &reader->frames[reader->depth - 1];
	node->name = take_ptr(&reader->name);
	node->parent = frame->node;
	node->index = frame->node->count++;
	if (frame->last_child != NULL)
		frame->last_child->next = node;
	else
		frame->node->first = node;
	frame->last_child = node;
	return node;
}

static int add_container(struct reader *reader, enum json_type type)
{
	reach_token(reader);
	if (reader->depth == JSON_MAX_DEPTH)
		return refuse(reader, "nested deeper than %d levels", JSON_MAX_DEPTH);
	struct json *node = add(reader, type, NULL, 0);
	if (node == NULL)
		return 0;
	node->begin = reader->offset - 1;
	reader->frames[reader->depth++] = (struct frame){ .node = node };
	return 1;
}

static int on_null(void *context)
{
	struct reader *reader = context;

	reach_token(reader);
	return add(reader, JSON_NULL, NULL, 0) != NULL;
}

static int on_boolean(void *context, int truth)
{
	struct reader *reader = context;

	reach_token(reader);
	struct json *node = add(reader, JSON_BOOL, NULL, 0);
	if (node == NULL)
		return 0;
	node->truth = truth != 0;
	return 1;
}

static int on_number(void *context, const char *text, size_t length)
{
	struct reader *reader = context;

	reach_token(reader);
	return add(reader, JSON_NUMBER, text, length) != NULL;
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	struct reader *reader = context;
	size_t start = reader->offset;

	reach_token(reader);
	const struct json *node = add(reader, JSON_STRING, (const char *)text, length);
	return node != NULL && check_string(reader, (const char *)text, length, node->text, start);
}

static int on_name(void *context, const unsigned char *text, size_t length)
{
	struct reader *reader = context;
	size_t start = reader->offset;

	reach_token(reader);
	reader->name = arena_copy(reader->arena, (const char *)text, length);
	if (reader->name == NULL)
		return refuse_memory(reader);
	return check_string(reader, (const char *)text, length, reader->name, start);
}

static int on_start_object(void *context)
{
	return add_container(context, JSON_OBJECT);
}

static int on_start_array(void *context)
{
	return add_container(context, JSON_ARRAY);
}

static int refuse_duplicate(struct reader *reader, const struct json *second)
{
	reader->line = second->line;
	return refuse(reader, "the name \"%.128s\" appears twice in one object", second->name);
}

static int by_name(const void *a, const void *b)
{
	const struct json *const *left = a, *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	if (order != 0)
		return order;
	return (*left)->index < (*right)->index ? -1 : 1;
}

/* Pairwise for the usual object, sorted for a large one: never quadratic. */
static int check_names(struct reader *reader, const struct json *object)
{
	if (object->count <= PAIRWISE_MEMBERS) {
		for (const struct json *a = object->first; a != NULL; a = a->next)
			for (const struct json *b = a->next; b != NULL; b = b->next)
				if (strcmp(a->name, b->name) == 0)
					return refuse_duplicate(reader, b);
		return 1;
	}
	autofree const struct json **sorted = calloc(object->count, sizeof(struct json *));
	if (sorted == NULL)
		return refuse_memory(reader);
	for (const struct json *a = object->first; a != NULL; a = a->next)
		sorted[a->index] = a;
	qsort(sorted, object->count, sizeof(struct json *), by_name);
	for (size_t i = 1; i < object->count; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			return refuse_duplicate(reader, sorted[i]);
	return 1;
}

static int on_end_object(void *context)
{
	struct reader *reader = context;

	reach_token(reader);
	struct json *object = reader->frames[--reader->depth].node;
	object->end = reader->offset;
	return check_names(reader, object);
}

static int on_end_array(void *context)
{
	struct reader *reader = context;

	reach_token(reader);
	reader->frames[--reader->depth].node->end = reader->offset;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_object,
	.yajl_map_key = on_name,
	.yajl_end_map = on_end_object,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* What yajl did not like, in its words or in clearer ones. */
static void explain(struct reader *reader)
{
	size_t at = yajl_get_bytes_consumed(reader->yajl);

	if (reader->finishing) {
		refuse(reader, "the text ends before the document does");
		return;
	}
	count_lines(reader, at < reader->length ? at : reader->length);
	if (reader->root != NULL && reader->depth == 0) {
		refuse(reader, "text after the end of the document");
		return;
	}
	unsigned char *words = yajl_get_error(reader->yajl, 0, NULL, 0);
	const char *text = words == NULL ? "not JSON" : (const char *)words;
	refuse(reader, "%.*s", (int)strcspn(text, "\n"), text);
	if (words != NULL)
		yajl_free_error(reader->yajl, words);
}

static bool is_blank(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(" \t\r\n", bytes[i]) == NULL || bytes[i] == '\0')
			return false;
	return true;
}

int json_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	       const struct json **ret, struct error *err)
{
	struct reader reader = {
		.arena = arena, .err = err, .file = name, .bytes = bytes, .length = length, .line = 1
	};

	if (length > JSON_MAX_BYTES)
		return error_set(err, EFBIG, "%s: %zu bytes, at most %zu are read", name, length,
				 JSON_MAX_BYTES);
	if (is_blank(bytes, length))
		return error_set(err, 0, "%s: line 1: the text is empty", name);
	reader.yajl = yajl_alloc(&callbacks, NULL, &reader);
	if (reader.yajl == NULL)
		return error_set(err, ENOMEM, "%s", name);
	/* check_string is stricter, and says what is wrong. */
	(void)yajl_config(reader.yajl, yajl_dont_validate_strings, 1);

	yajl_status status = yajl_parse(reader.yajl, (const unsigned char *)bytes, length);
	if (status == yajl_status_ok) {
		count_lines(&reader, length);
		reader.finishing = true;
		status = yajl_complete_parse(reader.yajl);
	}
	if (status != yajl_status_ok && !reader.refused)
		explain(&reader);
	yajl_free(reader.yajl);
	if (status != yajl_status_ok)
		return err->number != 0 ? -err->number : -EINVAL;
	*ret = reader.root;
	return 0;
}

const struct json *json_get(const struct json *object, const char *name)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *member = object->first; member != NULL; member = member->next)
		if (strcmp(member->name, name) == 0)
			return member->type == JSON_NULL ? NULL : member;
	return NULL;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",     [JSON_BOOL] = "boolean", [JSON_NUMBER] = "number",
		[JSON_STRING] = "string", [JSON_ARRAY] = "array",  [JSON_OBJECT] = "object",
	};
	_Static_assert(ARRAY_LEN(names) == JSON_TYPE_COUNT, "every type needs a name");

	return names[type];
}

void json_path(const struct json *value, const char *separator, char *room, size_t size)
{
	const struct json *chain[JSON_MAX_DEPTH + 1];
	size_t count = 0, length = 0;

	for (; value->parent != NULL && count < ARRAY_LEN(chain); value = value->parent)
		chain[count++] = value;
	room[0] = '\0';
	while (count > 0 && length < size) {
		const struct json *step = chain[--count];
		int more;

		if (step->name != NULL)
			more = snprintf(room + length, size - length, "%s%.128s", length > 0 ? separator : "",
					step->name);
		else
			more = snprintf(room + length, size - length, "[%zu]", step->index);
		if (more < 0)
			return;
		length += (size_t)more;
	}
}

int json_error(const struct json *value, struct error *err, const char *format, ...)
{
	char path[PATH_TEXT_BYTES], what[ERROR_TEXT_SIZE - PATH_TEXT_BYTES - 64];
	va_list args;

	json_path(value, ": ", path, sizeof(path));
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	error_set(err, 0, "%s%s%s (line %u)", path, path[0] != '\0' ? ": " : "", what, value->line);
	/* Names and values come from the document: no control characters into logs and terminals. */
	for (char *s = err->text; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	return -EINVAL;
}
