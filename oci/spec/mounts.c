/*
 * mounts[] and the id mappings that mounts and user namespaces share. What the options mean is
 * decided by those who mount; here only what idmapped mounts ask of the document.
 * Source: runtime-spec config.md "Mounts", config-linux.md "User namespace mappings".
 */
#include <string.h>

#include "oci/spec/parts.h"

#include "base/banned.h"

/* Lines that /proc/PID/uid_map takes since Linux 4.15. */
#define MAX_ID_MAPPINGS 340

static int id_mapping_check(struct field_reader *reader, const struct json *value, void *into,
			    struct error *err)
{
	const struct spec_id_mapping *mapping = into;

	(void)reader;
	if (mapping->size == 0)
		return json_error(value, err, "size: must not be 0");
	if (mapping->container_id > UINT32_MAX - mapping->size ||
	    mapping->host_id > UINT32_MAX - mapping->size)
		return json_error(value, err, "the mapping goes beyond id 4294967294");
	return 0;
}

static const struct field id_mapping_fields[] = {
	FIELD(struct spec_id_mapping, container_id, "containerID", .required = true),
	FIELD(struct spec_id_mapping, host_id, "hostID", .required = true),
	FIELD(struct spec_id_mapping, size, "size", .required = true),
	{ 0 },
};
const struct field_object id_mapping_object = { sizeof(struct spec_id_mapping), id_mapping_fields,
						id_mapping_check };

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

int mounts_check_id_mappings(const struct json *value, const struct spec_id_mappings *mappings,
			     struct error *err)
{
	const struct json *item = value == NULL ? NULL : value->first;

	if (mappings->count > MAX_ID_MAPPINGS)
		return json_error(value, err, "%zu mappings: the kernel takes at most %d", mappings->count,
				  MAX_ID_MAPPINGS);
	for (size_t i = 0; item != NULL && i < mappings->count; i++, item = item->next) {
		const struct spec_id_mapping *a = &mappings->items[i];

		for (size_t k = 0; k < i; k++) {
			const struct spec_id_mapping *b = &mappings->items[k];

			if (overlap(a->container_id, a->size, b->container_id, b->size) ||
			    overlap(a->host_id, a->size, b->host_id, b->size))
				return json_error(item, err, "overlaps with mapping %zu", k);
		}
	}
	return 0;
}

static int mount_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct spec_mount *mount = into;
	const struct json *uid_maps = json_get(value, "uidMappings"),
			  *gid_maps = json_get(value, "gidMappings");
	int result = 0;

	if (mount->destination[0] != '/')
		result = field_warn(reader, value, err,
				    "mount destination \"%s\" is not absolute, it is taken from /",
				    mount->destination);
	/* Two empty arrays say the same as none. */
	if (result == 0 && (mount->uid_mappings.count > 0) != (mount->gid_mappings.count > 0))
		return json_error(value, err,
				  "id-mapped mounts must have both uid and gid mappings specified");
	if (result == 0)
		result = mounts_check_id_mappings(uid_maps, &mount->uid_mappings, err);
	if (result == 0)
		result = mounts_check_id_mappings(gid_maps, &mount->gid_mappings, err);
	return result;
}

static const struct field mount_fields[] = {
	FIELD(struct spec_mount, destination, "destination", .required = true, .non_empty = true),
	FIELD(struct spec_mount, source, "source", .empty_is_absent = true),
	FIELD(struct spec_mount, type, "type", .empty_is_absent = true),
	FIELD(struct spec_mount, options, "options"),
	FIELD_AS(struct spec_mount, uid_mappings, "uidMappings", FIELD_ARRAY, .of = &id_mapping_object),
	FIELD_AS(struct spec_mount, gid_mappings, "gidMappings", FIELD_ARRAY, .of = &id_mapping_object),
	{ 0 },
};
const struct field_object mount_object = { sizeof(struct spec_mount), mount_fields, mount_check };
