/* Content by its digest; see blob.h. */
#include "oci/image/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/image/fail.h"

#include "base/banned.h"

#define CHUNK ((size_t)256 << 10)

void blob_digest(const void *bytes, size_t length, char ret[BLOB_DIGEST_BYTES])
{
	struct digest digest;

	digest_of(DIGEST_SHA256, bytes, length, &digest);
	digest_format(&digest, ret);
}

static int too_short(const char *digest, struct error *err)
{
	return fail_integrity(err, "blob %s: it ends too early", digest);
}

static int compare(const struct digest *got, const struct digest *want, struct error *err)
{
	char found[BLOB_DIGEST_BYTES], wanted[BLOB_DIGEST_BYTES];

	if (digest_equal(got, want))
		return 0;
	digest_format(got, found);
	digest_format(want, wanted);
	return fail_integrity(err, "blob %s: its content has the digest %s", wanted, found);
}

/*
 * Read all of @from; append it to @ret unless NULL, write it to @into unless -1. @want NULL: its digest is
 * not compared. @ret_digest unless NULL takes what it is (sha256 without @want).
 */
static int pump(const struct blob_source *from, const char *name, const struct digest *want, int into,
		struct text *ret, struct digest *ret_digest, struct error *err)
{
	autofree char *buffer = malloc(CHUNK);
	struct digest_state state;
	struct digest got;
	int result = 0;

