/*
 * The linux object: namespaces, id mappings, time offsets, devices, propagation, paths, personality,
 * and what these ask of each other. Resources and seccomp have their own files.
 * Source: runtime-spec config-linux.md.
 */
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "oci/spec/parts.h"

#include "base/banned.h"

#define NANOSECONDS_MAX 999999999

/* --- namespaces ----------------------------------------------------------------------------------- */

struct namespace_entry {
	const char *type, *path;
};

static const struct field namespace_fields[] = {
	FIELD(struct namespace_entry, type, "type", .required = true),
	FIELD(struct namespace_entry, path, "path", .empty_is_absent = true, .absolute = true),
	{ 0 },
};
static const struct field_object namespace_object = { sizeof(struct namespace_entry), namespace_fields,
						      NULL };

static int read_namespaces(struct field_reader *reader, const struct json *value, void *place,
			   struct error *err)
{
	struct spec_namespaces *namespaces = place;
	int result = field_expect(value, JSON_ARRAY, err);

	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next) {
		struct namespace_entry entry = { 0 };
		int kind = 0;

		result = field_read_object(reader, item, &namespace_object, &entry, err);
		if (result < 0)
			return result;
		while (kind < NS_COUNT && strcmp(spec_namespace_table[kind].name, entry.type) != 0)
			kind++;
		if (kind == NS_COUNT)
			return json_error(item, err, "namespace \"%s\" does not exist", entry.type);
		if (namespaces->listed[kind])
			return json_error(item, err, "malformed spec file: duplicated ns \"%s\"", entry.type);
		namespaces->listed[kind] = true;
		namespaces->path[kind] = entry.path;
		if (kind == NS_TIME)
			result = field_note_unsupported(reader, item, "time", err);
	}
	return result;
}

static int check_user_namespace(const struct json *value, const struct spec_linux *spec, struct error *err)
{
	bool listed = spec->namespaces.listed[NS_USER];
	bool mapped = spec->uid_mappings.count > 0 || spec->gid_mappings.count > 0;
	int result = mounts_check_id_mappings(json_get(value, "uidMappings"), &spec->uid_mappings, err);

	if (result == 0)
		result = mounts_check_id_mappings(json_get(value, "gidMappings"), &spec->gid_mappings, err);
	if (result < 0)
		return result;
	if (mapped && !listed)
		return json_error(value, err,
				  "user namespace mappings specified, but user namespace isn't enabled in "
				  "the config");
	if (listed && !mapped && spec->namespaces.path[NS_USER] == NULL)
		return json_error(value, err,
				  "user namespaces enabled, but no namespace path to join nor mappings to "
				  "apply specified");
	return 0;
}

/* --- time offsets --------------------------------------------------------------------------------- */

static const struct field time_offset_fields[] = {
	FIELD(struct spec_time_offset, secs, "secs"),
	FIELD(struct spec_time_offset, nanosecs, "nanosecs", .max = NANOSECONDS_MAX),
	{ 0 },
};
static const struct field_object time_offset_object = { sizeof(struct spec_time_offset), time_offset_fields,
							NULL };

static int read_time_offsets(struct field_reader *reader, const struct json *value, void *linux_spec,
			     struct error *err)
{
	struct spec_linux *spec = linux_spec;
	int result = field_expect(value, JSON_OBJECT, err);

	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next) {
		struct spec_time_offset *offset = strcmp(item->name, "monotonic") == 0 ? &spec->time_monotonic
						  : strcmp(item->name, "boottime") == 0 ? &spec->time_boottime
											: NULL;
		if (offset == NULL)
			return json_error(item, err, "is not a clock that can be offset");
		if (item->type == JSON_NULL)
			continue;
		result = field_read_object(reader, item, &time_offset_object, offset, err);
		offset->set = true;
	}
	if (result == 0 && value->count > 0)
		result = field_note_unsupported(reader, value, NULL, err);
	return result;
}

