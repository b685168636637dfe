/* Instructions of a Dockerfile applied to a configuration; see changes.h. */
#include "oci/image/changes.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/tree.h"

#include "base/banned.h"

struct change {
	struct arena *arena;
	const struct json *config;
	const char *instruction, *rest;
};

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "change an image's configuration");
}

static int put(struct change *change, const char *member, const struct json *value, struct error *err)
{
	change->config = tree_with(change->arena, change->config, member, value);
	return change->config == NULL ? no_memory(err) : 0;
}

static const struct json *member(const struct change *change, const char *name)
{
	return change->config == NULL ? NULL : json_get(change->config, name);
}

/* The JSON form: ["a","b"]. NULL: it is not one. */
static const struct json *words_form(struct change *change)
{
	const struct json *json;
	struct error ignored;

	if (change->rest[0] != '[' ||
	    json_parse(change->arena, change->instruction, change->rest, strlen(change->rest), &json,
		       &ignored) < 0 ||
	    json->type != JSON_ARRAY)
		return NULL;
	for (const struct json *item = json->first; item != NULL; item = item->next)
		if (item->type != JSON_STRING)
			return NULL;
	return json;
}

/* CMD and ENTRYPOINT: words, or a line for the shell. */
static int change_command(struct change *change, const char *name, struct error *err)
{
	const char *const shell[] = { "/bin/sh", "-c", change->rest };
	const struct json *words = words_form(change);

	if (words == NULL)
		words = tree_strings(change->arena, shell, ARRAY_LEN(shell));
	return put(change, name, words, err);
}

static int change_text(struct change *change, const char *name, struct error *err)
{
	return put(change, name, tree_string(change->arena, change->rest), err);
}

/*
 * The next word of @rest: quotes group, a backslash takes away what the next character means. NULL at the
 * end, or where memory ran out.
 */
static const char *next_word(struct change *change, const char **rest)
{
	autotext struct text word = TEXT_EMPTY;
	const char *s = *rest;
	char quote = '\0';
	struct error ignored;

	while (isspace((unsigned char)*s))
		s++;
	if (*s == '\0')
		return NULL;
	for (; *s != '\0' && (quote != '\0' || !isspace((unsigned char)*s)); s++) {
		if (quote == '\0' && (*s == '"' || *s == '\''))
			quote = *s;
		else if (*s == quote)
			quote = '\0';
		else if (*s == '\\' && s[1] != '\0' && quote != '\'')
			text_append_bytes(&word, ++s, 1);
		else
			text_append_bytes(&word, s, 1);
	}
	*rest = s;
	text_append(&word, "");
	return text_done(&word, &ignored) < 0 ? NULL : arena_copy(change->arena, word.data, word.length);
}

/* KEY=VALUE …, or the old KEY VALUE. Calls @take for each. */
static int each_pair(struct change *change,
		     int (*take)(struct change *change, const char *key, const char *value,
				 struct error *err),
		     struct error *err)
{
	const char *rest = change->rest;
	size_t first = strcspn(rest, "= \t");
	int result = 0;

	if (rest[first] != '=') {
		const char *value = rest + first + strspn(rest + first, " \t");
		const char *key = arena_copy(change->arena, rest, first);

		if (*value == '\0')
			return error_set(err, 0, "%s must have two arguments", change->instruction);
		return key == NULL ? no_memory(err) : take(change, key, value, err);
	}
	for (const char *word = next_word(change, &rest); result == 0 && word != NULL;
	     word = next_word(change, &rest)) {
		const char *equals = strchr(word, '=');

		if (equals == NULL || equals == word)
			return error_set(err, 0, "%s: \"%.200s\" is not KEY=VALUE", change->instruction,
					 word);
		const char *key = arena_copy(change->arena, word, (size_t)(equals - word));

		result = key == NULL ? no_memory(err) : take(change, key, equals + 1, err);
	}
	return result;
}

static int take_env(struct change *change, const char *key, const char *value, struct error *err)
{
	const char *line = arena_format(change->arena, "%s=%s", key, value);
	const struct json *old = member(change, "Env"), *env = NULL;
	size_t length = strlen(key) + 1;
	bool replaced = false;

	if (line == NULL)
		return no_memory(err);
	for (const struct json *item = old == NULL ? NULL : old->first; item != NULL; item = item->next) {
		bool same = strncmp(item->text, line, length) == 0;

		env = tree_append(change->arena, env, tree_string(change->arena, same ? line : item->text));
		if (env == NULL)
			return no_memory(err);
		replaced = replaced || same;
	}
	if (!replaced)
		env = tree_append(change->arena, env, tree_string(change->arena, line));
	return put(change, "Env", env, err);
}

