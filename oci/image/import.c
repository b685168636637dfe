/* What all imports have in common: names, layers, the order of publishing; see import.h. */
#include "oci/image/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/commands.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"
#include "oci/image/layers.h"
#include "oci/image/refs.h"

#include "base/banned.h"

#define MAX_WORD 100

/* --- names -------------------------------------------------------------------------------------------- */

static int normalise(struct import *import, const struct reference *reference, const char **ret,
		     struct error *err)
{
	struct reference complete = reference_or_latest(reference);
	autotext struct text text = TEXT_EMPTY;

	if (complete.digest != NULL)
		return error_set(err, 0, "a name with a digest cannot be given to an image");
	reference_format(&complete, &text);
	*ret = front_copy(import->front, &text);
	return *ret == NULL ? error_set(err, ENOMEM, "name an image") : 0;
}

int import_name(struct import *import, const char *name, bool alone, const char **ret, struct error *err)
{
	struct arena *arena = &import->front->arena;
	bool tag_only = name != NULL && strpbrk(name, ":/") == NULL;
	struct reference reference;
	struct error ignored;

	*ret = NULL;
	if (import->tag == NULL) {
		/* "latest" alone does not say of what */
		if (name == NULL || tag_only || reference_parse(name, arena, &reference, &ignored) < 0)
			return 0;
		reference.digest = NULL;
		return normalise(import, &reference, ret, err);
	}
	int result = reference_parse(import->tag, arena, &reference, err);

	if (result < 0)
		return error_add(err, "--tag %.200s", import->tag);
	if (!alone) {
		if (reference.tag != NULL || !tag_only || !reference_is_tag(name))
			return error_set(err, 0,
					 "\"%s\" has several images: --tag must be a repository without a "
					 "tag, and they must have tags",
					 import->source.name);
		reference.tag = name;
	}
	return normalise(import, &reference, ret, err);
}

/* --- layers ------------------------------------------------------------------------------------------- */

int import_copy_layer(struct import *import, const struct blob_source *from, const char *digest,
		      const char *diff_id, struct blob_new *ret, struct error *err)
{
	char path[STORE_PATH_BYTES];

	store_path("layers", diff_id, path);
	/* unpacking reads all of it and compares; so it is hashed here only when nobody will */
	return blob_copy(&import->session, from, digest, store_has(&import->front->store, path), ret, err);
}

static int make_layers(struct import *import, const struct import_image *image, const struct content *content,
		       struct error *err)
{
	size_t count = content->config.diff_ids.count;
	struct layers_wanted *wanted = arena_alloc(&import->front->arena, (count + 1) * sizeof(*wanted));

	if (wanted == NULL)
		return error_set(err, ENOMEM, "import an image");
	for (size_t i = 0; i < count; i++)
		wanted[i] = (struct layers_wanted){ content->config.diff_ids.items[i], image->layers[i] };
	return layers_make(&import->session, wanted, count, &import->progress, err);
}

/* --- publishing --------------------------------------------------------------------------------------- */

static int parse(struct import *import, const struct import_image *image, const char *digest,
		 struct content *ret, struct error *err)
{
	struct arena *arena = &import->front->arena;
	int result = content_parse_manifest(arena, digest, image->manifest, image->media_type, &ret->manifest,
					    err);

	if (result == 0)
		result = image_parse_config(arena, "configuration", image->config->data,
					    image->config->length, &ret->config, err);
	return result < 0 ? result : image_check_pair(&ret->manifest, &ret->config, err);
}

/* These words go into the table of images, which has room for all of them. */
static int check_words(struct image_config *config, struct error *err)
{
	const struct image_platform *platform = &config->platform;
	const char *const words[] = { platform->os, platform->architecture, platform->variant };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i] != NULL && strlen(words[i]) > MAX_WORD)
			return error_set(err, 0, "the image's platform is \"%.60s…\"", words[i]);
	if (config->created != NULL && strlen(config->created) > MAX_WORD)
		config->created = NULL; /* no time is that long */
	return 0;
}

