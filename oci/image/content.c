/* An image's documents; see content.h. */
#include "oci/image/content.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/image/blob.h"
#include "oci/image/fail.h"
#include "oci/image/layers.h"

#include "base/banned.h"

static int copy(struct arena *arena, const char *text, const char **ret, struct error *err)
{
	*ret = arena_copy(arena, text, strlen(text));
	return *ret == NULL ? error_set(err, ENOMEM, "read an image") : 0;
}

int content_parse_manifest(struct arena *arena, const char *digest, const struct text *text,
			   const char *media_type, struct image_manifest *ret, struct error *err)
{
	int result = image_parse_manifest(arena, digest, text->data, text->length, media_type, ret, err);

	if (result < 0)
		return error_add(err, "manifest");
	if (image_kind(ret->config.media_type) != IMAGE_CONFIG)
		return error_set(
			err, 0,
			"%s is no image of a container but an artifact (its configuration is of the type "
			"\"%.100s\")",
			digest, ret->config.media_type == NULL ? "" : ret->config.media_type);
	for (size_t i = 0; i < ret->layers.count; i++) {
		const struct image_descriptor *layer = &ret->layers.items[i];
		enum image_kind kind = image_kind(layer->media_type);

		if (kind == IMAGE_LAYER_ENCRYPTED)
			return error_set(err, 0, "layer %s is encrypted: hull has no keys", layer->digest);
		if (kind != IMAGE_LAYER)
			return error_set(err, 0, "layer %s is of the unknown type \"%.100s\"", layer->digest,
					 layer->media_type == NULL ? "" : layer->media_type);
	}
	return 0;
}

/* Follow indexes to the manifest for @wanted. */
static int find_manifest(const struct store *store, const struct ref *ref,
			 const struct image_platform *wanted, struct arena *arena, struct text *ret,
			 struct content *content, struct error *err)
{
	struct image_platform host = image_platform_host();
	enum image_kind kind = image_kind(ref->media_type);

	content->digest = ref->digest;
	content->media_type = ref->media_type;
	content->size = ref->size;
	for (unsigned depth = 0;; depth++) {
		struct image_index index;
		const struct json *json;

		text_release(ret);
		*ret = TEXT_EMPTY;
		int result = blob_read(store, content->digest, content->size, IMAGE_MAX_BYTES, ret, err);

		if (result < 0)
			return result;
		if (kind == IMAGE_UNKNOWN && content->media_type == NULL &&
		    json_parse(arena, content->digest, ret->data, ret->length, &json, err) == 0)
			kind = image_sniff(json);
		if (kind != IMAGE_INDEX)
			return 0;
		if (depth == CONTENT_MAX_NESTING)
			return error_set(err, 0, "%s: too many indexes within indexes", ref->digest);
		result = image_parse_index(arena, content->digest, ret->data, ret->length,
					   content->media_type, &index, err);
		if (result < 0)
			return result;
		const struct image_descriptor *next =
			image_platform_choose(&index, wanted == NULL ? &host : wanted);

		if (next == NULL)
			return fail_missing(err, "%s has no image for the platform", content->digest);
		content->digest = next->digest;
		content->media_type = next->media_type;
		content->size = next->size;
		kind = image_kind(next->media_type);
	}
}

int content_load(const struct store *store, const struct ref *ref, const struct image_platform *wanted,
		 struct arena *arena, struct content *ret, struct error *err)
{
	autotext struct text manifest = TEXT_EMPTY, config = TEXT_EMPTY;
	struct content content = { 0 };
	int result = find_manifest(store, ref, wanted, arena, &manifest, &content, err);

	if (result == 0)
		result = content_parse_manifest(arena, content.digest, &manifest, content.media_type,
						&content.manifest, err);
	if (result < 0)
		return result;
	content.id = content.manifest.config.digest;
	result = blob_read(store, content.id, content.manifest.config.size, IMAGE_MAX_BYTES, &config, err);
	if (result == 0)
		result = image_parse_config(arena, content.id, config.data, config.length, &content.config,
					    err);
	if (result == 0)
		result = image_check_pair(&content.manifest, &content.config, err);
	if (result == 0 && content.media_type == NULL)
		content.media_type = content.manifest.media_type == NULL ? IMAGE_TYPE_MANIFEST
									 : content.manifest.media_type;
	if (result == 0)
		result = copy(arena, config.data, &content.config_text, err);
	if (result == 0)
		*ret = content;
	return result;
}

int64_t content_unpacked(const struct store *store, const struct content *content)
{
	int64_t bytes = 0, blobs = 0;
	bool all = true;

	for (size_t i = 0; i < content->config.diff_ids.count; i++) {
		struct layers_meta meta;
		struct error ignored;

		blobs += content->manifest.layers.items[i].size;
		all = all && layers_load_meta(store, content->config.diff_ids.items[i], &meta, &ignored) == 0;
		bytes += all ? (int64_t)meta.bytes : 0;
	}
	return all ? bytes : blobs;
}

int content_chain_id(const struct strings *diff_ids, size_t index, char ret[DIGEST_TEXT_BYTES],
		     struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = 0;

	text_append(&text, diff_ids->items[0]);
	for (size_t i = 1; result == 0 && i <= index; i++) {
		char digest[DIGEST_TEXT_BYTES];

		text_format(&text, " %s", diff_ids->items[i]);
		result = text_done(&text, err);
		if (result == 0)
			blob_digest(text.data, text.length, digest);
		text_release(&text);
		text = TEXT_EMPTY;
		text_append(&text, digest);
	}
	if (result == 0)
		result = text_done(&text, err);
	if (result == 0)
		memcpy(ret, text.data, text.length + 1);
	return result;
}
