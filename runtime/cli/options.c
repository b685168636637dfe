/*
 * The option parser; see options.h. It knows tables and words, not commands: what a value means is
 * decided by the command that owns the table.
 */
#include "runtime/cli/options.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

/* One option as it was written: -name or -name=value. */
struct written {
	const char *name;
	size_t length;
	const char *value; /* NULL: no "=" */
};

/* False where @word is an argument. */
static bool split_word(const char *word, struct written *ret)
{
	if (word[0] != '-' || word[1] == '\0')
		return false;
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t length = strcspn(name, "=");

	*ret = (struct written){ name, length, name[length] == '=' ? name + length + 1 : NULL };
	return true;
}

static const struct option_row *find_row(const struct option_scope *scopes, size_t scope_count,
					 const struct written *written, void **ret_values)
{
	for (size_t i = 0; i < scope_count; i++) {
		for (const struct option_row *row = scopes[i].rows; row != NULL && row->name != NULL; row++) {
			bool is_letter =
				written->length == 1 && row->letter != 0 && written->name[0] == row->letter;
			bool is_name = strlen(row->name) == written->length &&
				       strncmp(row->name, written->name, written->length) == 0;

			if (is_letter || is_name) {
				*ret_values = scopes[i].values;
				return row;
			}
		}
	}
	return NULL;
}

/* As strconv.ParseBool of Go, which the peers' boolean options go through. */
static bool parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (text_equal(text, yes[i]) || text_equal(text, no[i])) {
			*ret = text_equal(text, yes[i]);
			return true;
		}
	}
	return false;
}

static int store_bool(const struct option_row *row, const char *value, struct opt_bool *ret,
		      struct error *err)
{
	bool truth = true;

	if (value != NULL && !parse_bool(value, &truth))
		return error_set(err, 0, "invalid boolean value \"%s\" for -%s: parse error", value,
				 row->name);
	*ret = (struct opt_bool){ true, truth };
	return 0;
}

/* @most: how many words the command line has, so how long a list can become. */
static int store_item(struct option_list *list, const char *value, size_t most, struct arena *arena,
		      struct error *err)
{
	if (list->items == NULL)
		list->items = arena_alloc(arena, most * sizeof(*list->items));
	if (list->items == NULL)
		return error_set(err, ENOMEM, "read the command line");
	list->items[list->count++] = value;
	return 0;
}

static int store_number(const struct option_row *row, const char *value, void *member, struct error *err)
{
	struct opt_u64 *u64 = member;
	struct opt_i64 *i64 = member;
	int result;

	if (row->kind == OPTION_U64) {
		result = number_parse_u64(value, UINT64_MAX, &u64->value, err);
		u64->set = true;
	} else {
		result = row->kind == OPTION_I64
				 ? number_parse_i64(value, INT64_MIN, INT64_MAX, &i64->value, err)
				 : number_parse_bytes(value, &i64->value, err);
		i64->set = true;
	}
	if (result < 0)
		return error_add(err, "invalid value \"%s\" for flag -%s", value, row->name);
	return 0;
}

static int store_value(const struct option_row *row, const char *value, void *values, size_t most,
		       struct arena *arena, struct error *err)
{
	void *member = (char *)values + row->offset;

	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)member = value;
		return 0;
	case OPTION_LIST:
		return store_item(member, value, most, arena, err);
	case OPTION_U64:
	case OPTION_I64:
	case OPTION_SIZE:
		return store_number(row, value, member, err);
	case OPTION_BOOL:
	case OPTION_KIND_COUNT:
		break;
	}
	return store_bool(row, value, member, err);
}

int options_parse(const struct option_scope *scopes, size_t scope_count, enum options_order order,
		  char **argv, size_t argc, struct arena *arena, size_t *ret_count, struct error *err)
{
	size_t kept = 0;
	bool ended = false;

	for (size_t i = 0; i < argc; i++) {
		struct written written;
		void *values = NULL;

		if (ended || !split_word(argv[i], &written)) {
			ended = ended || order == OPTIONS_FIRST;
			argv[kept++] = argv[i];
			continue;
		}
		if (written.length == 0 && written.value == NULL) {
			ended = true;
			continue;
		}
		const struct option_row *row = find_row(scopes, scope_count, &written, &values);
		if (row == NULL)
			return error_set(err, 0, "flag provided but not defined: -%.*s", (int)written.length,
					 written.name);
		if (written.value == NULL && row->kind != OPTION_BOOL) {
			if (i + 1 == argc)
				return error_set(err, 0, "flag needs an argument: --%s", row->name);
			written.value = argv[++i];
		}
		int result = store_value(row, written.value, values, argc, arena, err);
		if (result < 0)
			return result;
	}
	*ret_count = kept;
	return 0;
}
