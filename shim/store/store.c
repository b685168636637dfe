/*
 * The store's directories: ids, names, locks, what a person wanted; see store.h. The records in
 * them are store_container.c, store_run.c and store_exit.c.
 */
#include "shim/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "base/text.h"
#include "oci/spec/rootfs.h"
#include "shim/store/record.h"

#include "base/banned.h"

#define NAME_MAX_BYTES 128
#define DROPPED ".drop-" /* a container's directory while it is being removed */

const char *const store_restart_names[RESTART_COUNT] = { "no", "on-failure", "always", "unless-stopped" };
const char *const store_log_driver_names[LOG_DRIVER_COUNT] = { "json-file", "k8s-file", "journald", "none" };

int store_parse_restart(const char *text, enum store_restart *ret, uint32_t *ret_max, struct error *err)
{
	size_t length = strcspn(text, ":");
	uint64_t max = 0;
	int found = -1;

	for (int i = 0; i < RESTART_COUNT; i++)
		if (strlen(store_restart_names[i]) == length &&
		    strncmp(store_restart_names[i], text, length) == 0)
			found = i;
	if (found < 0)
		return error_set(err, 0,
				 "invalid restart policy: unknown policy '%.*s'; use one of 'no', 'always', "
				 "'on-failure', or 'unless-stopped'",
				 (int)length, text);
	if (text[length] == ':') {
		struct error ignored;

		if (found != RESTART_ON_FAILURE)
			return error_set(err, 0,
					 "invalid restart policy: maximum retry count can only be used with "
					 "'on-failure'");
		if (number_parse_u64(text + length + 1, INT32_MAX, &max, &ignored) < 0)
			return error_set(
				err, 0,
				"invalid restart policy format: maximum retry count must be an integer");
	}
	*ret = (enum store_restart)found;
	*ret_max = (uint32_t)max;
	return 0;
}

static int open_made(const char *path, int *ret_fd, struct error *err)
{
	int result = path_make(path, 0700, err);

	if (result < 0)
		return result;
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open \"%s\"", path) : 0;
}

