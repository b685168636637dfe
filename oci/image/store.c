/* The store's directory, its locks and how things come into and out of it; see store.h. */
#include "oci/image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/path.h"
#include "base/remove.h"
#include "oci/image/fail.h"

#include "base/banned.h"

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}\n"
#define NO_IMAGES                                                                                            \
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}\n"

#ifdef HULL_FAULTS
void store_fault(const char *name)
{
	static unsigned passed;
	const char *wanted = getenv("HULL_FAULT");
	size_t length = wanted == NULL ? 0 : strcspn(wanted, ":");
	uint64_t count = 1;
	struct error ignored;

	if (length == 0 || wanted[length] != ':' ||
	    ((strlen(name) != length || strncmp(wanted, name, length) != 0) &&
	     strncmp(wanted, "any:", length + 1) != 0))
		return;
	if (number_parse_u64(wanted + length + 1, UINT32_MAX, &count, &ignored) == 0 && ++passed == count)
		(void)raise(SIGKILL);
}
#endif

/* Nobody else may have put in what hull takes for checked, nor may anybody reach the programs in it. */
static int check_owner(const struct store *store, struct error *err)
{
	struct stat st;

	if (fstat(store->root, &st) < 0)
		return error_set(err, errno, "stat \"%s\"", store->path);
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, EPERM, "\"%s\" can be written by another user", store->path);
	return 0;
}

static int write_new(const struct store *store, const char *path, const char *words, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	if (store_has(store, path))
		return 0;
	text_append(&text, words);
	return store_write(store, path, &text, false, err);
}

/* oci-layout comes last: where it is, everything is. */
static int make_layout(const struct store *store, struct error *err)
{
	static const char *const directories[] = {
		"blobs",         "blobs/sha256", "layers", "layers/sha256", "chains",
		"chains/sha256", "bundles",      "tmp",    "trash",
	};
	int result = store_lock(store, true, err);

	if (result < 0)
		return result;
	for (size_t i = 0; result == 0 && i < ARRAY_LEN(directories); i++)
		if (mkdirat(store->root, directories[i], 0700) < 0 && errno != EEXIST)
			result = error_set(err, errno, "mkdir \"%s/%s\"", store->path, directories[i]);
	if (result == 0)
		result = write_new(store, "index.json", NO_IMAGES, err);
	if (result == 0)
		result = write_new(store, "oci-layout", LAYOUT, err);
	store_unlock(store);
	return result;
}

