/*
 * Index, manifest and image configuration read by field tables; see image.h. Knows documents only, nothing of
 * a store: what is checked is what they say by themselves and of each other.
 */
#include "oci/spec/image.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/spec/field.h"

#include "base/banned.h"

/* --- media types and digests ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum image_kind kind;
} media_types[] = {
	{ IMAGE_TYPE_INDEX, IMAGE_INDEX },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", IMAGE_INDEX },
	{ IMAGE_TYPE_MANIFEST, IMAGE_MANIFEST },
	{ "application/vnd.docker.distribution.manifest.v2+json", IMAGE_MANIFEST },
	{ IMAGE_TYPE_CONFIG, IMAGE_CONFIG },
	{ "application/vnd.docker.container.image.v1+json", IMAGE_CONFIG },
	{ IMAGE_TYPE_LAYER, IMAGE_LAYER },
	{ IMAGE_TYPE_LAYER "+gzip", IMAGE_LAYER },
	{ IMAGE_TYPE_LAYER "+zstd", IMAGE_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", IMAGE_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", IMAGE_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", IMAGE_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar", IMAGE_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", IMAGE_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", IMAGE_LAYER },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", IMAGE_LAYER },
	{ "application/vnd.docker.distribution.manifest.v1+json", IMAGE_SCHEMA1 },
	{ "application/vnd.docker.distribution.manifest.v1+prettyjws", IMAGE_SCHEMA1 },
};

enum image_kind image_kind(const char *media_type)
{
	if (media_type == NULL)
		return IMAGE_UNKNOWN;
	for (size_t i = 0; i < ARRAY_LEN(media_types); i++)
		if (text_equal(media_types[i].name, media_type))
			return media_types[i].kind;
	if (text_starts(media_type, IMAGE_TYPE_LAYER) && text_ends(media_type, "+encrypted"))
		return IMAGE_LAYER_ENCRYPTED;
	return IMAGE_UNKNOWN;
}

static bool is_digest(const char *digest)
{
	static const struct {
		const char *prefix;
		size_t digits;
	} algorithms[] = { { "sha256:", 64 }, { "sha512:", 128 } };

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		const char *hex = digest + strlen(algorithms[i].prefix);

		if (text_starts(digest, algorithms[i].prefix) && strlen(hex) == algorithms[i].digits &&
		    strspn(hex, "0123456789abcdef") == algorithms[i].digits)
			return true;
	}
	return false;
}

int image_check_digest(const char *digest, const char *what, struct error *err)
{
	if (is_digest(digest))
		return 0;
	return error_set(err, 0, "%s: \"%.200s\" is no digest that hull knows (sha256, sha512)", what,
			 digest);
}

/* --- descriptors -------------------------------------------------------------------------------------- */

static const struct field platform_fields[] = {
	FIELD(struct image_platform, os, "os", .required = true),
	FIELD(struct image_platform, architecture, "architecture", .required = true),
	FIELD(struct image_platform, variant, "variant", .empty_is_absent = true),
	FIELD(struct image_platform, os_version, "os.version", .empty_is_absent = true),
	FIELD(struct image_platform, os_features, "os.features"),
	{ 0 },
};
static const struct field_object platform_object = { sizeof(struct image_platform), platform_fields, NULL };

static int read_digest(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	const char **ret = place;
	int result = field_read_string(value, ret, err);

	(void)reader;
	if (result == 0 && !is_digest(value->text))
		return json_error(value, err, "\"%.200s\" is no digest that hull knows (sha256, sha512)",
				  value->text);
	return result;
}

static const struct field descriptor_fields[] = {
	FIELD(struct image_descriptor, media_type, "mediaType", .empty_is_absent = true),
	FIELD_AS(struct image_descriptor, digest, "digest", FIELD_READ, .required = true,
		 .read = read_digest),
	FIELD_AS(struct image_descriptor, size, "size", FIELD_I64, .required = true, .max = INT64_MAX),
	FIELD(struct image_descriptor, urls, "urls"),
	FIELD(struct image_descriptor, annotations, "annotations"),
	FIELD(struct image_descriptor, artifact_type, "artifactType"),
	FIELD_AS(struct image_descriptor, platform, "platform", FIELD_POINTER, .of = &platform_object),
	{ 0 },
};
static const struct field_object descriptor_object = { sizeof(struct image_descriptor), descriptor_fields,
						       NULL };

/* --- index and manifest ------------------------------------------------------------------------------- */

static int check_index(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct image_index *index = into;

	(void)reader;
	if (json_get(value, "layers") != NULL || json_get(value, "config") != NULL)
		return json_error(value, err, "it could be read as a manifest too");
	if (index->manifests.count > IMAGE_MAX_MANIFESTS)
		return json_error(value, err, "%zu manifests, more than %d", index->manifests.count,
				  IMAGE_MAX_MANIFESTS);
	return 0;
}

static const struct field index_fields[] = {
	FIELD(struct image_index, media_type, "mediaType", .empty_is_absent = true),
	FIELD(struct image_index, artifact_type, "artifactType"),
	FIELD_AS(struct image_index, manifests, "manifests", FIELD_ARRAY, .required = true,
		 .of = &descriptor_object),
	FIELD(struct image_index, annotations, "annotations"),
	{ 0 },
};
static const struct field_object index_object = { sizeof(struct image_index), index_fields, check_index };