/* Whoever names a platform means it; otherwise a foreign image is only remarked upon. */
static int check_platform(struct import *import, const struct image_config *config, struct error *err)
{
	struct image_platform host = image_platform_host();
	const struct image_platform *wanted = import->platform == NULL ? &host : import->platform;
	autotext struct text have = TEXT_EMPTY, want = TEXT_EMPTY;

	if (image_platform_rank(wanted, &config->platform, true) >= 0)
		return 0;
	image_platform_format(&config->platform, &have);
	image_platform_format(wanted, &want);
	if (import->platform != NULL)
		return fail_missing(err, "the image is for %s, not for %s", have.data, want.data);
	if (!import->quiet) {
		autotext struct text shown = TEXT_EMPTY;

		text_append_escaped(&shown, have.data, false);
		dprintf(STDERR_FILENO, "Warning: the image is for %s, this machine is %s\n", shown.data,
			want.data);
	}
	return 0;
}

static int write_ref(struct import *import, const struct ref *ref, struct error *err)
{
	struct front *front = import->front;
	struct refs refs;
	bool moved = false;
	int result = refs_begin(&front->store, &front->arena, &refs, err);

	if (result < 0)
		return result;
	result = refs_set(&refs, &front->arena, ref, ref->name, &moved, err);
	if (result < 0) {
		refs_cancel(&front->store);
		return result;
	}
	result = refs_commit(&front->store, &front->arena, &refs, err);
	/* also when quiet: the name was the archive's choice */
	if (result == 0 && moved && (!import->quiet || import->tag == NULL))
		dprintf(STDERR_FILENO, "The image that had the name %s before has none now\n", ref->name);
	return result;
}

static int tell(struct import *import, const struct ref *ref, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct reference reference;

	if (import->quiet) {
		text_format(&text, "%s\n", ref->id);
	} else if (ref->name == NULL) {
		text_format(&text, "Loaded image ID: %s\n", ref->id);
	} else {
		int result = reference_parse(ref->name, &import->front->arena, &reference, err);

		if (result < 0)
			return result;
		text_append(&text, "Loaded image: ");
		reference_familiar(&reference, &text);
		text_append(&text, "\n");
	}
	progress_close(&import->progress);
	return commands_print(&text, err);
}

static int publish_documents(struct import *import, struct blob_new *blobs, size_t count, struct error *err)
{
	const struct store *store = &import->front->store;
	int result = session_sync(&import->session, err);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = blob_publish(&import->session, &blobs[i], err);
	if (result == 0)
		result = store_sync_directory(store, "layers/sha256", err);
	return result < 0 ? result : store_sync_directory(store, "blobs/sha256", err);
}

int import_publish(struct import *import, const struct import_image *image, struct error *err)
{
	struct session *session = &import->session;
	struct blob_new documents[3];
	struct content content = { 0 };
	size_t count = 0;
	int result =
		blob_add(session, image->manifest->data, image->manifest->length, &documents[count++], err);

	if (result == 0)
		result = parse(import, image, documents[0].digest, &content, err);
	if (result == 0)
		result = check_words(&content.config, err);
	if (result == 0)
		result = check_platform(import, &content.config, err);
	if (result == 0)
		result = blob_add(session, image->config->data, image->config->length, &documents[count++],
				  err);
	if (result == 0 && image->index != NULL)
		result =
			blob_add(session, image->index->data, image->index->length, &documents[count++], err);
	if (result == 0)
		result = make_layers(import, image, &content, err);
	if (result == 0)
		result = publish_documents(import, documents, count, err);
	if (result < 0)
		return result;
	struct ref ref = {
		.name = image->name,
		.media_type = image->media_type,
		.digest = documents[0].digest,
		.size = (int64_t)image->manifest->length,
		.id = documents[1].digest,
		.created = content.config.created,
		.unpacked = content_unpacked(&import->front->store, &content),
		.index = count > 2 ? documents[2].digest : NULL,
		.platform = &content.config.platform,
	};
	result = write_ref(import, &ref, err);
	import->imported += result == 0;
	return result < 0 ? result : tell(import, &ref, err);
}