static int take_label(struct change *change, const char *key, const char *value, struct error *err)
{
	return put(change, "Labels",
		   tree_with(change->arena, member(change, "Labels"), key, tree_string(change->arena, value)),
		   err);
}

/* EXPOSE and VOLUME: names of a map whose values are empty. */
static int add_name(struct change *change, const char *name, const char *key, struct error *err)
{
	return put(change, name,
		   tree_with(change->arena, member(change, name), key, tree_object(change->arena)), err);
}

static int change_names(struct change *change, const char *name, bool ports, struct error *err)
{
	const struct json *words = ports ? NULL : words_form(change);
	const char *rest = change->rest;
	int result = 0;

	for (const struct json *item = words == NULL ? NULL : words->first; result == 0 && item != NULL;
	     item = item->next)
		result = add_name(change, name, item->text, err);
	if (words != NULL)
		return result;
	for (const char *word = next_word(change, &rest); result == 0 && word != NULL;
	     word = next_word(change, &rest)) {
		const char *key = ports && strchr(word, '/') == NULL
					  ? arena_format(change->arena, "%s/tcp", word)
					  : word;

		if (ports && strspn(word, "0123456789-") == 0)
			return error_set(err, 0, "EXPOSE: \"%.100s\" is no port", word);
		result = key == NULL ? no_memory(err) : add_name(change, name, key, err);
	}
	return result;
}

static int change_onbuild(struct change *change, struct error *err)
{
	return put(change, "OnBuild",
		   tree_append(change->arena, member(change, "OnBuild"),
			       tree_string(change->arena, change->rest)),
		   err);
}

static int change_healthcheck(struct change *change, struct error *err)
{
	static const char *const none[] = { "NONE" };

	if (strcasecmp(change->rest, "NONE") != 0)
		return error_set(err, 0, "HEALTHCHECK: only NONE can be said here");
	return put(change, "Healthcheck",
		   tree_with(change->arena, NULL, "Test", tree_strings(change->arena, none, 1)), err);
}

static int apply(struct change *change, struct error *err)
{
	const char *name = change->instruction;

	if (strcasecmp(name, "CMD") == 0)
		return change_command(change, "Cmd", err);
	if (strcasecmp(name, "ENTRYPOINT") == 0)
		return change_command(change, "Entrypoint", err);
	if (strcasecmp(name, "ENV") == 0)
		return each_pair(change, take_env, err);
	if (strcasecmp(name, "LABEL") == 0)
		return each_pair(change, take_label, err);
	if (strcasecmp(name, "EXPOSE") == 0)
		return change_names(change, "ExposedPorts", true, err);
	if (strcasecmp(name, "VOLUME") == 0)
		return change_names(change, "Volumes", false, err);
	if (strcasecmp(name, "WORKDIR") == 0)
		return change->rest[0] == '/'
			       ? change_text(change, "WorkingDir", err)
			       : error_set(err, 0, "WORKDIR: \"%.200s\" is not absolute", change->rest);
	if (strcasecmp(name, "USER") == 0)
		return change_text(change, "User", err);
	if (strcasecmp(name, "STOPSIGNAL") == 0)
		return change_text(change, "StopSignal", err);
	if (strcasecmp(name, "ONBUILD") == 0)
		return change_onbuild(change, err);
	if (strcasecmp(name, "HEALTHCHECK") == 0)
		return change_healthcheck(change, err);
	return error_set(err, 0, "%s is not a valid change command", name);
}

int changes_apply(const struct flag_list *changes, struct arena *arena, const struct json *config,
		  const struct json **ret, struct error *err)
{
	struct change change = { .arena = arena, .config = config };

	for (size_t i = 0; changes != NULL && i < changes->count; i++) {
		const char *line = changes->items[i] + strspn(changes->items[i], " \t");
		size_t length = strcspn(line, " \t");

		change.instruction = arena_copy(arena, line, length);
		change.rest = line + length + strspn(line + length, " \t");
		if (change.instruction == NULL)
			return no_memory(err);
		int result = change.rest[0] == '\0'
				     ? error_set(err, 0, "%s requires an argument", change.instruction)
				     : apply(&change, err);

		if (result < 0)
			return error_add(err, "--change \"%.100s\"", changes->items[i]);
	}
	*ret = change.config == NULL ? tree_object(arena) : change.config;
	return *ret == NULL ? no_memory(err) : 0;
}
