/* Garbage collection: mark what is needed, move away what is not; see collect.h. */
#include "oci/image/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/image/blob.h"
#include "oci/image/content.h"
#include "oci/image/layers.h"
#include "oci/image/nameset.h"
#include "oci/image/pins.h"
#include "oci/image/refs.h"

#include "base/banned.h"

#define CLAIMS_MAX_BYTES ((size_t)16 << 20)

static int keep(struct nameset *names, const char *kind, const char *digest, struct error *err)
{
	char path[STORE_PATH_BYTES];

	store_path(kind, digest, path);
	return nameset_add(names, path, err);
}

/* --- what an image stands on -------------------------------------------------------------------------- */

static int mark_config(const struct store *store, struct arena *arena, const struct image_manifest *manifest,
		       struct nameset *names, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct image_config config;
	struct error ignored;
	int result = 0;

	if (image_kind(manifest->config.media_type) != IMAGE_CONFIG ||
	    blob_read(store, manifest->config.digest, manifest->config.size, IMAGE_MAX_BYTES, &text,
		      &ignored) < 0 ||
	    image_parse_config(arena, "config", text.data, text.length, &config, &ignored) < 0)
		return 0; /* a damaged image keeps what can be read of it */
	for (size_t i = 0; result == 0 && i < config.diff_ids.count; i++)
		result = keep(names, "layers", config.diff_ids.items[i], err);
	if (result == 0 && config.diff_ids.count > 0) {
		char chain[DIGEST_TEXT_BYTES];

		result = content_chain_id(&config.diff_ids, config.diff_ids.count - 1, chain, err);
		if (result == 0)
			result = keep(names, "chains", chain, err);
	}
	return result;
}

/* The document @digest and all that it leads to. */
static int mark(const struct store *store, struct arena *arena, const char *digest, int64_t size,
		const char *media_type, unsigned depth, struct nameset *names, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	enum image_kind kind = image_kind(media_type);
	struct image_manifest manifest;
	struct image_index index;
	const struct json *json;
	struct error ignored;
	int result = keep(names, "blobs", digest, err);

	if (result < 0 || depth > CONTENT_MAX_NESTING ||
	    (kind != IMAGE_INDEX && kind != IMAGE_MANIFEST && media_type != NULL) ||
	    blob_read(store, digest, size, IMAGE_MAX_BYTES, &text, &ignored) < 0)
		return result;
	if (media_type == NULL && json_parse(arena, digest, text.data, text.length, &json, &ignored) == 0)
		kind = image_sniff(json);
	if (kind == IMAGE_INDEX &&
	    image_parse_index(arena, digest, text.data, text.length, NULL, &index, &ignored) == 0) {
		for (size_t i = 0; result == 0 && i < index.manifests.count; i++) {
			const struct image_descriptor *item = &index.manifests.items[i];

			/* NOLINTNEXTLINE(misc-no-recursion): @depth ends it */
			result = mark(store, arena, item->digest, item->size, item->media_type, depth + 1,
				      names, err);
		}
	} else if (kind == IMAGE_MANIFEST && image_parse_manifest(arena, digest, text.data, text.length, NULL,
								  &manifest, &ignored) == 0) {
		result = keep(names, "blobs", manifest.config.digest, err);
		for (size_t i = 0; result == 0 && i < manifest.layers.count; i++)
			result = keep(names, "blobs", manifest.layers.items[i].digest, err);
		if (result == 0)
			result = mark_config(store, arena, &manifest, names, err);
	}
	return result;
}

static int mark_ref(const struct store *store, struct arena *arena, const struct ref *ref,
		    struct nameset *names, struct error *err)
{
	int result = mark(store, arena, ref->digest, ref->size, ref->media_type, 0, names, err);

	if (result == 0 && ref->index != NULL) /* the document alone: its other images were never here */
		result = keep(names, "blobs", ref->index, err);
	return result;
}

int collect_objects(const struct store *store, struct arena *arena, const struct ref *ref,
		    struct strings *ret, struct error *err)
{
	struct nameset names = { .arena = arena };
	int result = mark_ref(store, arena, ref, &names, err);

	*ret = (struct strings){ names.count, names.items };
	return result;
}

/* --- what is needed ------------------------------------------------------------------------------------ */