static int check_time_namespace(const struct json *value, const struct spec_linux *spec, struct error *err)
{
	const struct json *offsets = json_get(value, "timeOffsets");

	if (!spec->time_monotonic.set && !spec->time_boottime.set)
		return 0;
	if (!spec->namespaces.listed[NS_TIME])
		return json_error(offsets, err,
				  "time namespace offsets specified, but time namespace isn't enabled in "
				  "the config");
	if (spec->namespaces.path[NS_TIME] != NULL)
		return json_error(offsets, err,
				  "time namespace enabled, but both namespace path and time offsets "
				  "specified");
	return 0;
}

/* --- devices -------------------------------------------------------------------------------------- */

static int read_device_type(struct field_reader *reader, const struct json *value, void *place,
			    struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0)
		return result;
	if (strlen(value->text) != 1 || strchr("cbup", value->text[0]) == NULL)
		return json_error(value, err, "invalid device type \"%s\"", value->text);
	*(char *)place = value->text[0] == 'u' ? 'c' : value->text[0];
	return 0;
}

/* Docker sends the whole st_mode; the type is dropped, as runc does. */
static int read_file_mode(struct field_reader *reader, const struct json *value, void *place,
			  struct error *err)
{
	uint64_t mode;
	int result = field_read_u64(value, UINT32_MAX, &mode, err);

	(void)reader;
	if (result < 0)
		return result;
	mode &= ~(uint64_t)S_IFMT;
	if (mode > 07777)
		return json_error(value, err, "number %s: is not a file mode", value->text);
	*(struct opt_u32 *)place = (struct opt_u32){ true, (uint32_t)mode };
	return 0;
}

static int device_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct spec_device *device = into;
	int result = 0;

	(void)reader;
	if (device->type != 'p' && (json_get(value, "major") == NULL || json_get(value, "minor") == NULL))
		return json_error(value, err, "major and minor are required for a device of type %c",
				  device->type);
	if (device->uid.set)
		result = process_check_id(json_get(value, "uid"), device->uid.value, err);
	if (result == 0 && device->gid.set)
		result = process_check_id(json_get(value, "gid"), device->gid.value, err);
	return result;
}

static const struct field device_fields[] = {
	FIELD_AS(struct spec_device, type, "type", FIELD_READ, .read = read_device_type, .required = true),
	FIELD(struct spec_device, path, "path", .required = true, .non_empty = true, .absolute = true),
	FIELD(struct spec_device, major, "major"),
	FIELD(struct spec_device, minor, "minor"),
	FIELD_AS(struct spec_device, file_mode, "fileMode", FIELD_READ, .read = read_file_mode),
	FIELD(struct spec_device, uid, "uid"),
	FIELD(struct spec_device, gid, "gid"),
	{ 0 },
};
static const struct field_object device_object = { sizeof(struct spec_device), device_fields, device_check };

/* --- propagation, personality, cgroup path -------------------------------------------------------- */

static int read_propagation(struct field_reader *reader, const struct json *value, void *linux_spec,
			    struct error *err)
{
	static const struct field_name names[] = {
		{ "", PROPAGATION_UNSET },
		{ "shared", PROPAGATION_SHARED },
		{ "slave", PROPAGATION_SLAVE },
		{ "private", PROPAGATION_PRIVATE },
		{ "unbindable", PROPAGATION_UNBINDABLE },
		{ 0 },
	};
	struct spec_linux *spec = linux_spec;
	int result = field_expect(value, JSON_STRING, err), kind;

	(void)reader;
	if (result < 0)
		return result;
	/* The schema has the four words; engines send the recursive forms too. */
	bool recursive = value->text[0] == 'r';
	if (!field_name_find(names, value->text + recursive, &kind) ||
	    (recursive && kind == PROPAGATION_UNSET))
		return json_error(value, err, "rootfsPropagation=%s is not supported", value->text);
	spec->rootfs_propagation = (enum spec_propagation)kind;
	spec->rootfs_propagation_recursive = recursive;
	return 0;
}

struct personality_document {
	const char *domain;
	struct strings flags;
};

