/*
 * The command line as people of docker and podman write it: --name VALUE, --name=VALUE, -n VALUE, -nVALUE,
 * clusters (-itd), --flag=false. Another grammar than that of `hull` itself, which is runc's, and so another
 * parser.
 */
#ifndef HULL_SHIM_CONTAINER_OPTIONS_H
#define HULL_SHIM_CONTAINER_OPTIONS_H

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

enum option_kind {
	OPTION_BOOL, /* struct opt_bool */
	OPTION_TEXT, /* const char *, NULL: not given */
	OPTION_LIST, /* struct option_list */
	OPTION_INT,  /* struct opt_i64 */
	OPTION_KIND_COUNT
};

struct option_row {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t offset;     /* of the member in the command's struct */
	const char *value; /* what help calls the value, NULL for OPTION_BOOL */
	const char *help;
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
#define OPTION_OFFSET_INT(type, member) OPTION_OFFSET(type, member, struct opt_i64)

enum options_order {
	OPTIONS_ANYWHERE, /* between and after the arguments too */
	OPTIONS_FIRST,    /* the first argument ends them */
};

/*
 * Read the @argc words @argv by the table @rows (NULL: none) into the zeroed struct @values. Arguments are
 * moved to the front of @argv and counted in @ret_count; "--" ends the options. Values borrow from @argv,
 * lists live in @arena. --help sets @ret_help.
 * Errors: -EINVAL with docker's words ("unknown flag: --x").
 */
must_check int options_parse(const struct option_row *rows, void *values, enum options_order order,
			     char **argv, size_t argc, struct arena *arena, size_t *ret_count, bool *ret_help,
			     struct error *err);

#endif
