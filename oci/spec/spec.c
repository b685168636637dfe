/*
 * The whole of config.json: top level, root, hooks, annotations, the version, and the requirements
 * between areas. The other files of oci/spec hold the tables of one area each.
 * Source: runtime-spec config.md.
 */
#include "oci/spec/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "oci/spec/parts.h"

#include "base/banned.h"

#define CONFIG_NAME "config.json"
/* A document of JSON_MAX_BYTES fits with its tree, but not one made only of tiny values. */
#define SPEC_MAX_MEMORY ((size_t)256 << 20)
/* The minor version that SPEC_VERSION names. */
#define SPEC_MINOR 3
/* __NEW_UTS_LEN of the kernel. */
#define UTS_NAME_MAX 64

static const struct field root_fields[] = {
	FIELD(struct spec_root, path, "path", .required = true, .non_empty = true),
	FIELD(struct spec_root, readonly, "readonly"),
	{ 0 },
};
static const struct field_object root_object = { sizeof(struct spec_root), root_fields, NULL };

static int hook_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec_hook *hook = into;

	(void)reader;
	hook->env_set = json_get(value, "env") != NULL;
	if (hook->timeout.set && hook->timeout.value == 0)
		return json_error(json_get(value, "timeout"), err, "must be greater than 0");
	return 0;
}

static const struct field hook_fields[] = {
	FIELD(struct spec_hook, path, "path", .required = true, .non_empty = true, .absolute = true),
	FIELD(struct spec_hook, args, "args"),
	FIELD(struct spec_hook, env, "env"),
	FIELD(struct spec_hook, timeout, "timeout", .max = INT32_MAX),
	{ 0 },
};
static const struct field_object hook_object = { sizeof(struct spec_hook), hook_fields, hook_check };

#define HOOK_ROW(kind, key) FIELD_AS(struct spec_hooks, kinds[kind], key, FIELD_ARRAY, .of = &hook_object)
static const struct field hooks_fields[] = {
	HOOK_ROW(HOOK_PRESTART, "prestart"),
	HOOK_ROW(HOOK_CREATE_RUNTIME, "createRuntime"),
	HOOK_ROW(HOOK_CREATE_CONTAINER, "createContainer"),
	HOOK_ROW(HOOK_START_CONTAINER, "startContainer"),
	HOOK_ROW(HOOK_POSTSTART, "poststart"),
	HOOK_ROW(HOOK_POSTSTOP, "poststop"),
	{ 0 },
};
_Static_assert(ARRAY_LEN(hooks_fields) == HOOK_KIND_COUNT + 1, "every hook needs a row");
const struct field_object hooks_object = { sizeof(struct spec_hooks), hooks_fields, NULL };

/* --- ociVersion --------------------------------------------------------------------------------- */

#define DIGITS "0123456789"
#define IDENTIFIER DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

/* A number without leading zeros; the rest of the text, or NULL. */
static const char *version_number(const char *s)
{
	size_t n = strspn(s, DIGITS);

	return n == 0 || (n > 1 && s[0] == '0') ? NULL : s + n;
}

/* Dot-separated identifiers. @numbers_strict: those of digits only have no leading zeros. */
static const char *version_identifiers(const char *s, bool numbers_strict)
{
	for (;;) {
		size_t n = strspn(s, IDENTIFIER);

		if (n == 0 || (numbers_strict && n > 1 && s[0] == '0' && strspn(s, DIGITS) == n))
			return NULL;
		s += n;
		if (*s != '.')
			return s;
		s++;
	}
}

/* Semantic Versioning 2.0.0. */
static bool version_is_semver(const char *s)
{
	for (int part = 0; part < 3; part++) {
		if (part > 0 && *s++ != '.')
			return false;
		s = version_number(s);
		if (s == NULL)
			return false;
	}
	if (*s == '-')
		s = version_identifiers(s + 1, true);
	if (s != NULL && *s == '+')
		s = version_identifiers(s + 1, false);
	return s != NULL && *s == '\0';
}