	if (buffer == NULL)
		return error_set(err, ENOMEM, "read %s", name);
	digest_begin(&state, want == NULL ? DIGEST_SHA256 : want->algorithm);
	for (uint64_t done = 0; result == 0 && done < from->size;) {
		uint64_t left = from->size - done;
		ssize_t count = pread(from->fd, buffer, left < CHUNK ? (size_t)left : CHUNK,
				      (off_t)(from->offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			result = error_set(err, errno, "read blob %s", name);
		else if (count == 0)
			result = too_short(name, err);
		else if (want != NULL || ret_digest != NULL)
			digest_update(&state, buffer, (size_t)count);
		if (result == 0 && ret != NULL)
			text_append_bytes(ret, buffer, (size_t)count);
		if (result == 0 && into >= 0)
			result = fd_write_all(into, buffer, (size_t)count, name, err);
		done += count > 0 ? (uint64_t)count : 0;
	}
	digest_end(&state, &got);
	if (result == 0 && want != NULL)
		result = compare(&got, want, err);
	if (result == 0 && ret_digest != NULL)
		*ret_digest = got;
	return result == 0 && ret != NULL ? text_done(ret, err) : result;
}

int blob_read_source(const struct blob_source *from, const char *digest, int64_t size, size_t max,
		     struct text *ret, struct error *err)
{
	struct digest want;
	int result = digest_parse(digest, &want, err);

	if (result < 0)
		return result;
	if (size >= 0 && from->size != (uint64_t)size)
		return fail_integrity(err, "blob %s: %llu bytes, not %lld", digest,
				      (unsigned long long)from->size, (long long)size);
	if (from->size > max)
		return error_set(err, 0, "blob %s: %llu bytes, more than %zu", digest,
				 (unsigned long long)from->size, max);
	return pump(from, digest, &want, -1, ret, NULL, err);
}

int blob_read_bytes(const struct blob_source *from, const char *name, struct text *ret, struct error *err)
{
	return pump(from, name, NULL, -1, ret, NULL, err);
}

int blob_open(const struct store *store, const char *digest, int64_t size, int *ret_fd, struct error *err)
{
	char path[STORE_PATH_BYTES];
	struct stat st;

	store_path("blobs", digest, path);
	autoclose int fd = openat(store->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return fail_missing(err, "blob %s is not in the store", digest);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open \"%s/%s\"", store->path, path);
	if (!S_ISREG(st.st_mode))
		return fail_integrity(err, "blob %s is not a file", digest);
	if (size >= 0 && st.st_size != size)
		return fail_integrity(err, "blob %s: %lld bytes, not %lld", digest, (long long)st.st_size,
				      (long long)size);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_source(const struct store *store, const char *digest, int64_t size, struct blob_source *ret,
		       struct error *err)
{
	struct stat st;
	int result = blob_open(store, digest, size, &ret->fd, err);

	if (result < 0)
		return result;
	if (fstat(ret->fd, &st) < 0) {
		result = error_set(err, errno, "stat blob %s", digest);
		cleanup_close(&ret->fd);
		return result;
	}
	ret->offset = 0;
	ret->size = (uint64_t)st.st_size;
	return 0;
}

int blob_read(const struct store *store, const char *digest, int64_t size, size_t max, struct text *ret,
	      struct error *err)
{
	struct blob_source from;
	int result = open_source(store, digest, size, &from, err);

	if (result < 0)
		return result;
	result = blob_read_source(&from, digest, size, max, ret, err);
	cleanup_close(&from.fd);
	return result;
}

int blob_write(const struct store *store, const char *digest, int64_t size, int into, struct error *err)
{
	struct blob_source from;
	struct digest want;
	int result = digest_parse(digest, &want, err);

	if (result == 0)
		result = open_source(store, digest, size, &from, err);
	if (result < 0)
		return result;
	result = pump(&from, digest, &want, into, NULL, NULL, err);
	cleanup_close(&from.fd);
	return result;
}

int blob_check(const struct store *store, const char *digest, int64_t size, struct error *err)
{
	return blob_write(store, digest, size, -1, err);
}

/* --- into the store ---------------------------------------------------------------------------------- */

static int claim(struct session *session, struct blob_new *blob, bool *ret_there, struct error *err)
{
	char path[STORE_PATH_BYTES];
	struct stat st;

	store_path("blobs", blob->digest, path);
	int result = session_claim(session, path, ret_there, err);

	if (result < 0 || !*ret_there)
		return result;
	/* one that is cut short is no content: make room for the right one */
	if (fstatat(session->store->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != blob->size) {
		*ret_there = false;
		return store_discard(session->store, path, err);
	}
	return 0;
}

int blob_claim(struct session *session, struct blob_new *blob, struct error *err)
{
	bool there = false;
	int result = claim(session, blob, &there, err);

	if (there)
		blob->place[0] = '\0';
	return result;
}

static int create(struct session *session, struct blob_new *blob, int *ret_fd, struct error *err)
{
	session_place(session, blob->place);
	*ret_fd = openat(session->store->root, blob->place,
			 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? error_set(err, errno, "write blob %s", blob->digest) : 0;
}

int blob_add(struct session *session, const void *bytes, size_t length, struct blob_new *ret,
	     struct error *err)
{
	autoclose int fd = -1;
	bool there = false;

	*ret = (struct blob_new){ .size = length };
	blob_digest(bytes, length, ret->digest);
	int result = claim(session, ret, &there, err);

	if (result < 0 || there)
		return result;
	result = create(session, ret, &fd, err);
	store_fault("blob");
	return result < 0 ? result : fd_write_all(fd, bytes, length, ret->digest, err);
}

/* As the kernel can do it best: shared extents, or at least no detour through this process. */
static int copy_bytes(const struct blob_source *from, int into, const char *name, struct error *err)
{
	loff_t position = (loff_t)from->offset;
	uint64_t left = from->size;

	while (left > 0) {
		ssize_t count = copy_file_range(from->fd, &position, into, NULL,
						left < (64 << 20) ? (size_t)left : (64 << 20), 0);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && left == from->size) /* between these two it cannot be done so */
			return pump(from, name, NULL, into, NULL, NULL, err);
		if (count < 0)
			return error_set(err, errno, "copy blob %s", name);
		if (count == 0)
			return too_short(name, err);
		left -= (uint64_t)count;
	}
	return 0;
}

int blob_copy(struct session *session, const struct blob_source *from, const char *digest, bool hash,
	      struct blob_new *ret, struct error *err)
{
	autoclose int fd = -1;
	struct digest want, got;
	bool there = false;
	int result = 0;

	*ret = (struct blob_new){ .size = from->size };
	if (digest == NULL) {
		(void)snprintf(ret->digest, sizeof(ret->digest), "(new)");
		result = create(session, ret, &fd, err);
		if (result == 0)
			result = pump(from, "of the source", NULL, fd, NULL, &got, err);
		if (result == 0) {
			digest_format(&got, ret->digest);
			result = claim(session, ret, &there, err);
		}
		if (there)
			ret->place[0] = '\0';
		return result;
	}
	(void)snprintf(ret->digest, sizeof(ret->digest), "%s", digest);
	result = digest_parse(digest, &want, err);
	if (result == 0)
		result = claim(session, ret, &there, err);
	if (result < 0 || there)
		return result;
	result = create(session, ret, &fd, err);
	store_fault("blob");
	if (result < 0)
		return result;
	ret->unchecked = !hash;
	return hash ? pump(from, digest, &want, fd, NULL, NULL, err) : copy_bytes(from, fd, digest, err);
}

int blob_spool(struct session *session, const struct blob_source *from, struct blob_new *ret,
	       struct error *err)
{
	autoclose int fd = -1;

	*ret = (struct blob_new){ .size = from->size };
	int result = create(session, ret, &fd, err);

	return result < 0 ? result : copy_bytes(from, fd, "of the source", err);
}

int blob_open_new(struct session *session, const struct blob_new *blob, int *ret_fd, struct error *err)
{
	if (blob->place[0] == '\0')
		return blob_open(session->store, blob->digest, (int64_t)blob->size, ret_fd, err);
	*ret_fd = openat(session->store->root, blob->place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open blob %s", blob->digest) : 0;
}

int blob_verify(struct session *session, struct blob_new *blob, struct error *err)
{
	struct blob_source from = { .fd = -1, .size = blob->size };
	struct digest want;

	if (!blob->unchecked)
		return 0;
	int result = digest_parse(blob->digest, &want, err);

	if (result == 0)
		result = blob_open_new(session, blob, &from.fd, err);
	if (result == 0)
		result = pump(&from, blob->digest, &want, -1, NULL, NULL, err);
	cleanup_close(&from.fd);
	blob->unchecked = result < 0;
	return result;
}

int blob_publish(struct session *session, struct blob_new *blob, struct error *err)
{
	char path[STORE_PATH_BYTES];

	if (blob->place[0] == '\0')
		return 0;
	if (blob->unchecked)
		return error_set(err, 0, "blob %s was not checked", blob->digest);
	store_path("blobs", blob->digest, path);
	if (text_starts(blob->digest, "sha512:") && mkdirat(session->store->root, "blobs/sha512", 0700) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "mkdir \"%s/blobs/sha512\"", session->store->path);
	int result = session_publish(session, blob->place, path, err);

	if (result == 0)
		blob->place[0] = '\0';
	return result;
}
