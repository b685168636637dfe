/*
 * Field tables: one row per key of the specification says where its value goes, what it must be and
 * whether it may be missing. The C type of the member decides how the value is read, so a row
 * cannot disagree with its struct.
 *
 *	static const struct field user_fields[] = {
 *		FIELD(struct spec_user, umask, "umask", .max = 0777),
 *		...
 *		{ 0 },
 *	};
 *	const struct field_object user_object = { sizeof(struct spec_user), user_fields, NULL };
 *
 * A member that is null counts as absent, a name without a row is ignored. Members
 * that are absent keep the zero of the arena. Every error names the JSON path and the line.
 */
#ifndef HULL_OCI_SPEC_FIELD_H
#define HULL_OCI_SPEC_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "oci/spec/spec.h"

enum field_type {
	FIELD_BOOL,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_I32,
	FIELD_I64,
	FIELD_OPT_BOOL,
	FIELD_OPT_U16,
	FIELD_OPT_U32,
	FIELD_OPT_U64,
	FIELD_OPT_I64,
	FIELD_STRING,  /* const char * */
	FIELD_STRINGS, /* struct strings */
	FIELD_MAP,     /* struct spec_kvs: any name, values are strings */
	FIELD_OBJECT,  /* a struct inside the struct, by .of */
	FIELD_POINTER, /* a pointer to a struct, by .of */
	FIELD_ARRAY,   /* size_t count and a pointer to that many structs, by .of */
	FIELD_U32S,    /* size_t count and a pointer to that many uint32_t */
	FIELD_ENUM,    /* an int-sized member, by .names */
	FIELD_FLAGS,   /* a uint64_t: array of strings, the values of .names or-ed */
	FIELD_READ,    /* by .read */
};

/* A list that grows in an arena. */
struct field_list {
	struct strings strings;
	size_t room;
	const char **items;
};

/* What one reading carries along. */
struct field_reader {
	struct arena *arena;
	struct field_list warnings, unsupported;
};

struct field_name {
	const char *name; /* NULL ends a table */
	int value;
};

struct field;

/* How to read one kind of JSON object. @check runs after the members; it may be NULL. */
struct field_object {
	size_t size;
	const struct field *fields;
	int (*check)(struct field_reader *reader, const struct json *value, void *into, struct error *err);
};

struct field {
	const char *name; /* NULL ends a table */
	enum field_type type;
	size_t offset;
	bool required;
	bool non_empty;       /* strings, arrays: an empty one is an error */
	bool empty_is_absent; /* strings: "" counts as absent */
	bool absolute;        /* strings, and each of an array: must begin with "/" */
	bool unsupported;     /* not carried out yet: noted when present and not empty */
	const char *wrong;    /* words for a missing or empty value instead of the usual ones */
	const char *relative; /* words for a path that is not absolute */
	int64_t min;          /* signed numbers; both 0: the whole range of the type */
	uint64_t max;
	const struct field_object *of;
	const struct field_name *names;
	int (*read)(struct field_reader *reader, const struct json *value, void *place, struct error *err);
};

/* A row whose type follows from the member's. */
#define FIELD(object, member, key, ...)                                                                      \
	{                                                                                                    \
		.name = (key), .type = FIELD_TYPE(((object *)NULL)->member),                                 \
		.offset = offsetof(object, member), __VA_ARGS__                                              \
	}
#define FIELD_TYPE(lvalue)                                                                                   \
	_Generic((lvalue), bool : FIELD_BOOL, uint16_t : FIELD_U16, uint32_t : FIELD_U32,          \
		 uint64_t : FIELD_U64, int32_t : FIELD_I32, int64_t : FIELD_I64,                   \
		 struct opt_bool : FIELD_OPT_BOOL, struct opt_u16 : FIELD_OPT_U16,                 \
		 struct opt_u32 : FIELD_OPT_U32, struct opt_u64 : FIELD_OPT_U64,                   \
		 struct opt_i64 : FIELD_OPT_I64, const char * : FIELD_STRING,                      \
		 struct strings : FIELD_STRINGS, struct spec_kvs : FIELD_MAP)

/* A row whose type must be told; @member is where the value goes. */
#define FIELD_AS(object, member, key, kind, ...)                                                             \
	{                                                                                                    \
		.name = (key), .type = (kind), .offset = offsetof(object, member), __VA_ARGS__               \
	}
/* @count and @items are neighbours: a FIELD_ARRAY or FIELD_U32S that is not a struct of its own. */
#define FIELD_COUNTED(object, count, items, key, kind, ...)                                                  \
	{                                                                                                    \
		.name = (key), .type = (kind),                                                               \
		.offset =                                                                                    \
			offsetof(object, count) +                                                            \
			0 * sizeof(char[offsetof(object, items) == offsetof(object, count) + sizeof(size_t)  \
						? 1                                                          \
						: -1]),                                                      \
		__VA_ARGS__                                                                                  \
	}

/* Read the object @value into the zeroed struct @into. */
must_check int field_read_object(struct field_reader *reader, const struct json *value,
				 const struct field_object *object, void *into, struct error *err);

/* The readers that tables are made of, for .read functions. Each writes only on success. */
must_check int field_read_string(const struct json *value, const char **ret, struct error *err);
must_check int field_read_strings(struct field_reader *reader, const struct json *value, struct strings *ret,
				  struct error *err);
must_check int field_read_i64(const struct json *value, int64_t min, int64_t max, int64_t *ret,
			      struct error *err);
must_check int field_read_u64(const struct json *value, uint64_t max, uint64_t *ret, struct error *err);
must_check int field_read_enum(const struct json *value, const struct field_name *names, int *ret,
			       struct error *err);
must_check int field_expect(const struct json *value, enum json_type type, struct error *err);
/* The value of @name in @names into @ret; false where there is none. */
bool field_name_find(const struct field_name *names, const char *name, int *ret);

/* Zeroed memory of the document. NULL: @err is filled with ENOMEM. */
void *field_alloc(struct field_reader *reader, size_t count, size_t size, struct error *err);
/* Note that @value is valid but not carried out: "linux.namespaces[2]", ": @detail" unless NULL. */
must_check int field_note_unsupported(struct field_reader *reader, const struct json *value,
				      const char *detail, struct error *err);
/* Note a line for the log: the path of @value, then the formatted text. */
__attribute__((format(printf, 4, 5))) must_check int field_warn(struct field_reader *reader,
								const struct json *value, struct error *err,
								const char *format, ...);

#endif