/* A directory's names, "." and ".." left out. */
static int list(const struct store *store, struct arena *arena, const char *path, struct strings *ret,
		struct error *err)
{
	struct nameset names = { .arena = arena };
	int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (stream == NULL) {
		result = errno == ENOENT ? 0 : error_set(err, errno, "read \"%s/%s\"", store->path, path);
		cleanup_close(&fd);
		*ret = (struct strings){ 0 };
		return result;
	}
	for (const struct dirent *entry = readdir(stream); result == 0 && entry != NULL;
	     entry = readdir(stream))
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, ".."))
			result = nameset_add(&names, entry->d_name, err);
	(void)closedir(stream); /* only read */
	*ret = (struct strings){ names.count, names.items };
	return result;
}

static int mark_claims(const struct store *store, const char *session, struct nameset *names,
		       struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	char path[STORE_PATH_BYTES];
	int result;

	(void)snprintf(path, sizeof(path), "tmp/%.100s/claims", session);
	result = fd_read_file_at(store->root, path, CLAIMS_MAX_BYTES, &text, err);
	if (result < 0)
		return result == -ENOENT ? 0 : result; /* it is only just beginning, or ending */
	for (char *line = text.data; result == 0 && *line != '\0';) {
		size_t length = strcspn(line, "\n");
		bool more = line[length] == '\n';

		line[length] = '\0';
		result = nameset_add(names, line, err);
		line += length + more;
	}
	return result;
}

/* Held by a process: its lock cannot be taken. */
static bool is_alive(const struct store *store, const char *session)
{
	char path[STORE_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "tmp/%.100s", session);
	autoclose int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

struct survey {
	struct nameset needed;
	struct strings dead_sessions, dead_pins;
};

static int survey_sessions(const struct store *store, struct arena *arena, struct survey *survey,
			   struct error *err)
{
	struct nameset dead = { .arena = arena };
	struct strings sessions;
	int result = list(store, arena, "tmp", &sessions, err);

	for (size_t i = 0; result == 0 && i < sessions.count; i++) {
		if (is_alive(store, sessions.items[i]))
			result = mark_claims(store, sessions.items[i], &survey->needed, err);
		else
			result = nameset_add(&dead, sessions.items[i], err);
	}
	survey->dead_sessions = (struct strings){ dead.count, dead.items };
	return result;
}

/* What is needed, as of now: store.lock is held exclusively. */
static int look_around(const struct store *store, struct arena *arena, struct survey *survey,
		       struct error *err)
{
	struct refs refs;
	struct pins pins;
	int result = refs_load(store, arena, &refs, err);

	survey->needed.arena = arena;
	for (size_t i = 0; result == 0 && i < refs.count; i++)
		result = mark_ref(store, arena, &refs.items[i], &survey->needed, err);
	if (result == 0)
		result = pins_load(store, arena, &pins, &survey->dead_pins, err);
	for (size_t i = 0; result == 0 && i < pins.count; i++)
		for (size_t j = 0; result == 0 && j < pins.items[i].objects.count; j++)
			result = nameset_add(&survey->needed, pins.items[i].objects.items[j], err);
	return result < 0 ? result : survey_sessions(store, arena, survey, err);
}

/* --- sweeping ------------------------------------------------------------------------------------------ */

/* Bytes on the disk below the directory @fd, taken. Deep enough for what layers are checked to be. */
static uint64_t directory_size(int fd, unsigned depth)
{
	DIR *stream = fdopendir(fd);
	uint64_t bytes = 0;
	struct stat st;

	if (stream == NULL) {
		cleanup_close(&fd);
		return 0;
	}
	for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..") ||
		    fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bytes += (uint64_t)st.st_blocks * 512 / (S_ISDIR(st.st_mode) ? 1 : st.st_nlink);
		if (!S_ISDIR(st.st_mode) || depth == 0)
			continue;
		int child =
			openat(dirfd(stream), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		/* NOLINTNEXTLINE(misc-no-recursion): @depth ends it */
		bytes += child < 0 ? 0 : directory_size(child, depth - 1);
	}
	(void)closedir(stream); /* only read */
	return bytes;
}

uint64_t collect_size(const struct store *store, const char *path)
{
	struct stat st;

	if (fstatat(store->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return (uint64_t)st.st_blocks * 512;
	int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? 0 : directory_size(fd, 256);
}

/* Where objects are; every name in them that nobody needs is garbage. */
static const char *const places[] = { "blobs/sha256", "blobs/sha512", "layers/sha256", "layers/sha512",
				      "chains/sha256" };

struct sweep {
	const struct store *store;
	struct arena *arena;
	struct nameset only;  /* where limited */
	struct nameset found; /* where nothing is changed */
	bool limited, measure;
	uint64_t objects;
};

static int sweep_object(struct sweep *sweep, const char *path, struct error *err)
{
	sweep->objects++;
	return sweep->measure ? nameset_add(&sweep->found, path, err)
			      : store_discard(sweep->store, path, err);
}

static int sweep_place(struct sweep *sweep, const char *place, struct nameset *needed, struct error *err)
{
	struct strings names;
	int result = list(sweep->store, sweep->arena, place, &names, err);

	for (size_t i = 0; result == 0 && i < names.count; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%.300s", place, names.items[i]);
		if (nameset_has(needed, path) || (sweep->limited && !nameset_has(&sweep->only, path)))
			continue;
		result = sweep_object(sweep, path, err);
	}
	return result;
}

static int sweep_sessions(struct sweep *sweep, const struct survey *survey, struct error *err)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < survey->dead_sessions.count; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "tmp/%.300s", survey->dead_sessions.items[i]);
		result = sweep_object(sweep, path, err);
	}
	return result;
}

