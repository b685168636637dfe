/* index.json as the table of images; see refs.h. */
#include "oci/image/refs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/tree.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"

#include "base/banned.h"

#define KEY_ID "org.hull.image.id"
#define KEY_CREATED "org.hull.image.created"
#define KEY_SIZE "org.hull.image.size"
#define KEY_INDEX "org.hull.image.index"

static const char *const own_keys[] = { IMAGE_REF_NAME, IMAGE_CONTAINERD_NAME, KEY_ID, KEY_CREATED, KEY_SIZE,
					KEY_INDEX };

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "read index.json");
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* The name as hull would have written it; of entries that other programs wrote too. */
static const char *read_name(const struct spec_kvs *annotations, struct arena *arena)
{
	const char *name = image_annotation(annotations, IMAGE_CONTAINERD_NAME);
	struct reference reference;
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	if (name == NULL)
		name = image_annotation(annotations, IMAGE_REF_NAME);
	if (name == NULL || reference_parse(name, arena, &reference, &ignored) < 0)
		return NULL;
	reference = reference_or_latest(&reference);
	reference_format(&reference, &text);
	if (text_equal(text.data, name))
		return name;
	return text_done(&text, &ignored) < 0 ? NULL : arena_copy(arena, text.data, text.length);
}

static void read_entry(const struct image_descriptor *descriptor, const struct json *json,
		       struct arena *arena, struct ref *ret)
{
	const struct spec_kvs *annotations = &descriptor->annotations;
	const char *size = image_annotation(annotations, KEY_SIZE);
	struct error ignored;

	*ret = (struct ref){
		.name = read_name(annotations, arena),
		.media_type = descriptor->media_type,
		.digest = descriptor->digest,
		.size = descriptor->size,
		.id = image_annotation(annotations, KEY_ID),
		.created = image_annotation(annotations, KEY_CREATED),
		.unpacked = -1,
		.index = image_annotation(annotations, KEY_INDEX),
		.platform = descriptor->platform,
		.json = json,
	};
	if (size == NULL || number_parse_i64(size, 0, INT64_MAX, &ret->unpacked, &ignored) < 0)
		ret->unpacked = -1;
	if (ret->id != NULL && image_check_digest(ret->id, "id", &ignored) < 0)
		ret->id = NULL;
	if (ret->index != NULL && image_check_digest(ret->index, "index", &ignored) < 0)
		ret->index = NULL;
}

/* What the annotations of another program's entry do not say, the image itself does. */
static void look_up(const struct store *store, struct arena *arena, struct ref *ref)
{
	struct content *content = arena_alloc(arena, sizeof(*content));
	struct error ignored;

	if (content == NULL || content_load(store, ref, NULL, arena, content, &ignored) < 0)
		return; /* a damaged image has no id; check says why */
	ref->id = content->id;
	ref->created = content->config.created;
	if (ref->platform == NULL)
		ref->platform = &content->config.platform;
	ref->unpacked = content_unpacked(store, content);
}

int refs_load(const struct store *store, struct arena *arena, struct refs *ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct image_index index;
	struct refs refs = { 0 };
	int result = fd_read_file_at(store->root, "index.json", JSON_MAX_BYTES, &text, err);

	if (result < 0)
		return error_add(err, "read \"%s\"", store->path);
	if (image_parse_index(arena, "index.json", text.data, text.length, NULL, &index, err) < 0 ||
	    json_parse(arena, "index.json", text.data, text.length, &refs.json, err) < 0) {
		(void)error_add(err, "\"%s\" is damaged (hull image repair)", store->path);
		return err->number == ENOMEM ? -ENOMEM : -EBADMSG;
	}
	refs.room = index.manifests.count + 8;
	refs.items = arena_alloc(arena, refs.room * sizeof(*refs.items));
	if (refs.items == NULL)
		return no_memory(err);
	const struct json *json = json_get(refs.json, "manifests")->first;

	for (size_t i = 0; i < index.manifests.count; i++, json = json->next) {
		struct ref *ref = &refs.items[refs.count++];

		read_entry(&index.manifests.items[i], json, arena, ref);
		if (ref->id == NULL)
			look_up(store, arena, ref);
	}
	*ret = refs;
	return 0;
}

