/*
 * The command line as people of docker and podman write it: --name VALUE, --name=VALUE, -n VALUE, -nVALUE,
 * clusters (-itd), --flag=false. Another grammar than that of `hull` itself, which is runc's, and so another
 * parser.
 */
#ifndef HULL_BASE_FLAGS_H
#define HULL_BASE_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/values.h"

/* The values of an option that may be repeated, in order. */
struct flag_list {
	size_t count;
	const char **items;
};

enum flag_kind {
	FLAG_BOOL, /* struct opt_bool */
	FLAG_TEXT, /* const char *, NULL: not given */
	FLAG_LIST, /* struct flag_list */
	FLAG_INT,  /* struct opt_i64 */
	FLAG_KIND_COUNT
};

struct flag_row {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* 0: none */
	enum flag_kind kind;
	size_t offset;     /* of the member in the command's struct */
	const char *value; /* what help calls the value, NULL for FLAG_BOOL */
	const char *help;
};

/* A row whose member must have the type that its kind demands; the compiler checks it. */
#define FLAG(type, member, kind, name, letter, value, help)                                                  \
	{                                                                                                    \
		name, letter, FLAG_##kind, FLAG_OFFSET_##kind(type, member), value, help                     \
	}
#define FLAG_OFFSET(type, member, member_type)                                                               \
	(offsetof(type, member) + 0 * sizeof(char[FLAG_SAME_TYPE(type, member, member_type) ? 1 : -1]))
#define FLAG_SAME_TYPE(type, member, member_type)                                                            \
	__builtin_types_compatible_p(__typeof__(((type *)0)->member), member_type)
#define FLAG_OFFSET_BOOL(type, member) FLAG_OFFSET(type, member, struct opt_bool)
#define FLAG_OFFSET_TEXT(type, member) FLAG_OFFSET(type, member, const char *)
#define FLAG_OFFSET_LIST(type, member) FLAG_OFFSET(type, member, struct flag_list)
#define FLAG_OFFSET_INT(type, member) FLAG_OFFSET(type, member, struct opt_i64)

enum flags_order {
	FLAGS_ANYWHERE, /* between and after the arguments too */
	FLAGS_FIRST,    /* the first argument ends them */
};

/*
 * Read the @argc words @argv by the table @rows (NULL: none) into the zeroed struct @values. Arguments are
 * moved to the front of @argv and counted in @ret_count; "--" ends the options. Values borrow from @argv,
 * lists live in @arena. --help sets @ret_help.
 * Errors: -EINVAL with docker's words ("unknown flag: --x").
 */
must_check int flags_parse(const struct flag_row *rows, void *values, enum flags_order order, char **argv,
			   size_t argc, struct arena *arena, size_t *ret_count, bool *ret_help,
			   struct error *err);

/* What was given, as words "--name=value" that mean the same, for another program. Errors: -ENOMEM. */
must_check int flags_words(const struct flag_row *rows, const void *values, struct arena *arena,
			   struct strings *ret, struct error *err);
/* Append @heading and what each row of @rows (NULL: nothing) means, for help. */
struct text;
void flags_help(const char *heading, const struct flag_row *rows, struct text *ret);

#endif
