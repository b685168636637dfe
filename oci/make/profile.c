/*
 * The conditions in docker's and podman's seccomp profiles; see profile.h. A rule that is kept without its
 * condition would allow what nobody meant to allow, so whatever is not understood is an error.
 */
#include "oci/make/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/tree.h"
#include "oci/spec/spec.h"

#include "base/banned.h"

/* This architecture as Go calls it, and as libseccomp does. */
#if defined(__x86_64__)
#define GO_ARCH "amd64"
#define SECCOMP_ARCH "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define GO_ARCH "arm64"
#define SECCOMP_ARCH "SCMP_ARCH_AARCH64"
#elif defined(__riscv)
#define GO_ARCH "riscv64"
#define SECCOMP_ARCH "SCMP_ARCH_RISCV64"
#elif defined(__s390x__)
#define GO_ARCH "s390x"
#define SECCOMP_ARCH "SCMP_ARCH_S390X"
#elif defined(__powerpc64__)
#define GO_ARCH "ppc64le"
#define SECCOMP_ARCH "SCMP_ARCH_PPC64LE"
#elif defined(__loongarch__)
#define GO_ARCH "loong64"
#define SECCOMP_ARCH "SCMP_ARCH_LOONGARCH64"
#endif

static int expect(const struct json *value, enum json_type type, struct error *err)
{
	return value->type == type ? 0
				   : json_error(value, err, "is %s, not %s", json_type_name(value->type),
						json_type_name(type));
}

static bool is_text(const struct json *value, const char *text)
{
	return value != NULL && value->type == JSON_STRING && text_equal(value->text, text);
}

/* --- conditions -------------------------------------------------------------------------------------- */

/* "4.8": whether the kernel that runs is that one or later. */
static int check_kernel(const struct json *value, bool *ret, struct error *err)
{
	unsigned major, minor, own_major, own_minor;
	struct utsname name;
	int end = 0;

	if (expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	/* %u of more than nine digits would overflow */
	if (strlen(value->text) > 9 || sscanf(value->text, "%u.%u%n", &major, &minor, &end) != 2 ||
	    value->text[end] != '\0')
		return json_error(value, err, "\"%s\" is no version of a kernel", value->text);
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &own_major, &own_minor) != 2)
		return error_set(err, errno, "uname");
	*ret = own_major > major || (own_major == major && own_minor >= minor);
	return 0;
}

/* How many of the words of @list hold. */
static int count_true(const struct json *list, uint64_t capabilities, size_t *ret, struct error *err)
{
	bool arches = text_equal(list->name, "arches");

	*ret = 0;
	if (expect(list, JSON_ARRAY, err) < 0)
		return -EINVAL;
	for (const struct json *word = list->first; word != NULL; word = word->next) {
		if (expect(word, JSON_STRING, err) < 0)
			return -EINVAL;
		int number = arches ? -1 : spec_capability_number(word->text);
		*ret += arches ? text_equal(word->text, GO_ARCH)
			       : number >= 0 && (capabilities >> number & 1) != 0;
	}
	return 0;
}

/*
 * Whether @when ("includes" or "excludes", NULL: neither) lets a rule be: what includes names must hold, each
 * capability and one of the architectures; of what excludes names nothing may hold.
 */
static int check_condition(const struct json *when, bool including, uint64_t capabilities, bool *keep,
			   struct error *err)
{
	if (when == NULL)
		return 0;
	if (expect(when, JSON_OBJECT, err) < 0)
		return -EINVAL;
	for (const struct json *each = when->first; each != NULL; each = each->next) {
		size_t true_count = 0, wanted = 0;
		bool newer = false;
		int result;

		if (each->type == JSON_NULL)
			continue;
		if (text_equal(each->name, "minKernel")) {
			result = check_kernel(each, &newer, err);
			true_count = newer;
			wanted = 1;
		} else if (text_equal(each->name, "caps") || text_equal(each->name, "arches")) {
			result = count_true(each, capabilities, &true_count, err);
			wanted = text_equal(each->name, "caps") ? each->count : each->count > 0;
		} else {
			result = json_error(each, err, "is a condition that is not known");
		}
		if (result < 0)
			return result;
		*keep = *keep && (including ? true_count >= wanted : true_count == 0);
	}
	return 0;
}

/* --- rules ------------------------------------------------------------------------------------------- */

