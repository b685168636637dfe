/* Unpacked layers: reading them and making them, several at once; see layers.h. */
#include "oci/image/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "oci/image/fail.h"
#include "oci/image/rootless.h"
#include "oci/layer/index.h"
#include "oci/spec/field.h"

#include "base/banned.h"

#define META_MAX_BYTES 4096
#define MAX_JOBS 4
#define LOOK_MS 100 /* how often bars move */

bool layers_user_xattr(void)
{
	return rootless_user_xattr();
}

/* --- reading ------------------------------------------------------------------------------------------ */

static const struct field meta_fields[] = {
	FIELD(struct layers_meta, version, "version", .required = true),
	FIELD(struct layers_meta, bytes, "bytes", .required = true),
	FIELD(struct layers_meta, entries, "entries", .required = true),
	FIELD(struct layers_meta, implied, "implied"),
	FIELD(struct layers_meta, lower_links, "lowerLinks"),
	FIELD(struct layers_meta, opaque, "opaque"),
	{ 0 },
};
static const struct field_object meta_object = { sizeof(struct layers_meta), meta_fields, NULL };

static int parse_meta(const struct text *text, struct layers_meta *ret, struct error *err)
{
	struct layers_meta meta = { 0 };
	const struct json *json;
	struct arena arena;

	arena_init(&arena, 0);
	struct field_reader reader = { .arena = &arena };
	int result = json_parse(&arena, "meta.json", text->data, text->length, &json, err);

	if (result == 0)
		result = field_expect(json, JSON_OBJECT, err);
	if (result == 0)
		result = field_read_object(&reader, json, &meta_object, &meta, err);
	if (result == 0 && meta.version != LAYERS_FORMAT)
		result = error_set(err, 0, "version %u", meta.version);
	arena_release(&arena);
	if (result == 0)
		*ret = meta;
	return result;
}

static int damaged(const char *diff_id, struct error *err)
{
	return fail_integrity(err, "the unpacked layer %s is damaged (hull image repair)", diff_id);
}

static int missing(const char *diff_id, struct error *err)
{
	return fail_missing(err, "layer %s is not unpacked (hull image repair)", diff_id);
}

int layers_load_meta(const struct store *store, const char *diff_id, struct layers_meta *ret,
		     struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	char path[STORE_PATH_BYTES], file[STORE_PATH_BYTES + 16];

	store_path("layers", diff_id, path);
	(void)snprintf(file, sizeof(file), "%s/meta.json", path);
	int result = fd_read_file_at(store->root, file, META_MAX_BYTES, &text, err);

	if (result == -ENOENT)
		return store_has(store, path) ? damaged(diff_id, err) : missing(diff_id, err);
	if (result == 0)
		result = parse_meta(&text, ret, err);
	return result < 0 ? damaged(diff_id, err) : 0;
}

int layers_open(const struct store *store, const char *diff_id, int *ret_diff, int *ret_index,
		struct error *err)
{
	char path[STORE_PATH_BYTES], name[STORE_PATH_BYTES + 16];

