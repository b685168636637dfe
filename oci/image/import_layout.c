/* Images of an OCI layout, in a directory or an archive; see import.h. */
#include "oci/image/import.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/image/blob.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"

#include "base/banned.h"

/* The way from an entry of index.json to a manifest. */
struct found {
	const struct image_descriptor *descriptor;
	struct text manifest, index;
	bool has_index;
};

static void found_release(struct found *found)
{
	text_release(&found->manifest);
	text_release(&found->index);
}
#define autofound __attribute__((cleanup(found_release)))

static int read_document(struct import *import, const struct image_descriptor *descriptor, struct text *ret,
			 struct error *err)
{
	struct blob_source from;
	int result = source_find_blob(&import->source, descriptor->digest, &from, err);

	return result < 0 ? result
			  : blob_read_source(&from, descriptor->digest, descriptor->size, IMAGE_MAX_BYTES,
					     ret, err);
}

static enum image_kind kind_of(struct arena *arena, const struct image_descriptor *descriptor,
			       const struct text *text)
{
	const struct json *json;
	struct error ignored;

	if (descriptor->media_type != NULL)
		return image_kind(descriptor->media_type);
	return json_parse(arena, descriptor->digest, text->data, text->length, &json, &ignored) < 0
		       ? IMAGE_UNKNOWN
		       : image_sniff(json);
}

static int no_platform(const struct image_index *index, const struct image_platform *wanted,
		       struct error *err)
{
	autotext struct text have = TEXT_EMPTY, want = TEXT_EMPTY;

	image_platform_format(wanted, &want);
	for (size_t i = 0; i < index->manifests.count; i++)
		if (index->manifests.items[i].platform != NULL) {
			text_append(&have, have.length == 0 ? "" : ", ");
			image_platform_format(index->manifests.items[i].platform, &have);
		}
	return fail_missing(err, "there is no image for %s (only %.300s)", want.data,
			    have.length == 0 ? "others" : have.data);
}

static const struct image_descriptor *choose(struct import *import, const struct image_index *index,
					     struct error *err)
{
	struct image_platform host = image_platform_host();
	const struct image_platform *wanted = import->platform == NULL ? &host : import->platform;
	const struct image_descriptor *best = image_platform_choose(index, wanted);

	if (best == NULL)
		(void)no_platform(index, wanted, err);
	return best;
}

static int find_manifest(struct import *import, struct found *found, struct error *err)
{
	struct arena *arena = &import->front->arena;

	for (unsigned depth = 0;; depth++) {
		const struct image_descriptor *descriptor = found->descriptor;
		autotext struct text text = TEXT_EMPTY;
		struct image_index index;
		int result = read_document(import, descriptor, &text, err);

		if (result < 0)
			return result;
		enum image_kind kind = kind_of(arena, descriptor, &text);

		if (kind == IMAGE_SCHEMA1)
			return error_set(err, 0, "%s is a manifest of schema 1, which is not supported",
					 descriptor->digest);
		if (kind != IMAGE_INDEX && kind != IMAGE_MANIFEST)
			return error_set(err, 0, "%s is no image but of the type \"%.100s\"",
					 descriptor->digest,
					 descriptor->media_type == NULL ? "" : descriptor->media_type);
		if (kind == IMAGE_MANIFEST) {
			found->manifest = text;
			text = TEXT_EMPTY;
			return 0;
		}
		if (depth == CONTENT_MAX_NESTING)
			return error_set(err, 0, "%s: too many indexes within indexes", descriptor->digest);
		result = image_parse_index(arena, descriptor->digest, text.data, text.length,
					   descriptor->media_type, &index, err);
		if (result < 0)
			return result;
		if (!found->has_index) {
			found->index = text;
			found->has_index = true;
			text = TEXT_EMPTY;
		}
		found->descriptor = choose(import, &index, err);
		if (found->descriptor == NULL)
			return -ENOENT;
	}
}