int store_open(const char *root_path, const char *run_path, struct store *ret, struct error *err)
{
	struct store store = {
		.root = -1, .names = -1, .run = -1, .root_path = root_path, .run_path = run_path
	};
	int result = open_made(root_path, &store.root, err);

	if (result == 0)
		result = open_made(run_path, &store.run, err);
	if (result == 0 && mkdirat(store.root, "names", 0700) < 0 && errno != EEXIST)
		result = error_set(err, errno, "mkdir \"%s/names\"", root_path);
	if (result == 0) {
		store.names = openat(store.root, "names", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (store.names < 0)
			result = error_set(err, errno, "open \"%s/names\"", root_path);
	}
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
	cleanup_close(&store->names);
	cleanup_close(&store->run);
	store->root = store->names = store->run = -1;
}

static bool is_hex(const char *word)
{
	return word[0] != '\0' && strspn(word, "0123456789abcdef") == strlen(word);
}

static bool is_id(const char *word)
{
	return strlen(word) == STORE_ID_DIGITS && is_hex(word);
}

static bool is_name(const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(word);

	return length > 0 && length <= NAME_MAX_BYTES && strspn(word, letters) == length &&
	       strchr("_.-", word[0]) == NULL;
}

static int no_such(const char *word, struct error *err)
{
	(void)error_set(err, 0, "No such container: %.200s", word);
	return -ENOENT;
}

int store_directory(const struct store *store, const char *id, int *ret_fd, struct error *err)
{
	if (!is_id(id))
		return no_such(id, err);
	int fd = openat(store->root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? no_such(id, err)
				       : error_set(err, errno, "open \"%s/%s\"", store->root_path, id);
	*ret_fd = fd;
	return 0;
}

int store_lock(const struct store *store, const char *id, int *ret_fd, struct error *err)
{
	autoclose int fd = -1, again = -1;
	struct stat held, there;
	int result = store_directory(store, id, &fd, err);

	if (result < 0)
		return result;
	do {
		result = flock(fd, LOCK_EX);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_set(err, errno, "lock container %.12s", id);
	/* It may have been removed while we waited. */
	result = store_directory(store, id, &again, err);
	if (result < 0)
		return result;
	if (fstat(fd, &held) < 0 || fstat(again, &there) < 0)
		return error_set(err, errno, "lock container %.12s", id);
	if (held.st_ino != there.st_ino)
		return no_such(id, err);
	*ret_fd = take_fd(&fd);
	return 0;
}

int store_claim(const struct store *store, char ret_id[STORE_ID_DIGITS + 1], struct error *err)
{
	unsigned char bytes[STORE_ID_DIGITS / 2];

	for (;;) {
		if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
			return error_set(err, errno, "getrandom");
		for (size_t i = 0; i < sizeof(bytes); i++)
			(void)snprintf(ret_id + 2 * i, 3, "%02x", bytes[i]);
		/* A short form that is a number would be taken for one by other tools. */
		if (strspn(ret_id, "0123456789") >= 12)
			continue;
		if (mkdirat(store->root, ret_id, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return error_set(err, errno, "make \"%s/%s\"", store->root_path, ret_id);
	}
}

/* The id that @name stands for. Errors: -ENOENT. */
static int read_name(const struct store *store, const char *name, char ret_id[STORE_ID_DIGITS + 1],
		     struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = fd_read_file_at(store->names, name, 4096, &text, err);

	if (result < 0)
		return result;
	if (text.length > 0 && text.data[text.length - 1] == '\n')
		text.data[--text.length] = '\0';
	if (!is_id(text.data))
		return error_set(err, EIO, "name \"%s\": the record is damaged", name);
	memcpy(ret_id, text.data, STORE_ID_DIGITS + 1);
	return 0;
}

/* Whether @name's container is still there; a name without one is left by a crash, and free. */
static bool name_is_used(const struct store *store, const char *name, char ret_id[STORE_ID_DIGITS + 1])
{
	struct error ignored;

	return read_name(store, name, ret_id, &ignored) == 0 && faccessat(store->root, ret_id, F_OK, 0) == 0;
}

int store_claim_name(const struct store *store, const char *name, const char *id, struct error *err)
{
	char temporary[64], owner[STORE_ID_DIGITS + 1];
	autotext struct text text = TEXT_EMPTY;
	int result;

	if (!is_name(name))
		return error_set(
			err, 0, "Invalid container name (%.200s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			name);
	/* Written whole under another name, then linked: a name is never seen without its id. */
	(void)snprintf(temporary, sizeof(temporary), ".new-%d", (int)getpid());
	text_format(&text, "%s\n", id);
	result = record_write(store->names, temporary, &text, !store->later, err);
	if (result < 0)
		return error_add(err, "claim name \"%s\"", name);
	while (linkat(store->names, temporary, store->names, name, 0) < 0) {
		if (errno != EEXIST) {
			result = error_set(err, errno, "claim name \"%s\"", name);
		} else if (name_is_used(store, name, owner)) {
			(void)error_set(err, 0,
					"Conflict. The container name \"/%s\" is already in use by container "
					"\"%s\". You have "
					"to remove (or rename) that container to be able to reuse that name.",
					name, owner);
			result = -EEXIST;
		} else if (unlinkat(store->names, name, 0) == 0 || errno == ENOENT) {
			continue;
		} else {
			result = error_set(err, errno, "claim name \"%s\"", name);
		}
		break;
	}
	(void)unlinkat(store->names, temporary, 0); /* made above */
	if (result == 0 && !store->later && fsync(store->names) < 0)
		result = error_set(err, errno, "claim name \"%s\"", name);
	return result;
}

static int sync_at(int dir, const char *name, struct error *err)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? error_set(err, errno, "sync \"%s\"", name) : 0;
}

int store_sync(const struct store *store, const char *id, const char *name, struct error *err)
{
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result == 0)
		result = sync_at(dir, "config.json", err);
	if (result == 0 && faccessat(dir, ROOTFS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		result = sync_at(dir, ROOTFS_FILE, err);
	if (result == 0)
		result = sync_at(dir, "container.json", err);
	if (result == 0)
		result = sync_at(dir, ".", err);
	if (result == 0)
		result = sync_at(store->names, name, err);
	return result < 0 ? result : sync_at(store->names, ".", err);
}

int store_drop_name(const struct store *store, const char *name, struct error *err)
{
	if (!is_name(name))
		return no_such(name, err);
	if (unlinkat(store->names, name, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "drop name \"%s\"", name);
	return 0;
}

int store_drop(const struct store *store, const char *id, struct error *err)
{
	char dropped[sizeof(DROPPED) + STORE_ID_DIGITS];
	int result;

	if (!is_id(id))
		return no_such(id, err);
	result = remove_tree(store->run, id, err);
	if (result < 0)
		return error_add(err, "remove \"%s/%s\"", store->run_path, id);
	/* Renamed first: a crash in between leaves what nobody takes for a container, and the next
	 * removal of the same directory ends it. */
	(void)snprintf(dropped, sizeof(dropped), DROPPED "%s", id);
	if (renameat(store->root, id, store->root, dropped) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove \"%s/%s\"", store->root_path, id);
	result = remove_tree(store->root, dropped, err);
	return result < 0 ? error_add(err, "remove \"%s/%s\"", store->root_path, id) : 0;
}

struct listed {
	int64_t created_ns;
	char id[STORE_ID_DIGITS + 1];
};

static int compare_listed(const void *a, const void *b)
{
	const struct listed *left = a, *right = b;

	if (left->created_ns != right->created_ns)
		return left->created_ns < right->created_ns ? -1 : 1;
	return strcmp(left->id, right->id);
}

/* When the container was made: as its record says, or, where that is damaged, as its directory does.
 * False where it has no record: it is being made. */
static bool read_created(const struct store *store, const char *id, int64_t *ret)
{
	struct store_container container;
	struct arena arena;
	struct error ignored;
	struct stat st;

	arena_init(&arena, 0);
	int result = store_container_load(store, id, &arena, &container, &ignored);
	arena_release(&arena);
	if (result == 0)
		*ret = container.created_ns;
	else if (result != -ENOENT && fstatat(store->root, id, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	else
		return false;
	return true;
}

/* Calls @take for each id until it says false. */
static int for_each_id(const struct store *store, bool (*take)(const char *id, void *data), void *data,
		       struct error *err)
{
	int fd = openat(store->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (stream == NULL) {
		int number = errno;

		cleanup_close(&fd);
		return error_set(err, number, "read \"%s\"", store->root_path);
	}
	for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream))
		if (is_id(entry->d_name) && !take(entry->d_name, data))
			break;
	(void)closedir(stream); /* only read */
	return 0;
}

struct listing {
	const struct store *store;
	struct listed *items;
	size_t count, room;
	bool failed;
};

static bool take_listed(const char *id, void *data)
{
	struct listing *listing = data;
	struct listed item;

	if (!read_created(listing->store, id, &item.created_ns))
		return true;
	memcpy(item.id, id, sizeof(item.id));
	if (listing->count == listing->room) {
		size_t room = listing->room * 2 + 16;
		struct listed *items = realloc(listing->items, room * sizeof(*items));

		if (items == NULL) {
			listing->failed = true;
			return false;
		}
		listing->items = items;
		listing->room = room;
	}
	listing->items[listing->count++] = item;
	return true;
}

int store_list(const struct store *store, char (**ret)[STORE_ID_DIGITS + 1], size_t *ret_count,
	       struct error *err)
{
	struct listing listing = { .store = store };
	char(*ids)[STORE_ID_DIGITS + 1] = NULL;
	int result = for_each_id(store, take_listed, &listing, err);

	if (result == 0 && !listing.failed)
		ids = malloc((listing.count + 1) * sizeof(*ids));
	if (result == 0 && ids == NULL)
		result = error_set(err, ENOMEM, "list containers");
	if (result == 0) {
		if (listing.count > 0)
			qsort(listing.items, listing.count, sizeof(*listing.items), compare_listed);
		for (size_t i = 0; i < listing.count; i++)
			memcpy(ids[i], listing.items[i].id, sizeof(*ids));
		*ret = ids;
		*ret_count = listing.count;
	}
	free(listing.items);
	return result;
}

struct search {
	const char *prefix;
	char found[STORE_ID_DIGITS + 1];
	unsigned count;
};

static bool take_match(const char *id, void *data)
{
	struct search *search = data;

	if (text_starts(id, search->prefix)) {
		memcpy(search->found, id, sizeof(search->found));
		search->count++;
	}
	return search->count < 2;
}

int store_find(const struct store *store, const char *word, char ret_id[STORE_ID_DIGITS + 1],
	       struct error *err)
{
	struct search search = { .prefix = word };

	if (word[0] == '/') /* docker's names begin with one, in what it prints */
		word++;
	if (is_id(word) && faccessat(store->root, word, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		memcpy(ret_id, word, STORE_ID_DIGITS + 1);
		return 0;
	}
	if (is_name(word) && name_is_used(store, word, ret_id))
		return 0;
	if (!is_hex(word))
		return no_such(word, err);
	int result = for_each_id(store, take_match, &search, err);
	if (result < 0)
		return result;
	if (search.count == 0)
		return no_such(word, err);
	if (search.count > 1) {
		(void)error_set(err, 0, "multiple IDs found with provided prefix: %.64s", word);
		return -EEXIST;
	}
	memcpy(ret_id, search.found, STORE_ID_DIGITS + 1);
	return 0;
}

int store_want_stopped(const struct store *store, const char *id, bool stopped, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	if (stopped) {
		text_append(&text, "stopped\n");
		return record_write(dir, "wanted", &text, true, err);
	}
	if (unlinkat(dir, "wanted", 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "container %.12s: remove \"wanted\"", id);
	return 0;
}

int store_is_wanted_stopped(const struct store *store, const char *id, bool *ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	result = fd_read_file_at(dir, "wanted", 4096, &text, err);
	if (result < 0 && result != -ENOENT)
		return error_add(err, "container %.12s", id);
	*ret = result == 0;
	return 0;
}
