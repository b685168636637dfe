/* JSON trees as text, and changed; see tree.h. */
#include "base/tree.h"

#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

static void write_break(const char *indent, unsigned depth, struct text *ret)
{
	if (indent == NULL)
		return;
	text_append(ret, "\n");
	for (unsigned i = 0; i < depth; i++)
		text_append(ret, indent);
}

/* NOLINTNEXTLINE(misc-no-recursion): json_parse refuses more than JSON_MAX_DEPTH levels */
static void write_value(const struct json *value, const char *indent, unsigned depth, struct text *ret)
{
	bool object = value->type == JSON_OBJECT;

	switch (value->type) {
	case JSON_BOOL:
		text_append(ret, value->truth ? "true" : "false");
		return;
	case JSON_NUMBER:
		text_append(ret, value->text);
		return;
	case JSON_STRING:
		text_append_json(ret, value->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	case JSON_NULL:
	case JSON_TYPE_COUNT:
		text_append(ret, "null");
		return;
	}
	text_append(ret, object ? "{" : "[");
	for (const struct json *child = value->first; child != NULL; child = child->next) {
		write_break(indent, depth + 1, ret);
		if (object) {
			text_append_json(ret, child->name);
			text_append(ret, indent == NULL ? ":" : ": ");
		}
		write_value(child, indent, depth + 1, ret);
		if (child->next != NULL)
			text_append(ret, ",");
	}
	if (value->first != NULL)
		write_break(indent, depth, ret);
	text_append(ret, object ? "}" : "]");
}

void tree_write(const struct json *value, const char *indent, struct text *ret)
{
	write_value(value, indent, 0, ret);
}

static struct json *new_value(struct arena *arena, enum json_type type)
{
	struct json *value = arena_alloc(arena, sizeof(*value));

	if (value != NULL)
		value->type = type;
	return value;
}

const struct json *tree_string(struct arena *arena, const char *text)
{
	struct json *value = new_value(arena, JSON_STRING);

	if (value != NULL)
		value->text = text;
	return value;
}

const struct json *tree_number(struct arena *arena, uint32_t number)
{
	struct json *value = new_value(arena, JSON_NUMBER);
	const char *text = arena_format(arena, "%" PRIu32, number);

	if (value == NULL || text == NULL)
		return NULL;
	value->text = text;
	return value;
}

const struct json *tree_i64(struct arena *arena, int64_t number)
{
	struct json *value = new_value(arena, JSON_NUMBER);
	const char *text = arena_format(arena, "%" PRIi64, number);

	if (value == NULL || text == NULL)
		return NULL;
	value->text = text;
	return value;
}

const struct json *tree_object(struct arena *arena)
{
	return new_value(arena, JSON_OBJECT);
}

const struct json *tree_bool(struct arena *arena, bool truth)
{
	struct json *value = new_value(arena, JSON_BOOL);

	if (value != NULL)
		value->truth = truth;
	return value;
}

/* Append a copy of @child, called @name, to @parent. False: no memory. */
static bool append_child(struct arena *arena, struct json *parent, struct json **last, const char *name,
			 const struct json *child)
{
	struct json *copy = new_value(arena, child->type);

	if (copy == NULL)
		return false;
	*copy = *child;
	copy->name = name;
	copy->next = NULL;
	copy->parent = parent;
	copy->index = parent->count++;
	if (*last == NULL)
		parent->first = copy;
	else
		(*last)->next = copy;
	*last = copy;
	return true;
}

const struct json *tree_strings(struct arena *arena, const char *const *items, size_t count)
{
	struct json *array = new_value(arena, JSON_ARRAY), *last = NULL;

	for (size_t i = 0; array != NULL && i < count; i++) {
		const struct json *item = tree_string(arena, items[i]);

		if (item == NULL || !append_child(arena, array, &last, NULL, item))
			return NULL;
	}
	return array;
}

/* @from with its child @old replaced by @value, or with @value added where @old is NULL. */
static const struct json *replace(struct arena *arena, const struct json *from, const struct json *old,
				  const char *name, const struct json *value)
{
	struct json *to = new_value(arena, name != NULL ? JSON_OBJECT : JSON_ARRAY), *last = NULL;
	bool done = false;

	if (to == NULL || value == NULL)
		return NULL;
	for (const struct json *child = from == NULL ? NULL : from->first; child != NULL;
	     child = child->next) {
		bool this_one = child == old;

		if (!append_child(arena, to, &last, child->name, this_one ? value : child))
			return NULL;
		done = done || this_one;
	}
	if (!done && !append_child(arena, to, &last, name, value))
		return NULL;
	return to;
}

const struct json *tree_with(struct arena *arena, const struct json *object, const char *name,
			     const struct json *value)
{
	const struct json *old = object == NULL ? NULL : object->first;

	while (old != NULL && !text_equal(old->name, name))
		old = old->next;
	return replace(arena, object, old, name, value);
}

const struct json *tree_with_item(struct arena *arena, const struct json *array, size_t index,
				  const struct json *value)
{
	const struct json *old = array->first;

	while (old != NULL && index-- > 0)
		old = old->next;
	return replace(arena, array, old, NULL, value);
}

const struct json *tree_append(struct arena *arena, const struct json *array, const struct json *value)
{
	return replace(arena, array, NULL, NULL, value);
}

/* The member of @object whose name is the first @length bytes of @name. */
static const struct json *find_member(const struct json *object, const char *name, size_t length)
{
	const struct json *child = object == NULL || object->type != JSON_OBJECT ? NULL : object->first;

	while (child != NULL && (strlen(child->name) != length || strncmp(child->name, name, length) != 0))
		child = child->next;
	return child;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the path has parts */
const struct json *tree_put(struct arena *arena, const struct json *top, const char *path,
			    const struct json *value)
{
	size_t length = strcspn(path, ".");
	const struct json *member = find_member(top, path, length);
	const char *name = member != NULL ? member->name : arena_copy(arena, path, length);

	if (name == NULL)
		return NULL;
	if (path[length] == '.')
		value = tree_put(arena, member, path + length + 1, value);
	return replace(arena, top, member, name, value);
}

const struct json *tree_at(const struct json *top, const char *path)
{
	size_t length = strcspn(path, ".");

	for (; top != NULL; path += length + 1, length = strcspn(path, ".")) {
		top = find_member(top, path, length);
		if (path[length] == '\0')
			break;
	}
	return top;
}