/* @rule without what only docker's has. NULL: no memory. */
static const struct json *strip(struct arena *arena, const struct json *rule)
{
	const struct json *to = tree_object(arena), *name = json_get(rule, "name");

	for (const struct json *each = rule->first; each != NULL && to != NULL; each = each->next)
		if (!text_equal(each->name, "includes") && !text_equal(each->name, "excludes") &&
		    !text_equal(each->name, "name") && !text_equal(each->name, "comment"))
			to = tree_with(arena, to, each->name, each);
	return name == NULL || to == NULL ? to
					  : tree_with(arena, to, "names", tree_append(arena, NULL, name));
}

static int add_rule(const struct json *rule, uint64_t capabilities, struct arena *arena, struct text *ret,
		    struct error *err)
{
	bool keep = true;

	if (expect(rule, JSON_OBJECT, err) < 0)
		return -EINVAL;
	if (json_get(rule, "name") != NULL && json_get(rule, "names") != NULL)
		return json_error(rule, err, "has both name and names");
	int result = check_condition(json_get(rule, "includes"), true, capabilities, &keep, err);
	if (result == 0)
		result = check_condition(json_get(rule, "excludes"), false, capabilities, &keep, err);
	if (result < 0 || !keep)
		return result;
	const struct json *stripped = strip(arena, rule);
	if (stripped == NULL)
		return error_set(err, ENOMEM, "read a seccomp profile");
	text_append(ret, ret->length > 1 ? "," : "");
	tree_write(stripped, NULL, ret);
	return 0;
}

static int make_rules(const struct json *rules, uint64_t capabilities, struct arena *arena,
		      const struct json **ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = expect(rules, JSON_ARRAY, err);

	text_append(&text, "[");
	for (const struct json *rule = rules->first; rule != NULL && result == 0; rule = rule->next)
		result = add_rule(rule, capabilities, arena, &text, err);
	text_append(&text, "]");
	if (result == 0)
		result = text_done(&text, err);
	return result < 0 ? result : json_parse(arena, "syscalls", text.data, text.length, ret, err);
}

/* Of docker's archMap the entry of this architecture: itself, and those of 32 bits that it runs. */
static int make_architectures(const struct json *map, struct arena *arena, const struct json **ret,
			      struct error *err)
{
	const struct json *list = tree_append(arena, NULL, tree_string(arena, SECCOMP_ARCH));

	if (expect(map, JSON_ARRAY, err) < 0)
		return -EINVAL;
	for (const struct json *entry = map->first; entry != NULL; entry = entry->next) {
		if (expect(entry, JSON_OBJECT, err) < 0)
			return -EINVAL;
		const struct json *more = json_get(entry, "subArchitectures");
		if (!is_text(json_get(entry, "architecture"), SECCOMP_ARCH) || more == NULL)
			continue;
		if (expect(more, JSON_ARRAY, err) < 0)
			return -EINVAL;
		for (const struct json *each = more->first; each != NULL && list != NULL; each = each->next)
			list = tree_append(arena, list, each);
	}
	*ret = list;
	return list == NULL ? error_set(err, ENOMEM, "read a seccomp profile") : 0;
}

int profile_make(const struct json *profile, uint64_t capabilities, struct arena *arena,
		 const struct json **ret, struct error *err)
{
	const struct json *to = tree_object(arena);
	int result = expect(profile, JSON_OBJECT, err);

	if (result == 0 && json_get(profile, "archMap") != NULL &&
	    json_get(profile, "architectures") != NULL && json_get(profile, "architectures")->count > 0)
		result = json_error(profile, err, "has both architectures and archMap");
	for (const struct json *each = profile->first; each != NULL && result == 0 && to != NULL;
	     each = each->next) {
		const struct json *value = each;
		const char *name = each->name;

		if (each->type == JSON_NULL)
			continue;
		if (text_equal(name, "archMap")) {
			result = make_architectures(each, arena, &value, err);
			name = "architectures";
		} else if (text_equal(name, "syscalls")) {
			result = make_rules(each, capabilities, arena, &value, err);
		}
		if (result == 0)
			to = tree_with(arena, to, name, value);
	}
	if (result == 0 && to == NULL)
		result = error_set(err, ENOMEM, "read a seccomp profile");
	*ret = to;
	return result;
}