/* every 1.x; what a later minor version added may go unnoticed. */
static int read_version(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	const char *version = value->text;
	int result = field_expect(value, JSON_STRING, err);

	if (result < 0)
		return result;
	if (!version_is_semver(version))
		return json_error(value, err, "\"%s\" is not a version in SemVer 2.0.0 form", version);
	if (!text_starts(version, "1."))
		return json_error(value, err, "version %s is not supported: hull implements 1.0 to %s",
				  version, SPEC_VERSION);
	*(const char **)place = version;
	size_t digits = strspn(version + 2, DIGITS);
	if (digits > 1 || version[2] - '0' > SPEC_MINOR)
		return field_warn(reader, value, err, "version %s is newer than the implemented %s", version,
				  SPEC_VERSION);
	return 0;
}

/* --- requirements between areas ------------------------------------------------------------------ */

static int check_annotations(const struct json *value, struct error *err)
{
	for (const struct json *item = value == NULL ? NULL : value->first; item != NULL; item = item->next)
		if (item->name[0] == '\0')
			return json_error(value, err, "a key must not be empty");
	return 0;
}

static int check_host_name(const struct json *value, const struct spec *spec, struct error *err)
{
	if (value == NULL || value->text[0] == '\0')
		return 0;
	if (!spec->linux->namespaces.listed[NS_UTS])
		return json_error(value, err,
				  "unable to set hostname/domainname without a private UTS namespace");
	if (strlen(value->text) > UTS_NAME_MAX)
		return json_error(value, err, "must not be longer than %d bytes", UTS_NAME_MAX);
	return 0;
}

/* a mount that must be mapped needs a mapping of its own or the container's. */
static int check_idmapped_mounts(const struct json *value, const struct spec *spec, struct error *err)
{
	const struct json *item = value == NULL ? NULL : value->first;

	for (size_t i = 0; item != NULL && i < spec->mounts.count; i++, item = item->next) {
		const struct spec_mount *mount = &spec->mounts.items[i];

		if (mount->uid_mappings.count > 0 || spec->linux->namespaces.listed[NS_USER])
			continue;
		for (size_t k = 0; k < mount->options.count; k++)
			if (text_equal(mount->options.items[k], "idmap") ||
			    text_equal(mount->options.items[k], "ridmap"))
				return json_error(item, err,
						  "%s needs uidMappings and gidMappings or a user namespace",
						  mount->options.items[k]);
	}
	return 0;
}

static int spec_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec *spec = into;

	if (spec->linux == NULL) {
		spec->linux = field_alloc(reader, 1, sizeof(*spec->linux), err);
		if (spec->linux == NULL)
			return -ENOMEM;
	}
	int result = check_annotations(json_get(value, "annotations"), err);
	if (result == 0)
		result = check_host_name(json_get(value, "hostname"), spec, err);
	if (result == 0)
		result = check_host_name(json_get(value, "domainname"), spec, err);
	if (result == 0)
		result = check_idmapped_mounts(json_get(value, "mounts"), spec, err);
	return result;
}

/* The objects of other platforms have no row and are skipped whole. */
static const struct field spec_fields[] = {
	FIELD_AS(struct spec, oci_version, "ociVersion", FIELD_READ, .read = read_version, .required = true),
	FIELD_AS(struct spec, root, "root", FIELD_POINTER, .of = &root_object, .required = true,
		 .wrong = "root must be specified"),
	FIELD_AS(struct spec, mounts, "mounts", FIELD_ARRAY, .of = &mount_object),
	FIELD_AS(struct spec, process, "process", FIELD_POINTER, .of = &process_object),
	FIELD(struct spec, hostname, "hostname", .empty_is_absent = true),
	FIELD(struct spec, domainname, "domainname", .empty_is_absent = true),
	FIELD_AS(struct spec, hooks, "hooks", FIELD_OBJECT, .of = &hooks_object),
	FIELD(struct spec, annotations, "annotations"),
	FIELD_AS(struct spec, linux, "linux", FIELD_POINTER, .of = &linux_object),
	{ 0 },
};
static const struct field_object spec_object = { sizeof(struct spec), spec_fields, spec_check };

/* --- documents ------------------------------------------------------------------------------------ */