static int check_manifest(struct field_reader *reader, const struct json *value, void *into,
			  struct error *err)
{
	const struct image_manifest *manifest = into;

	(void)reader;
	if (json_get(value, "manifests") != NULL)
		return json_error(value, err, "it could be read as an index too");
	if (json_get(value, "fsLayers") != NULL)
		return json_error(value, err, "it could be read as a manifest of schema 1 too");
	if (manifest->layers.count > IMAGE_MAX_LAYERS)
		return json_error(value, err, "%zu layers, more than %d", manifest->layers.count,
				  IMAGE_MAX_LAYERS);
	return 0;
}

static const struct field manifest_fields[] = {
	FIELD(struct image_manifest, media_type, "mediaType", .empty_is_absent = true),
	FIELD(struct image_manifest, artifact_type, "artifactType"),
	FIELD_AS(struct image_manifest, config, "config", FIELD_OBJECT, .required = true,
		 .of = &descriptor_object),
	FIELD_AS(struct image_manifest, layers, "layers", FIELD_ARRAY, .required = true,
		 .of = &descriptor_object),
	FIELD_AS(struct image_manifest, subject, "subject", FIELD_POINTER, .of = &descriptor_object),
	FIELD(struct image_manifest, annotations, "annotations"),
	{ 0 },
};
static const struct field_object manifest_object = { sizeof(struct image_manifest), manifest_fields,
						     check_manifest };

/* --- configuration ------------------------------------------------------------------------------------ */

/* {"80/tcp": {}}: the names are what is meant. */
static int read_names(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	int result = field_expect(value, JSON_OBJECT, err);

	if (result < 0)
		return result;
	const char **items = field_alloc(reader, value->count, sizeof(*items), err);

	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next)
		items[item->index] = item->name;
	*(struct strings *)place = (struct strings){ value->count, items };
	return 0;
}

static const struct field healthcheck_fields[] = {
	FIELD(struct image_healthcheck, test, "Test"),
	FIELD(struct image_healthcheck, interval, "Interval"),
	FIELD(struct image_healthcheck, timeout, "Timeout"),
	FIELD(struct image_healthcheck, start_period, "StartPeriod"),
	FIELD(struct image_healthcheck, start_interval, "StartInterval"),
	FIELD(struct image_healthcheck, retries, "Retries"),
	{ 0 },
};
static const struct field_object healthcheck_object = { sizeof(struct image_healthcheck), healthcheck_fields,
							NULL };

static const struct field defaults_fields[] = {
	FIELD(struct image_defaults, user, "User", .empty_is_absent = true),
	FIELD(struct image_defaults, working_dir, "WorkingDir", .empty_is_absent = true),
	FIELD(struct image_defaults, stop_signal, "StopSignal", .empty_is_absent = true),
	FIELD(struct image_defaults, env, "Env"),
	FIELD(struct image_defaults, entrypoint, "Entrypoint"),
	FIELD(struct image_defaults, cmd, "Cmd"),
	FIELD(struct image_defaults, shell, "Shell"),
	FIELD(struct image_defaults, on_build, "OnBuild"),
	FIELD_AS(struct image_defaults, exposed_ports, "ExposedPorts", FIELD_READ, .read = read_names),
	FIELD_AS(struct image_defaults, volumes, "Volumes", FIELD_READ, .read = read_names),
	FIELD(struct image_defaults, labels, "Labels"),
	FIELD_AS(struct image_defaults, healthcheck, "Healthcheck", FIELD_POINTER, .of = &healthcheck_object),
	{ 0 },
};
static const struct field_object defaults_object = { sizeof(struct image_defaults), defaults_fields, NULL };

static const struct field history_fields[] = {
	FIELD(struct image_history, created, "created"),
	FIELD(struct image_history, created_by, "created_by"),
	FIELD(struct image_history, author, "author"),
	FIELD(struct image_history, comment, "comment"),
	FIELD(struct image_history, empty_layer, "empty_layer"),
	{ 0 },
};
static const struct field_object history_object = { sizeof(struct image_history), history_fields, NULL };

static int read_diff_ids(struct field_reader *reader, const struct json *value, void *place,
			 struct error *err)
{
	int result = field_read_strings(reader, value, place, err);
	const char *ignored;

	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next)
		result = read_digest(reader, item, &ignored, err);
	return result;
}

/* rootfs, whose type must be known to be read further. */
struct image_rootfs {
	const char *type;
	struct strings diff_ids;
};
static int check_rootfs(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct image_rootfs *rootfs = into;

	(void)reader;
	return text_equal(rootfs->type, "layers")
		       ? 0
		       : json_error(value, err, "the type \"%.100s\" is not \"layers\"", rootfs->type);
}
static const struct field rootfs_fields[] = {
	FIELD(struct image_rootfs, type, "type", .required = true),
	FIELD_AS(struct image_rootfs, diff_ids, "diff_ids", FIELD_READ, .read = read_diff_ids),
	{ 0 },
};
static const struct field_object rootfs_object = { sizeof(struct image_rootfs), rootfs_fields, check_rootfs };

