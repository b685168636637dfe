/*
 * Reads JSON objects by field tables (field.h): types, ranges, names, required members. What a
 * member means is none of its business; requirements between members are in the check functions
 * of the files that own the tables.
 */
#include "oci/spec/field.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"

#include "base/banned.h"

/* Of a path in a note; longer ones are cut. */
#define NOTE_PATH_BYTES 256

void *field_alloc(struct field_reader *reader, size_t count, size_t size, struct error *err)
{
	size_t bytes;
	void *memory = NULL;

	/* At least a byte, so that an empty array is not mistaken for a failure. */
	if (!__builtin_mul_overflow(count, size, &bytes))
		memory = arena_alloc(reader->arena, bytes > 0 ? bytes : 1);
	if (memory == NULL)
		error_set(err, ENOMEM, "the document needs too much memory");
	return memory;
}

static int list_add(struct field_reader *reader, struct field_list *list, const char *item, struct error *err)
{
	if (list->strings.count == list->room) {
		size_t room = list->room > 0 ? 2 * list->room : 8;
		const char **items = field_alloc(reader, room, sizeof(*items), err);

		if (items == NULL)
			return -ENOMEM;
		if (list->room > 0)
			memcpy(items, list->items, list->room * sizeof(*items));
		list->items = items;
		list->room = room;
		list->strings.items = items;
	}
	list->items[list->strings.count++] = item;
	return 0;
}

static void without_controls(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

/* "linux.namespaces[2]", without control characters. */
static void dotted_path(const struct json *value, char *room, size_t size)
{
	json_path(value, ".", room, size);
	without_controls(room);
}

int field_note_unsupported(struct field_reader *reader, const struct json *value, const char *detail,
			   struct error *err)
{
	char path[NOTE_PATH_BYTES];

	dotted_path(value, path, sizeof(path));
	const char *note = arena_format(reader->arena, "%s%s%s", path, detail != NULL ? ": " : "",
					detail != NULL ? detail : "");
	if (note == NULL)
		return error_set(err, ENOMEM, "the document needs too much memory");
	return list_add(reader, &reader->unsupported, note, err);
}

int field_warn(struct field_reader *reader, const struct json *value, struct error *err, const char *format,
	       ...)
{
	char path[NOTE_PATH_BYTES], what[NOTE_PATH_BYTES];
	va_list args;

	dotted_path(value, path, sizeof(path));
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	without_controls(what);
	const char *note = arena_format(reader->arena, "%s: %s", path, what);
	if (note == NULL)
		return error_set(err, ENOMEM, "the document needs too much memory");
	return list_add(reader, &reader->warnings, note, err);
}

int field_expect(const struct json *value, enum json_type type, struct error *err)
{
	if (value->type != type)
		return json_error(value, err, "must be %s %s, not %s",
				  strchr("ao", *json_type_name(type)) ? "an" : "a", json_type_name(type),
				  json_type_name(value->type));
	return 0;
}

int field_read_string(const struct json *value, const char **ret, struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	if (result == 0)
		*ret = value->text;
	return result;
}

int field_read_strings(struct field_reader *reader, const struct json *value, struct strings *ret,
		       struct error *err)
{
	int result = field_expect(value, JSON_ARRAY, err);

	if (result < 0)
		return result;
	const char **items = field_alloc(reader, value->count, sizeof(*items), err);
	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		result = field_expect(item, JSON_STRING, err);
		if (result < 0)
			return result;
		items[item->index] = item->text;
	}
	ret->count = value->count;
	ret->items = items;
	return 0;
}

int field_read_i64(const struct json *value, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	struct error why;
	int result = field_expect(value, JSON_NUMBER, err);

	if (result == 0 && number_parse_i64(value->text, min, max, ret, &why) < 0)
		return json_error(value, err, "%s", why.text);
	return result;
}

int field_read_u64(const struct json *value, uint64_t max, uint64_t *ret, struct error *err)
{
	struct error why;
	int result = field_expect(value, JSON_NUMBER, err);

	if (result == 0 && number_parse_u64(value->text, max, ret, &why) < 0)
		return json_error(value, err, "%s", why.text);
	return result;
}

bool field_name_find(const struct field_name *names, const char *name, int *ret)
{
	for (; names->name != NULL; names++)
		if (strcmp(names->name, name) == 0) {
			*ret = names->value;
			return true;
		}
	return false;
}

int field_read_enum(const struct json *value, const struct field_name *names, int *ret, struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	if (result == 0 && !field_name_find(names, value->text, ret))
		return json_error(value, err, "\"%s\" is not a known value", value->text);
	return result;
}