	store_path("layers", diff_id, path);
	(void)snprintf(name, sizeof(name), "%s/diff", path);
	autoclose int diff = openat(store->root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	(void)snprintf(name, sizeof(name), "%s/index", path);
	autoclose int index = openat(store->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (diff < 0 || index < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return error_set(err, errno, "open layer %s", diff_id);
		return store_has(store, path) ? damaged(diff_id, err) : missing(diff_id, err);
	}
	*ret_diff = take_fd(&diff);
	*ret_index = take_fd(&index);
	return 0;
}

/* --- making ------------------------------------------------------------------------------------------- */

/* One layer's way through layers_make. */
struct making {
	const struct layers_wanted *wanted;
	bool done;
	int lock; /* ours to make it while >= 0 */
	int bar;
	bool running;
	struct unpack_job job;
	char place[STORE_PATH_BYTES]; /* not "": unpacked, and to be published */
};

/* It is there, or was left damaged and is out of the way now. */
static int find(struct session *session, struct making *making, struct error *err)
{
	const char *diff_id = making->wanted->diff_id;
	char path[STORE_PATH_BYTES];
	struct layers_meta meta;
	bool there = false;

	store_path("layers", diff_id, path);
	int result = session_claim(session, path, &there, err);

	if (result < 0 || !there)
		return result;
	if (layers_load_meta(session->store, diff_id, &meta, err) < 0)
		return store_discard(session->store, path, err);
	making->done = true;
	/* somebody unpacked the same files of another blob, or of this one while we copied it */
	return blob_verify(session, making->wanted->blob, err);
}

static int make_places(struct session *session, char place[STORE_PATH_BYTES], int *ret_diff, int *ret_index,
		       struct error *err)
{
	char name[STORE_PATH_BYTES + 16];
	int root = session->store->root;

	session_place(session, place);
	if (mkdirat(root, place, 0700) < 0)
		return error_set(err, errno, "mkdir \"%s\"", place);
	(void)snprintf(name, sizeof(name), "%s/diff", place);
	if (mkdirat(root, name, 0700) < 0)
		return error_set(err, errno, "mkdir \"%s\"", name);
	*ret_diff = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_diff < 0)
		return error_set(err, errno, "open \"%s\"", name);
	(void)snprintf(name, sizeof(name), "%s/index", place);
	*ret_index = openat(root, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret_index < 0 ? error_set(err, errno, "open \"%s\"", name) : 0;
}

static int start(struct session *session, struct making *making, struct progress *progress, struct error *err)
{
	const struct layers_wanted *wanted = making->wanted;
	struct digest blob_digest, diff_id;
	autoclose int blob = -1, diff = -1, index = -1;
	struct unpack_request request = { .blob_size = wanted->blob->size,
					  .blob_digest = &blob_digest,
					  .diff_id = &diff_id,
					  .user_xattr = layers_user_xattr(),
					  .limits = unpack_default_limits() };
	int result = digest_parse(wanted->blob->digest, &blob_digest, err);

	if (result == 0)
		result = digest_parse(wanted->diff_id, &diff_id, err);
	if (result == 0)
		result = blob_open_new(session, wanted->blob, &blob, err);
	if (result == 0)
		result = make_places(session, making->place, &diff, &index, err);
	if (result < 0)
		return result;
	request.blob = blob;
	request.target = diff;
	request.index = index;
	result = unpack_start(&request, &making->job, err);
	if (result < 0)
		return result;
	store_fault("unpack");
	making->running = true;
	making->bar = progress_begin(progress, wanted->blob->digest, "Unpacking", wanted->blob->size);
	return 0;
}

/* Whether the layer's top is marked; an overlay has no such mark, so it is known here. */
static int read_opaque(struct session *session, const char *place, bool *ret, struct error *err)
{
	char name[STORE_PATH_BYTES + 16];
	struct index index;

	(void)snprintf(name, sizeof(name), "%s/index", place);
	autoclose int fd = openat(session->store->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", name);
	int result = index_open(fd, &index, err);

	if (result < 0)
		return result;
	*ret = index.count > 0 && (index_at(&index, 0).flags & INDEX_OPAQUE) != 0;
	index_close(&index);
	return 0;
}

static int write_meta(struct session *session, const char *place, const struct unpack_result *unpacked,
		      struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	char name[STORE_PATH_BYTES + 16];
	bool opaque = false;
	int result = read_opaque(session, place, &opaque, err);

	if (result < 0)
		return result;
	text_format(&text,
		    "{\"version\": %d, \"bytes\": %llu, \"entries\": %llu, \"implied\": %llu, "
		    "\"lowerLinks\": %llu, \"opaque\": %s}\n",
		    LAYERS_FORMAT, (unsigned long long)unpacked->files_bytes,
		    (unsigned long long)unpacked->entries, (unsigned long long)unpacked->implied,
		    (unsigned long long)unpacked->lower_links, opaque ? "true" : "false");
	(void)snprintf(name, sizeof(name), "%s/meta.json", place);
	autoclose int fd = openat(session->store->root, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", name);
	result = text_done(&text, err);
	return result < 0 ? result : fd_write_all(fd, text.data, text.length, name, err);
}

static int finish(struct session *session, struct making *making, struct progress *progress,
		  struct error *err)
{
	struct unpack_result unpacked;
	int result = unpack_wait(&making->job, &unpacked, err);

	making->running = false;
	progress_end(progress, making->bar, result < 0 ? NULL : "Unpacked");
	if (result == 0)
		result = write_meta(session, making->place, &unpacked, err);
	if (result < 0) {
		(void)error_add(err, "layer %s", making->wanted->blob->digest);
		return result;
	}
	making->wanted->blob->unchecked = false;
	return 0;
}

int layers_unpack_unknown(struct session *session, int file, uint64_t size, struct progress *progress,
			  char ret_place[STORE_PATH_BYTES], struct unpack_result *ret_result,
			  struct error *err)
{
	autoclose int diff = -1, index = -1;
	struct unpack_request request = { .blob = file,
					  .blob_size = size,
					  .user_xattr = layers_user_xattr(),
					  .limits = unpack_default_limits() };
	struct unpack_job job = UNPACK_JOB_NONE;
	int result = make_places(session, ret_place, &diff, &index, err);

	if (result < 0)
		return result;
	request.target = diff;
	request.index = index;
	result = unpack_start(&request, &job, err);
	if (result < 0)
		return result;
	store_fault("unpack");
	int bar = progress_begin(progress, "archive", "Unpacking", size);
	struct pollfd ended = { .fd = job.fd, .events = POLLIN };

	while (poll(&ended, 1, progress->terminal ? LOOK_MS : -1) == 0)
		progress_set(progress, bar, atomic_load(&job.progress->blob_bytes));
	result = unpack_wait(&job, ret_result, err);
	progress_end(progress, bar, result < 0 ? NULL : "Unpacked");
	return result < 0 ? result : write_meta(session, ret_place, ret_result, err);
}

int layers_adopt(struct session *session, const char *place, const char *diff_id, struct error *err)
{
	char path[STORE_PATH_BYTES];
	struct layers_meta meta;
	bool there;

	store_path("layers", diff_id, path);
	int result = session_claim(session, path, &there, err);

	if (result == 0 && there && layers_load_meta(session->store, diff_id, &meta, err) < 0)
		result = store_discard(session->store, path, err);
	if (result == 0)
		result = session_sync(session, err);
	return result < 0 ? result : session_publish(session, place, path, err);
}

/* Wait until a running one has ended, moving the bars. */
static int wait_for_one(struct session *session, struct making *makings, size_t count,
			struct progress *progress, struct error *err)
{
	struct pollfd fds[MAX_JOBS];
	struct making *running[MAX_JOBS];
	nfds_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (makings[i].running) {
			fds[used] = (struct pollfd){ .fd = makings[i].job.fd, .events = POLLIN };
			running[used++] = &makings[i];
		}
	for (;;) {
		int ready = poll(fds, used, progress->terminal ? LOOK_MS : -1);

		if (ready < 0 && errno != EINTR)
			return error_set(err, errno, "wait for hull-unpack");
		for (nfds_t i = 0; i < used; i++) {
			progress_set(progress, running[i]->bar,
				     atomic_load(&running[i]->job.progress->blob_bytes));
			if (ready > 0 && fds[i].revents != 0)
				return finish(session, running[i], progress, err);
		}
	}
}

/* What was made is on the disk, then has its name; others may make it no more. */
static int publish(struct session *session, struct making *makings, size_t count, struct error *err)
{
	char path[STORE_PATH_BYTES];
	int result = session_sync(session, err);

	for (size_t i = 0; result == 0 && i < count; i++) {
		struct making *making = &makings[i];

		if (making->place[0] == '\0' || making->done)
			continue;
		store_path("layers", making->wanted->diff_id, path);
		result = session_publish(session, making->place, path, err);
		making->done = result == 0;
		cleanup_close(&making->lock);
		making->lock = -1;
	}
	return result;
}

/*
 * Start and end all that can be made now. A layer that another process makes is left for the next round, so
 * that nobody waits while he holds what the other may wait for.
 */
static int run_round(struct session *session, struct making *makings, size_t count, struct progress *progress,
		     struct error *err)
{
	size_t running = 0, held = 0;
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		struct making *making = &makings[i];

		if (making->done)
			continue;
		result = session_lock_make(session, making->wanted->diff_id, held == 0, &making->lock, err);
		if (result == -EAGAIN || result == -EACCES) {
			result = 0;
			continue;
		}
		if (result == 0)
			result = find(session, making, err);
		if (result < 0)
			break;
		if (making->done) {
			progress_say(progress, making->wanted->blob->digest, "Already exists");
			cleanup_close(&making->lock);
			making->lock = -1;
			continue;
		}
		result = start(session, making, progress, err);
		held++;
		running += result == 0;
		if (result == 0 && running == MAX_JOBS) {
			result = wait_for_one(session, makings, count, progress, err);
			running--;
		}
	}
	for (; result == 0 && running > 0; running--)
		result = wait_for_one(session, makings, count, progress, err);
	return result < 0 ? result : publish(session, makings, count, err);
}

static void release(struct making *makings, size_t count, struct progress *progress)
{
	for (size_t i = 0; i < count; i++) {
		if (makings[i].running) {
			unpack_kill(&makings[i].job);
			progress_end(progress, makings[i].bar, NULL);
		}
		cleanup_close(&makings[i].lock);
	}
	free(makings);
}

static int publish_blobs(struct session *session, const struct layers_wanted *wanted, size_t count,
			 struct error *err)
{
	int result = session_sync(session, err); /* of blobs whose layers were there */

	for (size_t i = 0; result == 0 && i < count; i++)
		result = blob_publish(session, wanted[i].blob, err);
	return result;
}

int layers_make(struct session *session, const struct layers_wanted *wanted, size_t count,
		struct progress *progress, struct error *err)
{
	struct making *makings = calloc(count + 1, sizeof(*makings));
	size_t left = count;
	int result = 0;

	if (makings == NULL)
		return error_set(err, ENOMEM, "unpack layers");
	for (size_t i = 0; i < count; i++) {
		makings[i].wanted = &wanted[i];
		makings[i].lock = -1;
		makings[i].job = UNPACK_JOB_NONE;
	}
	while (result == 0 && left > 0) {
		result = run_round(session, makings, count, progress, err);
		left = 0;
		for (size_t i = 0; i < count; i++)
			left += !makings[i].done;
	}
	release(makings, count, progress);
	return result < 0 ? result : publish_blobs(session, wanted, count, err);
}
