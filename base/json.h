/*
 * JSON read through yajl's streaming interface into a tree in an arena. yajl's own tree is not
 * used (its free recurses). Refused: depth over JSON_MAX_DEPTH, text over JSON_MAX_BYTES,
 * duplicate names in one object, anything after the document, invalid UTF-8,
 * NUL characters in strings. Numbers are kept as their text; base/number.h reads them, so 64-bit
 * integers are exact up to UINT64_MAX. The only file that knows yajl is json.c.
 */
#ifndef HULL_BASE_JSON_H
#define HULL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

#define JSON_MAX_DEPTH 128
#define JSON_MAX_BYTES ((size_t)16 << 20)

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT, JSON_TYPE_COUNT };

/* Lives as long as the arena. Children keep the order of the document. */
struct json {
	enum json_type type;
	unsigned line;            /* of its first character in the document, from 1 */
	bool truth;               /* JSON_BOOL */
	const char *name;         /* its name when the parent is an object, else NULL */
	const char *text;         /* JSON_STRING: the value; JSON_NUMBER: as written */
	const struct json *first; /* JSON_ARRAY, JSON_OBJECT: first child */
	const struct json *next;  /* next sibling */
	size_t count;             /* number of children */
	const struct json *parent;
	size_t index;      /* place among its siblings, from 0 */
	size_t begin, end; /* JSON_ARRAY, JSON_OBJECT: its bytes in the text, brackets included */
};

/*
 * Parse the whole of @bytes. @name (a file name) starts every message.
 * Errors: -EINVAL with name, line and what is wrong; -ENOMEM.
 */
must_check int json_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
			  const struct json **ret, struct error *err);
/* The member @name of @object, or NULL. An explicit null counts as absent. */
const struct json *json_get(const struct json *object, const char *name);
/* "object", "string", … for messages. */
const char *json_type_name(enum json_type type);
/* The names from the root to @value with @separator between: "linux.namespaces[2]"; cut where @room ends. */
void json_path(const struct json *value, const char *separator, char *room, size_t size);
/*
 * Fill @err with "process: user: uid: <what>" (line N): the path of @value from the root, then the
 * formatted text. Array places appear as "mounts[3]". Returns -EINVAL.
 */
int json_error(const struct json *value, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