static int read_flags(const struct field *row, const struct json *value, uint64_t *ret, struct error *err)
{
	uint64_t flags = 0;
	int result = field_expect(value, JSON_ARRAY, err), flag;

	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next) {
		result = field_read_enum(item, row->names, &flag, err);
		if (result == 0)
			flags |= (unsigned)flag;
	}
	if (result == 0)
		*ret = flags;
	return result;
}

static uint64_t unsigned_limit(const struct field *row, uint64_t type_max)
{
	return row->max != 0 ? row->max : type_max;
}

static int read_unsigned(const struct field *row, const struct json *value, void *place, struct error *err)
{
	uint64_t type_max = UINT64_MAX, number;

	if (row->type == FIELD_U16 || row->type == FIELD_OPT_U16)
		type_max = UINT16_MAX;
	else if (row->type == FIELD_U32 || row->type == FIELD_OPT_U32)
		type_max = UINT32_MAX;
	int result = field_read_u64(value, unsigned_limit(row, type_max), &number, err);
	if (result < 0)
		return result;
	if (row->type == FIELD_U16)
		*(uint16_t *)place = (uint16_t)number;
	else if (row->type == FIELD_U32)
		*(uint32_t *)place = (uint32_t)number;
	else if (row->type == FIELD_U64)
		*(uint64_t *)place = number;
	else if (row->type == FIELD_OPT_U16)
		*(struct opt_u16 *)place = (struct opt_u16){ true, (uint16_t)number };
	else if (row->type == FIELD_OPT_U32)
		*(struct opt_u32 *)place = (struct opt_u32){ true, (uint32_t)number };
	else
		*(struct opt_u64 *)place = (struct opt_u64){ true, number };
	return 0;
}

static int read_signed(const struct field *row, const struct json *value, void *place, struct error *err)
{
	bool ranged = row->min != 0 || row->max != 0;
	int64_t min = row->type == FIELD_I32 ? INT32_MIN : INT64_MIN;
	int64_t max = row->type == FIELD_I32 ? INT32_MAX : INT64_MAX, number;

	if (ranged)
		min = row->min;
	if (ranged && row->max != 0)
		max = (int64_t)row->max;
	int result = field_read_i64(value, min, max, &number, err);
	if (result < 0)
		return result;
	if (row->type == FIELD_I32)
		*(int32_t *)place = (int32_t)number;
	else if (row->type == FIELD_I64)
		*(int64_t *)place = number;
	else
		*(struct opt_i64 *)place = (struct opt_i64){ true, number };
	return 0;
}

static int read_bool(const struct field *row, const struct json *value, void *place, struct error *err)
{
	int result = field_expect(value, JSON_BOOL, err);

	if (result < 0)
		return result;
	if (row->type == FIELD_BOOL)
		*(bool *)place = value->truth;
	else
		*(struct opt_bool *)place = (struct opt_bool){ true, value->truth };
	return 0;
}

static int check_absolute(const struct field *row, const struct json *value, struct error *err)
{
	if (!row->absolute || value->text[0] == '/')
		return 0;
	return json_error(value, err, "%s: \"%s\"",
			  row->relative != NULL ? row->relative : "must be an absolute path", value->text);
}

static int empty(const struct field *row, const struct json *value, struct error *err)
{
	return json_error(value, err, "%s", row->wrong != NULL ? row->wrong : "must not be empty");
}

static int read_string(const struct field *row, const struct json *value, const char **place,
		       struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	if (result < 0)
		return result;
	if (value->text[0] == '\0' && row->empty_is_absent)
		return 0;
	if (value->text[0] == '\0' && row->non_empty)
		return empty(row, value, err);
	result = check_absolute(row, value, err);
	if (result == 0)
		*place = value->text;
	return result;
}

static int read_strings(struct field_reader *reader, const struct field *row, const struct json *value,
			struct strings *place, struct error *err)
{
	int result = field_read_strings(reader, value, place, err);

	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next)
		result = check_absolute(row, item, err);
	if (result == 0 && row->non_empty && value->count == 0)
		return empty(row, value, err);
	return result;
}

static int read_map(struct field_reader *reader, const struct json *value, struct spec_kvs *place,
		    struct error *err)
{
	int result = field_expect(value, JSON_OBJECT, err);

	if (result < 0)
		return result;
	struct spec_kv *items = field_alloc(reader, value->count, sizeof(*items), err);
	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		result = field_expect(item, JSON_STRING, err);
		if (result < 0)
			return result;
		items[item->index] = (struct spec_kv){ item->name, item->text };
	}
	*place = (struct spec_kvs){ value->count, items };
	return 0;
}