static const struct field personality_fields[] = {
	FIELD(struct personality_document, domain, "domain", .required = true),
	FIELD(struct personality_document, flags, "flags"),
	{ 0 },
};
static const struct field_object personality_object = { sizeof(struct personality_document),
							personality_fields, NULL };

static int read_personality(struct field_reader *reader, const struct json *value, void *linux_spec,
			    struct error *err)
{
	struct spec_linux *spec = linux_spec;
	struct personality_document personality = { 0 };
	int result = field_read_object(reader, value, &personality_object, &personality, err);

	if (result < 0)
		return result;
	if (strcmp(personality.domain, "LINUX") == 0)
		spec->personality = PER_LINUX;
	else if (strcmp(personality.domain, "LINUX32") == 0)
		spec->personality = PER_LINUX32;
	else
		return json_error(value, err, "invalid personality domain %s", personality.domain);
	if (personality.flags.count > 0)
		return json_error(value, err, "personality flag \"%s\" is not supported",
				  personality.flags.items[0]);
	spec->personality_set = true;
	return 0;
}

static int read_cgroups_path(struct field_reader *reader, const struct json *value, void *place,
			     struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0 || value->text[0] == '\0')
		return result;
	for (const char *part = value->text; part != NULL; part = strchr(part, '/')) {
		part += strspn(part, "/");
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return json_error(value, err, "\"%s\" must not contain \"..\"", value->text);
	}
	*(const char **)place = value->text;
	return 0;
}

/* --- the object ----------------------------------------------------------------------------------- */

static int linux_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec_linux *spec = into;
	int result = check_user_namespace(value, spec, err);

	if (result == 0)
		result = check_time_namespace(value, spec, err);
	if (result == 0 && (spec->masked_paths.count > 0 || spec->readonly_paths.count > 0) &&
	    !spec->namespaces.listed[NS_MOUNT])
		return json_error(value, err,
				  "unable to restrict sys entries without a private MNT namespace");
	if (result == 0 && spec->sysctl.count > 0)
		result = linux_check_sysctl(reader, json_get(value, "sysctl"), &spec->namespaces,
					    &spec->sysctl, err);
	if (result == 0 && spec->resources != NULL)
		result = resources_check_whole(json_get(value, "resources"), spec->resources, err);
	return result;
}

static const struct field linux_fields[] = {
	FIELD_AS(struct spec_linux, namespaces, "namespaces", FIELD_READ, .read = read_namespaces),
	FIELD_AS(struct spec_linux, uid_mappings, "uidMappings", FIELD_ARRAY, .of = &id_mapping_object),
	FIELD_AS(struct spec_linux, gid_mappings, "gidMappings", FIELD_ARRAY, .of = &id_mapping_object),
	FIELD_WHOLE("timeOffsets", read_time_offsets),
	FIELD_AS(struct spec_linux, devices, "devices", FIELD_ARRAY, .of = &device_object),
	FIELD_WHOLE("netDevices", linux_read_net_devices),
	FIELD_AS(struct spec_linux, cgroups_path, "cgroupsPath", FIELD_READ, .read = read_cgroups_path),
	FIELD_AS(struct spec_linux, resources, "resources", FIELD_POINTER, .of = &resources_object),
	FIELD_WHOLE("intelRdt", linux_read_intel_rdt),
	FIELD_WHOLE("memoryPolicy", linux_read_memory_policy),
	FIELD(struct spec_linux, sysctl, "sysctl"),
	FIELD_AS(struct spec_linux, seccomp, "seccomp", FIELD_READ, .read = seccomp_read),
	FIELD_WHOLE("rootfsPropagation", read_propagation),
	FIELD(struct spec_linux, masked_paths, "maskedPaths", .absolute = true),
	FIELD(struct spec_linux, readonly_paths, "readonlyPaths", .absolute = true),
	FIELD(struct spec_linux, mount_label, "mountLabel", .empty_is_absent = true, .unsupported = true),
	FIELD_WHOLE("personality", read_personality),
	{ 0 },
};
const struct field_object linux_object = { sizeof(struct spec_linux), linux_fields, linux_check };
