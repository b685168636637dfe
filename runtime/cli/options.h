/*
 * Option tables and the parser that reads them. The same rows make the help text and the manual
 * page's synopsis.
 *
 * Every name may be written with one dash or two. A value follows as "--name value" or
 * "--name=value"; a boolean takes a value only with "=". A list option is repeated, its values are
 * not split. Short options are not clustered. "--" ends the options, a lone "-" is no option.
 * Source: runc's command line (urfave/cli).
 */
#ifndef HULL_RUNTIME_CLI_OPTIONS_H
#define HULL_RUNTIME_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec/spec.h"

/* The values of an option that may be repeated, in order. */
struct option_list {
	size_t count;
	const char **items;
};

/* What an option's value is, and the type of the member that holds it. */
enum option_kind {
	OPTION_BOOL, /* struct opt_bool */
	OPTION_TEXT, /* const char *, NULL: not given */
	OPTION_LIST, /* struct option_list */
	OPTION_U64,  /* struct opt_u64 */
	OPTION_I64,  /* struct opt_i64 */
	OPTION_SIZE, /* struct opt_i64: bytes with an optional suffix, or -1 */
	OPTION_KIND_COUNT
};

struct option_row {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* the short name, 0: none */
	enum option_kind kind;
	size_t offset;     /* of the member in the command's struct */
	const char *value; /* what help calls the value, NULL for OPTION_BOOL */
	const char *help;  /* NULL: accepted for compatibility, not shown */
};

/* A row whose member must have the type that its kind demands; the compiler checks it. */
#define OPTION(type, member, kind, name, letter, value, help)                                                \
	{                                                                                                    \
		name, letter, OPTION_##kind, OPTION_OFFSET_##kind(type, member), value, help                 \
	}
#define OPTION_OFFSET(type, member, member_type)                                                             \
	(offsetof(type, member) + 0 * sizeof(char[OPTION_SAME_TYPE(type, member, member_type) ? 1 : -1]))
#define OPTION_SAME_TYPE(type, member, member_type)                                                          \
	__builtin_types_compatible_p(__typeof__(((type *)0)->member), member_type)
#define OPTION_OFFSET_BOOL(type, member) OPTION_OFFSET(type, member, struct opt_bool)
#define OPTION_OFFSET_TEXT(type, member) OPTION_OFFSET(type, member, const char *)
#define OPTION_OFFSET_LIST(type, member) OPTION_OFFSET(type, member, struct option_list)
#define OPTION_OFFSET_U64(type, member) OPTION_OFFSET(type, member, struct opt_u64)
#define OPTION_OFFSET_I64(type, member) OPTION_OFFSET(type, member, struct opt_i64)
#define OPTION_OFFSET_SIZE(type, member) OPTION_OFFSET(type, member, struct opt_i64)

/* A table and the zeroed struct that its rows fill. */
struct option_scope {
	const struct option_row *rows; /* NULL: no options */
	void *values;
};

enum options_order {
	OPTIONS_ANYWHERE, /* between and after the arguments too */
	OPTIONS_FIRST,    /* the first argument ends them */
};

/*
 * Read the @argc words @argv by the tables @scopes; the first that knows a name gets it, the last
 * value of a name wins. What is no option is moved to the front of @argv, in order, and counted in
 * @ret_count. Values borrow from @argv; lists live in @arena.
 * Errors: -EINVAL "flag provided but not defined: -x", "flag needs an argument: --x", or a value
 * that cannot be read.
 */
must_check int options_parse(const struct option_scope *scopes, size_t scope_count, enum options_order order,
			     char **argv, size_t argc, struct arena *arena, size_t *ret_count,
			     struct error *err);

#endif