/* The shape that all counted members share. */
struct counted {
	size_t count;
	const void *items;
};

static int read_array(struct field_reader *reader, const struct field *row, const struct json *value,
		      struct counted *place, struct error *err)
{
	int result = field_expect(value, JSON_ARRAY, err);

	if (result < 0)
		return result;
	if (value->count == 0 && row->non_empty)
		return empty(row, value, err);
	char *items = field_alloc(reader, value->count, row->of->size, err);
	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		result = field_read_object(reader, item, row->of, items + item->index * row->of->size, err);
		if (result < 0)
			return result;
	}
	*place = (struct counted){ value->count, items };
	return 0;
}

static int read_u32s(struct field_reader *reader, const struct field *row, const struct json *value,
		     struct counted *place, struct error *err)
{
	int result = field_expect(value, JSON_ARRAY, err);
	uint64_t number;

	if (result < 0)
		return result;
	uint32_t *items = field_alloc(reader, value->count, sizeof(*items), err);
	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		result = field_read_u64(item, unsigned_limit(row, UINT32_MAX), &number, err);
		if (result < 0)
			return result;
		items[item->index] = (uint32_t)number;
	}
	*place = (struct counted){ value->count, items };
	return 0;
}

static int read_pointer(struct field_reader *reader, const struct field *row, const struct json *value,
			void **place, struct error *err)
{
	void *into = field_alloc(reader, 1, row->of->size, err);

	if (into == NULL)
		return -ENOMEM;
	int result = field_read_object(reader, value, row->of, into, err);
	if (result == 0)
		*place = into;
	return result;
}

static int read_value(struct field_reader *reader, const struct field *row, const struct json *value,
		      void *place, struct error *err)
{
	switch (row->type) {
	case FIELD_BOOL:
	case FIELD_OPT_BOOL:
		return read_bool(row, value, place, err);
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_OPT_U16:
	case FIELD_OPT_U32:
	case FIELD_OPT_U64:
		return read_unsigned(row, value, place, err);
	case FIELD_I32:
	case FIELD_I64:
	case FIELD_OPT_I64:
		return read_signed(row, value, place, err);
	case FIELD_STRING:
		return read_string(row, value, place, err);
	case FIELD_STRINGS:
		return read_strings(reader, row, value, place, err);
	case FIELD_MAP:
		return read_map(reader, value, place, err);
	case FIELD_OBJECT:
		return field_read_object(reader, value, row->of, place, err);
	case FIELD_POINTER:
		return read_pointer(reader, row, value, place, err);
	case FIELD_ARRAY:
		return read_array(reader, row, value, place, err);
	case FIELD_U32S:
		return read_u32s(reader, row, value, place, err);
	case FIELD_ENUM:
		return field_read_enum(value, row->names, place, err);
	case FIELD_FLAGS:
		return read_flags(row, value, place, err);
	case FIELD_READ:
		return row->read(reader, value, place, err);
	}
	return json_error(value, err, "has a row of an unknown type");
}

/* Nothing is asked for by it. */
static bool says_nothing(const struct json *value)
{
	if (value->type == JSON_ARRAY)
		return value->count == 0;
	return value->type == JSON_STRING && value->text[0] == '\0';
}

static int check_required(const struct json *object, const struct field *fields, struct error *err)
{
	for (const struct field *row = fields; row->name != NULL; row++) {
		if (!row->required || json_get(object, row->name) != NULL)
			continue;
		if (row->wrong != NULL)
			return json_error(object, err, "%s: %s", row->name, row->wrong);
		return json_error(object, err, "%s: is required", row->name);
	}
	return 0;
}

int field_read_object(struct field_reader *reader, const struct json *value,
		      const struct field_object *object, void *into, struct error *err)
{
	int result = field_expect(value, JSON_OBJECT, err);

	for (const struct json *member = value->first; result == 0 && member != NULL; member = member->next) {
		const struct field *row = object->fields;

		while (row->name != NULL && strcmp(row->name, member->name) != 0)
			row++;
		if (row->name == NULL || member->type == JSON_NULL)
			continue; /* */
		result = read_value(reader, row, member, (char *)into + row->offset, err);
		if (result == 0 && row->unsupported && !says_nothing(member))
			result = field_note_unsupported(reader, member, NULL, err);
	}
	if (result == 0)
		result = check_required(value, object->fields, err);
	if (result == 0 && object->check != NULL)
		result = object->check(reader, value, into, err);
	return result;
}