/*
 * Parse @bytes and read it by @object into memory of @arena. The notes of the reading are left in
 * @reader. On an error the arena's content is the caller's to release.
 */
static int read_document(const char *name, const char *bytes, size_t length, struct arena *arena,
			 const struct field_object *object, struct field_reader *reader, void **ret_into,
			 const struct json **ret_json, struct error *err)
{
	const struct json *json = NULL;
	int result = json_parse(arena, name, bytes, length, &json, err);

	if (result < 0)
		return result;
	*reader = (struct field_reader){ .arena = arena };
	void *into = field_alloc(reader, 1, object->size, err);
	if (into == NULL)
		return error_add(err, "%s", name);
	if (field_read_object(reader, json, object, into, err) < 0)
		return error_add(err, "%s", name);
	*ret_into = into;
	*ret_json = json;
	return 0;
}

int spec_parse(const char *name, const char *bytes, size_t length, struct spec **ret, struct error *err)
{
	struct field_reader reader;
	const struct json *json = NULL;
	void *into = NULL;
	struct arena *arena = malloc(sizeof(*arena));

	if (arena == NULL)
		return error_set(err, ENOMEM, "%s", name);
	arena_init(arena, SPEC_MAX_MEMORY);
	int result = read_document(name, bytes, length, arena, &spec_object, &reader, &into, &json, err);
	if (result < 0) {
		arena_release(arena);
		free(arena);
		return result;
	}
	struct spec *spec = into;
	spec->arena = arena;
	spec->json = json;
	spec->warnings = reader.warnings.strings;
	spec->unsupported = reader.unsupported.strings;
	*ret = spec;
	return 0;
}

static int read_config(int bundle_fd, struct text *ret, struct error *err)
{
	struct stat status;
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	autoclose int fd = openat(bundle_fd, CONFIG_NAME, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ENOENT, "JSON specification file %s not found", CONFIG_NAME);
	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", CONFIG_NAME);
	if (fstat(fd, &status) < 0)
		return error_set(err, errno, "stat \"%s\"", CONFIG_NAME);
	if (!S_ISREG(status.st_mode))
		return error_set(err, 0, "%s is not a regular file", CONFIG_NAME);
	if ((uint64_t)status.st_size > JSON_MAX_BYTES)
		return error_set(err, EFBIG, "%s: %lld bytes, at most %zu are read", CONFIG_NAME,
				 (long long)status.st_size, JSON_MAX_BYTES);
	return fd_read_all(fd, JSON_MAX_BYTES, CONFIG_NAME, ret, err);
}

int spec_load(int bundle_fd, struct spec **ret, char **ret_bytes, size_t *ret_length, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = read_config(bundle_fd, &text, err);

	if (result == 0)
		result = spec_parse(CONFIG_NAME, text.data, text.length, ret, err);
	if (result == 0 && ret_bytes != NULL) {
		*ret_length = text.length;
		*ret_bytes = take_ptr(&text.data);
	}
	return result;
}

void spec_free(struct spec *spec)
{
	if (spec == NULL)
		return;
	struct arena *arena = spec->arena; /* the spec is in it */
	arena_release(arena);
	free(arena);
}

int spec_parse_process(const char *name, const char *bytes, size_t length, struct arena *arena,
		       const struct spec_process **ret, struct error *err)
{
	struct field_reader reader;
	const struct json *json = NULL;
	void *into = NULL;
	int result = read_document(name, bytes, length, arena, &process_object, &reader, &into, &json, err);

	if (result < 0)
		return result;
	if (reader.unsupported.strings.count > 0)
		return error_set(err, 0, "%s: process.%s is not supported yet", name,
				 reader.unsupported.items[0]);
	*ret = into;
	return 0;
}

int spec_parse_resources(const char *name, const char *bytes, size_t length, struct arena *arena,
			 const struct spec_resources **ret, struct error *err)
{
	struct field_reader reader;
	const struct json *json = NULL;
	void *into = NULL;
	int result = read_document(name, bytes, length, arena, &resources_object, &reader, &into, &json, err);

	if (result == 0)
		*ret = into;
	return result;
}