static int copy_layers(struct import *import, const struct image_manifest *manifest,
		       const struct image_config *config, struct blob_new **ret, struct error *err)
{
	for (size_t i = 0; i < manifest->layers.count; i++) {
		const struct image_descriptor *layer = &manifest->layers.items[i];
		struct blob_source from;

		/* the same content twice is copied once */
		for (size_t j = 0; j < i && ret[i] == NULL; j++)
			if (text_equal(manifest->layers.items[j].digest, layer->digest))
				ret[i] = ret[j];
		if (ret[i] != NULL)
			continue;
		ret[i] = arena_alloc(&import->front->arena, sizeof(*ret[i]));
		if (ret[i] == NULL)
			return error_set(err, ENOMEM, "import an image");
		int result = source_find_blob(&import->source, layer->digest, &from, err);

		if (result == -ENOENT && layer->urls.count > 0)
			return fail_missing(err, "layer %s is elsewhere (%.100s), which hull does not follow",
					    layer->digest, layer->urls.items[0]);
		if (result < 0)
			return result;
		if (from.size != (uint64_t)layer->size)
			return fail_integrity(err, "layer %s: %llu bytes, not %lld", layer->digest,
					      (unsigned long long)from.size, (long long)layer->size);
		result = import_copy_layer(import, &from, layer->digest, config->diff_ids.items[i], ret[i],
					   err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int import_one(struct import *import, const struct image_descriptor *descriptor, const char *name,
		      struct error *err)
{
	struct arena *arena = &import->front->arena;
	struct found found autofound = { .descriptor = descriptor };
	autotext struct text config_text = TEXT_EMPTY;
	struct image_manifest manifest;
	struct image_config config;
	int result = find_manifest(import, &found, err);

	if (result == 0)
		result = content_parse_manifest(arena, found.descriptor->digest, &found.manifest,
						found.descriptor->media_type, &manifest, err);
	if (result == 0)
		result = read_document(import, &manifest.config, &config_text, err);
	if (result == 0)
		result = image_parse_config(arena, manifest.config.digest, config_text.data,
					    config_text.length, &config, err);
	if (result == 0)
		result = image_check_pair(&manifest, &config, err);
	if (result < 0)
		return result;
	struct import_image image = {
		.name = name,
		.manifest = &found.manifest,
		.config = &config_text,
		.index = found.has_index ? &found.index : NULL,
		.media_type = manifest.media_type == NULL ? IMAGE_TYPE_MANIFEST : manifest.media_type,
		.layers = arena_alloc(arena, (manifest.layers.count + 1) * sizeof(*image.layers)),
	};
	if (image.layers == NULL)
		return error_set(err, ENOMEM, "import an image");
	result = copy_layers(import, &manifest, &config, image.layers, err);
	return result < 0 ? result : import_publish(import, &image, err);
}

/* --- index.json ---------------------------------------------------------------------------------------- */

static const char *name_of(const struct image_descriptor *descriptor)
{
	const char *name = image_annotation(&descriptor->annotations, IMAGE_CONTAINERD_NAME);

	return name == NULL ? image_annotation(&descriptor->annotations, IMAGE_REF_NAME) : name;
}

static bool same_name(const struct image_descriptor *a, const struct image_descriptor *b)
{
	const char *first = name_of(a), *second = name_of(b);

	return first == NULL || second == NULL ? first == second : text_equal(first, second);
}

/* What can be an image; what has another type stands beside it and is left alone. */
static bool is_image(const struct image_descriptor *descriptor)
{
	enum image_kind kind = image_kind(descriptor->media_type);

	return (kind == IMAGE_INDEX || kind == IMAGE_MANIFEST || kind == IMAGE_SCHEMA1 ||
		descriptor->media_type == NULL) &&
	       image_annotation(&descriptor->annotations, "vnd.docker.reference.type") == NULL;
}

/*
 * Entries of one name that say which platform they are for are one image for several. @ret gets them; the
 * others of the group are marked in @taken.
 */
static size_t take_group(const struct image_index *index, size_t first, bool *taken,
			 struct image_descriptor *ret)
{
	size_t count = 0;

	for (size_t i = first; i < index->manifests.count; i++) {
		const struct image_descriptor *item = &index->manifests.items[i];

		if (i != first && (taken[i] || !is_image(item) || item->platform == NULL ||
				   index->manifests.items[first].platform == NULL ||
				   !same_name(item, &index->manifests.items[first])))
			continue;
		taken[i] = true;
		ret[count++] = *item;
	}
	return count;
}

static int import_entries(struct import *import, const struct image_index *index, struct error *err)
{
	struct arena *arena = &import->front->arena;
	size_t count = index->manifests.count;
	struct image_descriptor *group = arena_alloc(arena, (count + 1) * sizeof(*group));
	bool *taken = arena_alloc(arena, count + 1);
	size_t groups = 0;

	if (group == NULL || taken == NULL)
		return error_set(err, ENOMEM, "read index.json");
	for (size_t i = 0; i < count; i++)
		if (is_image(&index->manifests.items[i]) && !taken[i])
			groups += take_group(index, i, taken, group) > 0;
	memset(taken, 0, count);
	for (size_t i = 0; i < count; i++) {
		const struct image_descriptor *entry = &index->manifests.items[i];
		const char *name;

		if (!is_image(entry) || taken[i])
			continue;
		struct image_index one = { .manifests = { take_group(index, i, taken, group), group } };
		int result = import_name(import, name_of(entry), groups == 1, &name, err);

		if (result == 0 && one.manifests.count > 1) {
			entry = choose(import, &one, err);
			result = entry == NULL ? -ENOENT : 0;
		}
		if (result == 0)
			result = import_one(import, entry, name, err);
		if (result < 0)
			return result;
	}
	return groups == 0 ? fail_missing(err, "\"%s\" has no image", import->source.name) : 0;
}

int import_layout(struct import *import, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct image_index index;
	int result = source_read(&import->source, "index.json", IMAGE_MAX_BYTES, &text, err);

	if (result == 0)
		result = image_parse_index(&import->front->arena, "index.json", text.data, text.length, NULL,
					   &index, err);
	return result < 0 ? result : import_entries(import, &index, err);
}