struct config_document {
	struct image_config config;
	struct image_rootfs rootfs;
};

static const struct field config_fields[] = {
	FIELD(struct config_document, config.platform.os, "os", .required = true),
	FIELD(struct config_document, config.platform.architecture, "architecture", .required = true),
	FIELD(struct config_document, config.platform.variant, "variant", .empty_is_absent = true),
	FIELD(struct config_document, config.platform.os_version, "os.version", .empty_is_absent = true),
	FIELD(struct config_document, config.platform.os_features, "os.features"),
	FIELD(struct config_document, config.created, "created", .empty_is_absent = true),
	FIELD(struct config_document, config.author, "author", .empty_is_absent = true),
	FIELD(struct config_document, config.docker_version, "docker_version", .empty_is_absent = true),
	FIELD(struct config_document, config.comment, "comment", .empty_is_absent = true),
	FIELD_AS(struct config_document, config.defaults, "config", FIELD_OBJECT, .of = &defaults_object),
	FIELD_AS(struct config_document, rootfs, "rootfs", FIELD_OBJECT, .required = true,
		 .of = &rootfs_object),
	FIELD_COUNTED(struct config_document, config.history_count, config.history, "history", FIELD_ARRAY,
		      .of = &history_object),
	{ 0 },
};
static const struct field_object config_object = { sizeof(struct config_document), config_fields, NULL };

/* --- reading ------------------------------------------------------------------------------------------ */

static int read_document(struct arena *arena, const char *name, const char *bytes, size_t length,
			 const struct field_object *object, void *into, struct error *err)
{
	struct field_reader reader = { .arena = arena };
	const struct json *json;

	if (length > IMAGE_MAX_BYTES)
		return error_set(err, 0, "%s: more than %zu bytes", name, IMAGE_MAX_BYTES);
	int result = json_parse(arena, name, bytes, length, &json, err);

	if (result < 0)
		return result;
	result = field_expect(json, JSON_OBJECT, err);
	if (result == 0)
		result = field_read_object(&reader, json, object, into, err);
	return result < 0 ? error_add(err, "%s", name) : 0;
}

/* A descriptor and the document that it leads to must mean the same (CVE-2021-41190). */
static int check_type(const char *name, const char *own, const char *told, enum image_kind kind,
		      struct error *err)
{
	if (own != NULL && image_kind(own) != kind)
		return error_set(err, 0, "%s: mediaType: \"%.100s\" is not what the document is", name, own);
	if (own != NULL && told != NULL && !text_equal(own, told))
		return error_set(err, 0, "%s: mediaType: \"%.100s\", but the descriptor says \"%.100s\"",
				 name, own, told);
	return 0;
}

int image_parse_index(struct arena *arena, const char *name, const char *bytes, size_t length,
		      const char *media_type, struct image_index *ret, struct error *err)
{
	struct image_index index = { 0 };
	int result = read_document(arena, name, bytes, length, &index_object, &index, err);

	if (result == 0)
		result = check_type(name, index.media_type, media_type, IMAGE_INDEX, err);
	if (result == 0)
		*ret = index;
	return result;
}

int image_parse_manifest(struct arena *arena, const char *name, const char *bytes, size_t length,
			 const char *media_type, struct image_manifest *ret, struct error *err)
{
	struct image_manifest manifest = { 0 };
	int result = read_document(arena, name, bytes, length, &manifest_object, &manifest, err);

	if (result == 0)
		result = check_type(name, manifest.media_type, media_type, IMAGE_MANIFEST, err);
	if (result == 0)
		*ret = manifest;
	return result;
}

int image_parse_config(struct arena *arena, const char *name, const char *bytes, size_t length,
		       struct image_config *ret, struct error *err)
{
	struct config_document document = { 0 };
	int result = read_document(arena, name, bytes, length, &config_object, &document, err);

	if (result < 0)
		return result;
	document.config.diff_ids = document.rootfs.diff_ids;
	*ret = document.config;
	return 0;
}

enum image_kind image_sniff(const struct json *document)
{
	if (document->type != JSON_OBJECT)
		return IMAGE_UNKNOWN;
	bool index = json_get(document, "manifests") != NULL;
	bool manifest = json_get(document, "layers") != NULL && json_get(document, "config") != NULL;

	return index == manifest ? IMAGE_UNKNOWN : index ? IMAGE_INDEX : IMAGE_MANIFEST;
}

int image_check_pair(const struct image_manifest *manifest, const struct image_config *config,
		     struct error *err)
{
	if (manifest->layers.count != config->diff_ids.count)
		return error_set(err, 0, "the manifest has %zu layers, the configuration %zu diff_ids",
				 manifest->layers.count, config->diff_ids.count);
	return 0;
}

const char *image_annotation(const struct spec_kvs *annotations, const char *key)
{
	for (size_t i = 0; i < annotations->count; i++)
		if (text_equal(annotations->items[i].key, key))
			return annotations->items[i].value;
	return NULL;
}
