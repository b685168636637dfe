/*
 * Images of `docker save`, old and new: manifest.json names a configuration and layers, which are plain tars
 * nearly always. There is no manifest of the OCI kind in it; it is made here.
 */
#include "oci/image/import.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "oci/image/blob.h"
#include "oci/image/fail.h"
#include "oci/layer/codec.h"
#include "oci/spec/field.h"

#include "base/banned.h"

#define MANIFEST_MAX_BYTES ((size_t)4 << 20)
#define MAX_NAMES 100 /* each is a change of the table of images */

struct docker_image {
	const char *config;
	struct strings tags, layers;
};

static const struct field image_fields[] = {
	FIELD(struct docker_image, config, "Config", .required = true, .non_empty = true),
	FIELD(struct docker_image, tags, "RepoTags"),
	FIELD(struct docker_image, layers, "Layers"),
	{ 0 },
};
static const struct field_object image_object = { sizeof(struct docker_image), image_fields, NULL };

static int sniff(const struct blob_source *from, enum codec *ret, struct error *err)
{
	uint8_t first[CODEC_SNIFF_BYTES];
	ssize_t got = pread(from->fd, first, from->size < sizeof(first) ? (size_t)from->size : sizeof(first),
			    (off_t)from->offset);

	if (got < 0)
		return error_set(err, errno, "read a layer");
	*ret = codec_sniff(first, (size_t)got);
	return 0;
}

/* Layers that are not compressed have the digest that the configuration tells. */
static int copy_layer(struct import *import, const char *name, const char *diff_id, struct blob_new *ret,
		      enum codec *ret_codec, struct error *err)
{
	struct blob_source from;
	int result = source_find(&import->source, name, &from, err);

	if (result == 0)
		result = sniff(&from, ret_codec, err);
	if (result < 0)
		return result;
	if (*ret_codec == CODEC_NONE)
		return import_copy_layer(import, &from, diff_id, diff_id, ret, err);
	return blob_copy(&import->session, &from, NULL, true, ret, err);
}

static int copy_layers(struct import *import, const struct docker_image *docker,
		       const struct image_config *config, struct blob_new **layers, enum codec *codecs,
		       struct error *err)
{
	struct arena *arena = &import->front->arena;

	for (size_t i = 0; i < docker->layers.count; i++) {
		for (size_t j = 0; j < i && layers[i] == NULL; j++)
			if (text_equal(config->diff_ids.items[j], config->diff_ids.items[i])) {
				layers[i] = layers[j];
				codecs[i] = codecs[j];
			}
		if (layers[i] != NULL)
			continue;
		layers[i] = arena_alloc(arena, sizeof(*layers[i]));
		if (layers[i] == NULL)
			return error_set(err, ENOMEM, "import an image");
		int result = copy_layer(import, docker->layers.items[i], config->diff_ids.items[i], layers[i],
					&codecs[i], err);

		if (result < 0)
			return result;
	}
	return 0;
}

static int make_manifest(const struct text *config, struct blob_new *const *layers, const enum codec *codecs,
			 size_t count, struct text *ret, struct error *err)
{
	char digest[BLOB_DIGEST_BYTES];

	blob_digest(config->data, config->length, digest);
	text_format(ret,
		    "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\","
		    "\"config\":{\"mediaType\":\"" IMAGE_TYPE_CONFIG
		    "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		    digest, config->length);
	for (size_t i = 0; i < count; i++)
		text_format(ret, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}",
			    i == 0 ? "" : ",", codec_media_type(codecs[i]), layers[i]->digest,
			    (unsigned long long)layers[i]->size);
	text_append(ret, "]}");
	return text_done(ret, err);
}

/* Each name is a name of the same image: all of it but the entry is there after the first. */
static int publish(struct import *import, struct import_image *image, const struct docker_image *docker,
		   bool alone, struct error *err)
{
	if (docker->tags.count > MAX_NAMES)
		return error_set(err, 0, "an image with %zu names, more than %d", docker->tags.count,
				 MAX_NAMES);
	size_t names = import->tag != NULL || docker->tags.count == 0 ? 1 : docker->tags.count;
	int result = 0;

	for (size_t i = 0; result == 0 && i < names; i++) {
		result = import_name(import, docker->tags.count == 0 ? NULL : docker->tags.items[i], alone,
				     &image->name, err);
		if (result == 0)
			result = import_publish(import, image, err);
	}
	return result;
}

static int import_one(struct import *import, const struct docker_image *docker, bool alone, struct error *err)
{
	struct arena *arena = &import->front->arena;
	autotext struct text config_text = TEXT_EMPTY, manifest = TEXT_EMPTY;
	struct image_config config;
	size_t count = docker->layers.count;
	int result = source_read(&import->source, docker->config, IMAGE_MAX_BYTES, &config_text, err);

	if (result == 0)
		result = image_parse_config(arena, docker->config, config_text.data, config_text.length,
					    &config, err);
	if (result < 0)
		return result;
	if (config.diff_ids.count != count || count > IMAGE_MAX_LAYERS)
		return error_set(err, 0, "manifest.json has %zu layers, the configuration %zu diff_ids",
				 count, config.diff_ids.count);
	struct blob_new **layers = arena_alloc(arena, (count + 1) * sizeof(*layers));
	enum codec *codecs = arena_alloc(arena, (count + 1) * sizeof(*codecs));

	if (layers == NULL || codecs == NULL)
		return error_set(err, ENOMEM, "import an image");
	result = copy_layers(import, docker, &config, layers, codecs, err);
	if (result == 0)
		result = make_manifest(&config_text, layers, codecs, count, &manifest, err);
	if (result < 0)
		return result;
	struct import_image image = { .manifest = &manifest,
				      .config = &config_text,
				      .media_type = IMAGE_TYPE_MANIFEST,
				      .layers = layers };

	return publish(import, &image, docker, alone, err);
}

int import_docker(struct import *import, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct field_reader reader = { .arena = &import->front->arena };
	const struct json *json;
	int result = source_read(&import->source, "manifest.json", MANIFEST_MAX_BYTES, &text, err);

	if (result == 0)
		result = json_parse(&import->front->arena, "manifest.json", text.data, text.length, &json,
				    err);
	if (result == 0)
		result = field_expect(json, JSON_ARRAY, err);
	if (result < 0)
		return result;
	if (json->count == 0)
		return fail_missing(err, "\"%s\" has no image", import->source.name);
	for (const struct json *item = json->first; result == 0 && item != NULL; item = item->next) {
		struct docker_image docker = { 0 };

		result = field_expect(item, JSON_OBJECT, err);
		if (result == 0)
			result = field_read_object(&reader, item, &image_object, &docker, err);
		if (result < 0)
			return error_add(err, "manifest.json");
		result = import_one(import, &docker, json->count == 1, err);
	}
	return result;
}