static int sweep_pins(const struct store *store, const struct strings *dead, struct error *err)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < dead->count; i++)
		result = pins_remove(store, dead->items[i], err);
	return result;
}

static int sweep_all(struct sweep *sweep, struct error *err)
{
	struct survey survey = { 0 };
	int result = store_lock(sweep->store, true, err);

	if (result < 0)
		return result;
	result = look_around(sweep->store, sweep->arena, &survey, err);
	for (size_t i = 0; result == 0 && i < ARRAY_LEN(places); i++)
		result = sweep_place(sweep, places[i], &survey.needed, err);
	if (result == 0 && !sweep->limited)
		result = sweep_sessions(sweep, &survey, err);
	if (result == 0 && !sweep->measure)
		result = sweep_pins(sweep->store, &survey.dead_pins, err);
	store_unlock(sweep->store);
	return result;
}

int collect_garbage(const struct store *store, struct arena *arena, const struct strings *only,
		    struct collect_result *ret, struct error *err)
{
	struct sweep sweep = { .store = store, .arena = arena, .limited = only != NULL };
	int result = 0;

	sweep.only.arena = arena;
	for (size_t i = 0; only != NULL && result == 0 && i < only->count; i++)
		result = nameset_add(&sweep.only, only->items[i], err);
	if (result == 0)
		result = sweep_all(&sweep, err);
	if (result < 0)
		return result;
	*ret = (struct collect_result){ sweep.objects, collect_size(store, "trash") };
	return store_empty_trash(store, err);
}

int collect_measure(const struct store *store, struct arena *arena, struct collect_result *ret,
		    struct error *err)
{
	struct sweep sweep = { .store = store, .arena = arena, .measure = true };

	sweep.found.arena = arena;
	int result = sweep_all(&sweep, err);

	if (result < 0)
		return result;
	*ret = (struct collect_result){ sweep.objects, collect_size(store, "trash") };
	for (size_t i = 0; i < sweep.found.count; i++)
		ret->bytes += collect_size(store, sweep.found.items[i]);
	return 0;
}

int collect_sessions(const struct store *store, struct arena *arena, struct error *err)
{
	struct sweep sweep = { .store = store, .arena = arena };
	struct survey survey = { .needed = { .arena = arena } };
	bool held = false;
	int result = store_try_lock(store, &held, err);

	if (result < 0 || !held)
		return result;
	result = survey_sessions(store, arena, &survey, err);
	if (result == 0)
		result = sweep_sessions(&sweep, &survey, err);
	store_unlock(store);
	return result < 0 || sweep.objects == 0 ? result : store_empty_trash(store, err);
}

int collect_pins(const struct store *store, struct arena *arena, struct error *err)
{
	struct strings dead;
	struct pins pins;
	bool held = false;
	int result = store_try_lock(store, &held, err);

	if (result < 0 || !held)
		return result;
	result = pins_load(store, arena, &pins, &dead, err);
	if (result == 0)
		result = sweep_pins(store, &dead, err);
	store_unlock(store);
	return result;
}
