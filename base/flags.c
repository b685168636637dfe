/*
 * The option parser of docker's kind; see flags.h. It knows tables and words, not commands.
 */
#include "base/flags.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

struct parser {
	const struct flag_row *rows;
	void *values;
	char **argv;
	size_t argc, next; /* next: the word to be read */
	struct arena *arena;
	bool help;
};

static const struct flag_row *find_name(const struct parser *parser, const char *name, size_t length)
{
	for (const struct flag_row *row = parser->rows; row != NULL && row->name != NULL; row++)
		if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
			return row;
	return NULL;
}

static const struct flag_row *find_letter(const struct parser *parser, char letter)
{
	for (const struct flag_row *row = parser->rows; row != NULL && row->name != NULL; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static int fail_value(const struct flag_row *row, const char *value, const char *why, struct error *err)
{
	if (row->letter != 0)
		return error_set(err, 0, "invalid argument \"%s\" for \"-%c, --%s\" flag: %s", value,
				 row->letter, row->name, why);
	return error_set(err, 0, "invalid argument \"%s\" for \"--%s\" flag: %s", value, row->name, why);
}

static int store_bool(const struct flag_row *row, const char *value, struct opt_bool *ret, struct error *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (value == NULL || text_equal(value, yes[i]) || text_equal(value, no[i])) {
			*ret = (struct opt_bool){ true, value == NULL || text_equal(value, yes[i]) };
			return 0;
		}
	}
	return fail_value(row, value, "neither true nor false", err);
}

static int store_value(const struct parser *parser, const struct flag_row *row, const char *value,
		       struct error *err)
{
	void *member = (char *)parser->values + row->offset;
	struct flag_list *list = member;
	struct opt_i64 *number = member;
	struct error ignored;

	switch (row->kind) {
	case FLAG_TEXT:
		*(const char **)member = value;
		return 0;
	case FLAG_LIST:
		if (list->items == NULL)
			list->items = arena_alloc(parser->arena, parser->argc * sizeof(*list->items));
		if (list->items == NULL)
			return error_set(err, ENOMEM, "read the command line");
		list->items[list->count++] = value;
		return 0;
	case FLAG_INT:
		number->set = true;
		if (number_parse_i64(value, INT64_MIN, INT64_MAX, &number->value, &ignored) < 0)
			return fail_value(row, value, "not a number", err);
		return 0;
	case FLAG_BOOL:
	case FLAG_KIND_COUNT:
		break;
	}
	return store_bool(row, value, member, err);
}

/* "name" or "name=value", after the two dashes. */
static int parse_long(struct parser *parser, const char *word, struct error *err)
{
	size_t length = strcspn(word, "=");
	const char *value = word[length] == '=' ? word + length + 1 : NULL;
	const struct flag_row *row = find_name(parser, word, length);

	if (row == NULL && length == 4 && strncmp(word, "help", 4) == 0) {
		parser->help = true;
		return 0;
	}
	if (row == NULL)
		return error_set(err, 0, "unknown flag: --%.*s", (int)length, word);
	if (value == NULL && row->kind != FLAG_BOOL) {
		if (parser->next == parser->argc)
			return error_set(err, 0, "flag needs an argument: --%s", row->name);
		value = parser->argv[parser->next++];
	}
	return store_value(parser, row, value, err);
}

/* One or more letters after one dash; the first that takes a value takes the rest of the word. */
static int parse_letters(struct parser *parser, const char *word, struct error *err)
{
	for (const char *letter = word; *letter != '\0'; letter++) {
		const struct flag_row *row = find_letter(parser, *letter);
		const char *value = letter[1] == '=' ? letter + 2 : letter + 1;

		if (row == NULL && *letter == 'h') {
			parser->help = true;
			continue;
		}
		if (row == NULL)
			return error_set(err, 0, "unknown shorthand flag: '%c' in -%s", *letter, word);
		if (row->kind == FLAG_BOOL && letter[1] != '=') {
			int result = store_value(parser, row, NULL, err);

			if (result < 0)
				return result;
			continue;
		}
		if (*value == '\0' && letter[1] == '\0') {
			if (parser->next == parser->argc)
				return error_set(err, 0, "flag needs an argument: '%c' in -%s", *letter,
						 word);
			value = parser->argv[parser->next++];
		}
		return store_value(parser, row, value, err);
	}
	return 0;
}

int flags_parse(const struct flag_row *rows, void *values, enum flags_order order, char **argv, size_t argc,
		struct arena *arena, size_t *ret_count, bool *ret_help, struct error *err)
{
	struct parser parser = { rows, values, argv, argc, 0, arena, false };
	size_t kept = 0;
	bool ended = false;

	while (parser.next < argc) {
		char *word = argv[parser.next++];
		int result = 0;

		if (ended || word[0] != '-' || word[1] == '\0') {
			ended = ended || order == FLAGS_FIRST;
			argv[kept++] = word;
			continue;
		}
		if (word[1] == '-' && word[2] == '\0')
			ended = true;
		else if (word[1] == '-')
			result = parse_long(&parser, word + 2, err);
		else
			result = parse_letters(&parser, word + 1, err);
		if (result < 0)
			return result;
	}
	*ret_count = kept;
	*ret_help = parser.help;
	return 0;
}

/* "  -n, --name NAME" */
static void append_option(const struct flag_row *row, struct text *ret)
{
	if (row->letter != 0)
		text_format(ret, "  -%c, ", row->letter);
	else
		text_append(ret, "      ");
	text_format(ret, "--%s%s%s", row->name, row->value == NULL ? "" : " ",
		    row->value == NULL ? "" : row->value);
}

void flags_help(const char *heading, const struct flag_row *rows, struct text *ret)
{
	static const size_t column = 28;

	if (rows == NULL)
		return;
	text_format(ret, "\n%s:\n", heading);
	for (const struct flag_row *row = rows; row->name != NULL; row++) {
		size_t start = ret->length;

		append_option(row, ret);
		size_t width = ret->length - start;
		text_format(ret, "%*s%s\n", width + 2 <= column ? (int)(column - width) : 2, "", row->help);
	}
}

/* --- back to words --------------------------------------------------------------------------------- */

/* How many words @row's value makes, and the words themselves where @to is not NULL. */
static size_t row_words(const struct flag_row *row, const void *values, struct arena *arena, const char **to)
{
	const void *place = (const char *)values + row->offset;
	const struct opt_bool *truth = place;
	const struct opt_i64 *number = place;
	const struct flag_list *list = place;
	const char *const *text = place;

	switch (row->kind) {
	case FLAG_BOOL:
		if (truth->set && to != NULL)
			to[0] = arena_format(arena, "--%s=%s", row->name, truth->value ? "true" : "false");
		return truth->set;
	case FLAG_TEXT:
		if (*text != NULL && to != NULL)
			to[0] = arena_format(arena, "--%s=%s", row->name, *text);
		return *text != NULL;
	case FLAG_INT:
		if (number->set && to != NULL)
			to[0] = arena_format(arena, "--%s=%" PRId64, row->name, number->value);
		return number->set;
	case FLAG_LIST:
		for (size_t i = 0; to != NULL && i < list->count; i++)
			to[i] = arena_format(arena, "--%s=%s", row->name, list->items[i]);
		return list->count;
	case FLAG_KIND_COUNT:
		break;
	}
	return 0;
}

int flags_words(const struct flag_row *rows, const void *values, struct arena *arena, struct strings *ret,
		struct error *err)
{
	size_t count = 0, filled = 0;

	for (const struct flag_row *row = rows; row->name != NULL; row++)
		count += row_words(row, values, arena, NULL);
	const char **words = arena_alloc(arena, (count + 1) * sizeof(*words));
	if (words == NULL)
		return error_set(err, ENOMEM, "pass options on");
	for (const struct flag_row *row = rows; row->name != NULL; row++)
		filled += row_words(row, values, arena, words + filled);
	for (size_t i = 0; i < count; i++)
		if (words[i] == NULL)
			return error_set(err, ENOMEM, "pass options on");
	*ret = (struct strings){ count, words };
	return 0;
}