int store_open(const char *path, struct store *ret, struct error *err)
{
	struct store store = { .root = -1, .lock = -1, .path = path };
	int result = 0;

	store.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.root < 0 && errno == ENOENT) {
		result = path_make(path, 0700, err);
		if (result == 0)
			store.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (result == 0 && store.root < 0)
		result = error_set(err, errno, "open \"%s\"", path);
	if (result == 0)
		result = check_owner(&store, err);
	if (result == 0) {
		store.lock =
			openat(store.root, "store.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		/* of a file system that nobody can write to it can still be read */
		if (store.lock < 0 && errno == EROFS)
			store.lock = openat(store.root, "store.lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (store.lock < 0)
			result = error_set(err, errno, "open \"%s/store.lock\"", path);
	}
	if (result == 0 && (!store_has(&store, "oci-layout") || !store_has(&store, "trash")))
		result = make_layout(&store, err);
	if (result < 0) {
		store_close(&store);
		return result;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	cleanup_close(&store->root);
	cleanup_close(&store->lock);
	store->root = store->lock = -1;
}

int store_lock(const struct store *store, bool exclusive, struct error *err)
{
	int result;

	do {
		result = flock(store->lock, exclusive ? LOCK_EX : LOCK_SH);
	} while (result < 0 && errno == EINTR);
	return result < 0 ? error_set(err, errno, "lock \"%s/store.lock\"", store->path) : 0;
}

int store_try_lock(const struct store *store, bool *ret_held, struct error *err)
{
	*ret_held = flock(store->lock, LOCK_EX | LOCK_NB) == 0;
	if (!*ret_held && errno != EWOULDBLOCK && errno != EINTR)
		return error_set(err, errno, "lock \"%s/store.lock\"", store->path);
	return 0;
}

void store_unlock(const struct store *store)
{
	(void)flock(store->lock, LOCK_UN); /* cannot fail on an open descriptor */
}

void store_unlock_cleanup(const struct store *const *store)
{
	if (*store != NULL)
		store_unlock(*store);
}

int store_name(char ret[STORE_NAME_BYTES], struct error *err)
{
	unsigned char bytes[8];
	int length = snprintf(ret, STORE_NAME_BYTES, "%d-", (int)getpid());

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set(err, errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(ret + length + 2 * (int)i, 3, "%02x", bytes[i]);
	return 0;
}

int store_discard(const struct store *store, const char *path, struct error *err)
{
	char name[STORE_NAME_BYTES], into[STORE_NAME_BYTES + 8];
	int result = store_name(name, err);

	if (result < 0)
		return result;
	(void)snprintf(into, sizeof(into), "trash/%s", name);
	store_fault("discard");
	if (renameat(store->root, path, store->root, into) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove \"%s/%s\"", store->path, path);
	return 0;
}

int store_empty_trash(const struct store *store, struct error *err)
{
	int fd = openat(store->root, "trash", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (stream == NULL) {
		result = error_set(err, errno, "read \"%s/trash\"", store->path);
		cleanup_close(&fd);
		return result;
	}
	for (const struct dirent *entry = readdir(stream); result == 0 && entry != NULL;
	     entry = readdir(stream)) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		store_fault("trash");
		result = remove_tree(fd, entry->d_name, err);
		/* somebody else who empties it took a part away under our hands */
		if (result == -ENOENT || result == -ENOTEMPTY)
			result = 0;
	}
	(void)closedir(stream); /* only read */
	return result < 0 ? error_add(err, "empty \"%s/trash\"", store->path) : 0;
}

int store_write(const struct store *store, const char *path, const struct text *text, bool sync,
		struct error *err)
{
	char name[STORE_NAME_BYTES], beside[STORE_NAME_BYTES + 16];
	int result = store_name(name, err);

	if (result < 0)
		return result;
	(void)snprintf(beside, sizeof(beside), "tmp/%s", name); /* a crash leaves it where it is swept */
	autoclose int fd =
		openat(store->root, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "write \"%s/%s\"", store->path, path);
	store_fault("write");
	result = fd_write_all(fd, text->data, text->length, path, err);
	store_fault("write");
	if (result == 0 && sync && fdatasync(fd) < 0)
		result = error_set(err, errno, "write \"%s/%s\"", store->path, path);
	store_fault("write");
	if (result == 0 && renameat(store->root, beside, store->root, path) < 0)
		result = error_set(err, errno, "write \"%s/%s\"", store->path, path);
	store_fault("write");
	if (result < 0)
		(void)unlinkat(store->root, beside, 0); /* made above; the next sweep finds it otherwise */
	return result;
}

#define RESERVE "reserve"
#define RESERVE_MIN_BYTES ((off_t)64 << 10)

void store_keep_reserve(const struct store *store, size_t bytes)
{
	off_t wanted = (off_t)bytes < RESERVE_MIN_BYTES / 2 ? RESERVE_MIN_BYTES : 2 * (off_t)bytes;
	struct stat st;

	if (fstatat(store->root, RESERVE, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size >= (off_t)bytes)
		return;
	autoclose int fd = openat(store->root, RESERVE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && fallocate(fd, 0, 0, wanted) < 0)
		(void)unlinkat(store->root, RESERVE, 0); /* then there is none, as before */
}

bool store_use_reserve(const struct store *store)
{
	return unlinkat(store->root, RESERVE, 0) == 0;
}

int store_sync_directory(const struct store *store, const char *path, struct error *err)
{
	autoclose int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return error_set(err, errno, "sync \"%s/%s\"", store->path, path);
	return 0;
}

void store_path(const char *kind, const char *digest, char ret[STORE_PATH_BYTES])
{
	const char *colon = strchr(digest, ':');

	(void)snprintf(ret, STORE_PATH_BYTES, "%s/%.*s/%s", kind, (int)(colon - digest), digest, colon + 1);
	if (strlen(kind) + strlen(digest) + 2 > STORE_PATH_BYTES)
		ret[0] = '\0'; /* never: digests are checked before */
}

bool store_has(const struct store *store, const char *path)
{
	return faccessat(store->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