int refs_begin(const struct store *store, struct arena *arena, struct refs *ret, struct error *err)
{
	int result = store_lock(store, true, err);

	if (result < 0)
		return result;
	result = refs_load(store, arena, ret, err);
	if (result < 0)
		store_unlock(store);
	return result;
}

void refs_cancel(const struct store *store)
{
	store_unlock(store);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static const struct json *platform_json(struct arena *arena, const struct image_platform *platform)
{
	const struct json *json =
		tree_with(arena, NULL, "architecture", tree_string(arena, platform->architecture));

	json = json == NULL ? NULL : tree_with(arena, json, "os", tree_string(arena, platform->os));
	if (json != NULL && platform->variant != NULL)
		json = tree_with(arena, json, "variant", tree_string(arena, platform->variant));
	return json;
}

/* What others wrote there, then what is hull's. */
static const struct json *annotations_json(struct arena *arena, const struct ref *ref)
{
	const char *size = arena_format(arena, "%lld", (long long)ref->unpacked);
	const char *values[] = { ref->name, ref->name, ref->id, ref->created, size, ref->index };
	const struct json *json = NULL;
	const struct json *old = ref->json == NULL ? NULL : json_get(ref->json, "annotations");

	for (const struct json *item = old == NULL ? NULL : old->first; item != NULL; item = item->next) {
		bool own = item->type != JSON_STRING;

		for (size_t i = 0; i < ARRAY_LEN(own_keys); i++)
			own = own || text_equal(own_keys[i], item->name);
		if (!own)
			json = tree_with(arena, json, item->name, tree_string(arena, item->text));
		if (!own && json == NULL)
			return NULL;
	}
	_Static_assert(ARRAY_LEN(values) == ARRAY_LEN(own_keys), "every key needs a value");
	for (size_t i = 0; i < ARRAY_LEN(own_keys); i++) {
		if (values[i] == NULL || (values[i] == size && ref->unpacked < 0))
			continue;
		json = tree_with(arena, json, own_keys[i], tree_string(arena, values[i]));
		if (json == NULL)
			return NULL;
	}
	return json;
}

/* sizes of documents end at IMAGE_MAX_BYTES; entries of others keep the number as it was written */
static const struct json *entry_json(struct arena *arena, const struct ref *ref)
{
	const struct json *json = ref->json;

	if (json == NULL) {
		json = tree_with(arena, NULL, "mediaType", tree_string(arena, ref->media_type));
		json = json == NULL ? NULL
				    : tree_with(arena, json, "digest", tree_string(arena, ref->digest));
		json = json == NULL ? NULL
				    : tree_with(arena, json, "size", tree_number(arena, (uint32_t)ref->size));
		if (json != NULL && ref->platform != NULL)
			json = tree_with(arena, json, "platform", platform_json(arena, ref->platform));
	}
	const struct json *annotations = annotations_json(arena, ref);

	/* an entry without any: an image of unknown id, size and age without a name */
	if (annotations == NULL)
		return json;
	return json == NULL ? NULL : tree_with(arena, json, "annotations", annotations);
}

static int format(const struct refs *refs, struct arena *arena, struct text *ret, struct error *err)
{
	text_append(ret, "{");
	for (const struct json *item = refs->json->first; item != NULL; item = item->next) {
		if (text_equal(item->name, "manifests"))
			continue;
		text_append_json(ret, item->name);
		text_append(ret, ":");
		tree_write(item, NULL, ret);
		text_append(ret, ",");
	}
	text_append(ret, "\"manifests\":[");
	for (size_t i = 0; i < refs->count; i++) {
		const struct json *json = entry_json(arena, &refs->items[i]);

		if (json == NULL)
			return no_memory(err);
		text_append(ret, i == 0 ? "\n" : ",\n");
		tree_write(json, NULL, ret);
	}
	text_append(ret, "]}\n");
	return text_done(ret, err);
}

/* Without room on the disk nothing could be removed either, if a table that grows no longer had none kept. */
static int write_table(const struct store *store, const struct text *table, struct error *err)
{
	int result = store_write(store, "index.json", table, true, err);
	struct stat old;

	if ((result == -ENOSPC || result == -EDQUOT) &&
	    fstatat(store->root, "index.json", &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (off_t)table->length <= old.st_size && store_use_reserve(store))
		result = store_write(store, "index.json", table, true, err);
	else if (result == 0)
		store_keep_reserve(store, table->length);
	return result;
}

int refs_commit(const struct store *store, struct arena *arena, const struct refs *refs, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = format(refs, arena, &text, err);

	/* what nobody could read again would be the end of all images */
	if (result == 0 && (refs->count > IMAGE_MAX_MANIFESTS || text.length > IMAGE_MAX_BYTES))
		result = error_set(err, 0, "the store has room for %d names of images, and %zu bytes of them",
				   IMAGE_MAX_MANIFESTS, IMAGE_MAX_BYTES);
	if (result == 0)
		result = write_table(store, &text, err);
	if (result == 0)
		result = store_sync_directory(store, ".", err);
	store_unlock(store);
	return result;
}

/* --- changing ------------------------------------------------------------------------------------------ */

void refs_remove(struct refs *refs, size_t index)
{
	refs->count--;
	memmove(&refs->items[index], &refs->items[index + 1], (refs->count - index) * sizeof(*refs->items));
}

bool refs_same_image(const struct ref *a, const struct ref *b)
{
	if (a->id == NULL || b->id == NULL)
		return text_equal(a->digest, b->digest);
	return text_equal(a->id, b->id);
}

static int add(struct refs *refs, struct arena *arena, const struct ref *ref, struct error *err)
{
	if (refs->count == refs->room) {
		size_t room = refs->room * 2 + 8;
		struct ref *items = arena_alloc(arena, room * sizeof(*items));

		if (items == NULL)
			return no_memory(err);
		if (refs->count > 0)
			memcpy(items, refs->items, refs->count * sizeof(*items));
		refs->items = items;
		refs->room = room;
	}
	refs->items[refs->count++] = *ref;
	return 0;
}

/*
 * Take @name from every entry. An image without another entry stays nameless, unless it is @keep's in another
 * compression.
 */
static bool take_name(struct refs *refs, const char *name, const struct ref *keep)
{
	bool moved = false;

	for (size_t i = refs->count; i > 0; i--) {
		struct ref *ref = &refs->items[i - 1];
		bool other = false;

		if (ref->name == NULL || !text_equal(ref->name, name))
			continue;
		moved = moved || !refs_same_image(ref, keep);
		for (size_t j = 0; j < refs->count; j++)
			other = other || (j != i - 1 && text_equal(refs->items[j].digest, ref->digest));
		if (other || refs_same_image(ref, keep))
			refs_remove(refs, i - 1);
		else
			ref->name = NULL;
	}
	return moved;
}

int refs_set(struct refs *refs, struct arena *arena, const struct ref *image, const char *name,
	     bool *ret_moved, struct error *err)
{
	struct ref ref = *image;
	bool moved = name != NULL && take_name(refs, name, image);

	if (ret_moved != NULL)
		*ret_moved = moved;
	ref.name = name;
	for (size_t i = refs->count; i > 0; i--) {
		const struct ref *old = &refs->items[i - 1];

		if (!text_equal(old->digest, image->digest))
			continue;
		if (name == NULL)
			return 0; /* it has one, whatever it is called */
		if (old->name == NULL)
			refs_remove(refs, i - 1);
	}
	return add(refs, arena, &ref, err);
}

/* --- finding ------------------------------------------------------------------------------------------ */

static int find_name(const struct refs *refs, struct arena *arena, const struct reference *reference,
		     struct refs_found *ret, struct error *err)
{
	struct reference wanted = reference_or_latest(reference), entry;
	autotext struct text text = TEXT_EMPTY;
	size_t found = 0;

	reference_format(&wanted, &text);
	int result = text_done(&text, err);

	for (size_t i = 0; result == 0 && i < refs->count; i++) {
		const struct ref *ref = &refs->items[i];
		struct error ignored;
		bool match = ref->name != NULL && text_equal(ref->name, text.data);

		/* by digest: any entry of that repository with it, whatever the tag */
		if (ref->name != NULL && wanted.digest != NULL &&
		    reference_parse(ref->name, arena, &entry, &ignored) == 0)
			match = reference_same_repository(&entry, &wanted) &&
				(text_equal(ref->digest, wanted.digest) ||
				 (ref->index != NULL && text_equal(ref->index, wanted.digest)));
		if (!match)
			continue;
		if (found++ == 0 || wanted.digest != NULL)
			*ret = (struct refs_found){ .index = i, .reference = wanted };
	}
	if (result < 0)
		return result;
	if (found > 1 && wanted.digest == NULL)
		return fail_conflict(err, "\"%s\" is ambiguous: %zu images have the name", text.data, found);
	return found == 0 ? -ENOENT : 0;
}

static int find_id(const struct refs *refs, const char *word, struct refs_found *ret, struct error *err)
{
	const char *digits = text_starts(word, "sha256:") ? word + strlen("sha256:") : word;
	size_t length = strlen(digits);
	const struct ref *found = NULL;

	if (length == 0 || length > 64 || strspn(digits, "0123456789abcdef") != length)
		return -ENOENT;
	for (size_t i = 0; i < refs->count; i++) {
		const struct ref *ref = &refs->items[i];
		bool by_id = ref->id != NULL && strncmp(ref->id + strlen("sha256:"), digits, length) == 0;
		/* an image that is damaged or was named by its manifest can be meant so too */
		bool by_digest = length == 64 && text_starts(ref->digest, "sha256:") &&
				 text_equal(ref->digest + strlen("sha256:"), digits);

		if (ref->id == NULL && strncmp(ref->digest + strlen("sha256:"), digits, length) == 0)
			by_id = true;
		if (!by_id && !by_digest)
			continue;
		if (found != NULL && !refs_same_image(found, ref))
			return error_set(err, 0, "multiple IDs found with provided prefix: %s", word);
		found = ref;
		*ret = (struct refs_found){ .index = i, .by_id = true };
	}
	return found == NULL ? -ENOENT : 0;
}

int refs_find(const struct refs *refs, struct arena *arena, const char *word, struct refs_found *ret,
	      struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct reference reference;
	struct error why;
	int result = -ENOENT;
	bool is_name = reference_parse(word, arena, &reference, &why) == 0;

	if (is_name)
		result = find_name(refs, arena, &reference, ret, err);
	if (result == -ENOENT)
		result = find_id(refs, word, ret, err);
	if (result != -ENOENT)
		return result;
	if (!is_name && strspn(word, "0123456789abcdefsh:") != strlen(word)) {
		*err = why;
		return -EINVAL;
	}
	if (is_name) {
		reference = reference_or_latest(&reference);
		reference_familiar(&reference, &text);
	}
	return fail_missing(err, "No such image: %.300s", text.length == 0 ? word : text.data);
}

size_t refs_count_names(const struct refs *refs, size_t index)
{
	size_t count = 0;

	for (size_t i = 0; i < refs->count; i++)
		count += refs->items[i].name != NULL && refs_same_image(&refs->items[i], &refs->items[index]);
	return count;
}

void refs_short_id(const char *id, char ret[REFS_SHORT_ID + 1])
{
	const char *colon = strchr(id, ':');

	(void)snprintf(ret, REFS_SHORT_ID + 1, "%s", colon == NULL ? id : colon + 1);
}
