/*
 * Directories of entries; see places.h. openat2 resolves what is there; where something is missing or in the
 * way, the path is walked part by part, always from a path that is known to have no symlink in it.
 */
#include "oci/layer/places.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "oci/layer/index.h"

#include "base/banned.h"

#define MAX_LINKS 40 /* as the kernel has it */
#define IMPLIED_MODE 0755

static uint64_t hash_of(const char *path, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)path[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static int describe(int fd, struct places_directory *ret, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set(err, errno, "stat");
	*ret = (struct places_directory){ .fd = fd,
					  .inode = status.st_ino,
					  .plain = (status.st_mode & S_ISGID) == 0 };
	return 0;
}

int places_init(struct places *places, int root, struct notes *notes, uint64_t max_made, struct error *err)
{
	*places = (struct places){ .root = root, .notes = notes, .max_made = max_made };
	return describe(root, &places->top, err);
}

static void forget_slot(struct places_slot *slot)
{
	if (slot->path == NULL)
		return;
	(void)close(slot->directory.fd); /* a directory, opened for reading */
	free(slot->path);
	slot->path = NULL;
}

void places_forget(struct places *places)
{
	for (size_t i = 0; i < PLACES_CACHED; i++)
		forget_slot(&places->slots[i]);
}

void places_release(struct places *places)
{
	places_forget(places);
}

static int add(struct places *places, const char *path, size_t length,
	       const struct places_directory *directory, struct error *err)
{
	uint64_t hash = hash_of(path, length);
	struct places_slot *slot = &places->slots[hash % PLACES_CACHED];
	char *copy = strndup(path, length);

	if (copy == NULL) {
		(void)close(directory->fd); /* only read */
		return error_set(err, ENOMEM, "unpack");
	}
	forget_slot(slot);
	*slot = (struct places_slot){ .path = copy, .hash = hash, .directory = *directory };
	return 0;
}

int places_add(struct places *places, const char *path, const struct places_directory *directory,
	       struct error *err)
{
	return add(places, path, strlen(path), directory, err);
}

static bool cached(const struct places *places, const char *path, size_t length, struct places_directory *ret)
{
	uint64_t hash = hash_of(path, length);
	const struct places_slot *slot = &places->slots[hash % PLACES_CACHED];

	if (slot->path == NULL || slot->hash != hash || strncmp(slot->path, path, length) != 0 ||
	    slot->path[length] != '\0')
		return false;
	*ret = slot->directory;
	return true;
}

/* A walk: where it is, and what is still to go. */
struct walk {
	struct text done; /* "usr/lib": no symlink in it; "" is the root */
	struct text rest; /* may be anything a symlink says */
	unsigned links, depth;
};

static int walk_link(struct walk *walk, int parent, const char *part, struct error *err)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(parent, part, target, sizeof(target) - 1);
	autotext struct text rest = TEXT_EMPTY;

	if (length < 0)
		return error_set(err, errno, "read the symlink \"%s\"", part);
	target[length] = '\0';
	if (++walk->links > MAX_LINKS || (size_t)length + walk->rest.length > (size_t)2 * PATH_MAX)
		return error_set(err, EBADMSG, "symlinks lead in a circle");
	if (target[0] == '/') {
		walk->done.length = 0;
		walk->depth = 0;
	}
	text_append(&rest, target);
	text_append(&rest, "/");
	if (walk->rest.data != NULL)
		text_append(&rest, walk->rest.data);
	int result = text_done(&rest, err);
	if (result < 0)
		return result;
	struct text old = walk->rest;
	walk->rest = rest;
	rest = old;
	return 0;
}

static int make_implied(struct places *places, int parent, const char *part, const struct tar_entry *of,
			struct error *err)
{
	struct stat status;

	if (places->made++ >= places->max_made)
		return error_set(err, EFBIG, "the layer implies more than %llu directories",
				 (unsigned long long)places->max_made);
	if (mkdirat(parent, part, IMPLIED_MODE) < 0 ||
	    fstatat(parent, part, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "make the directory \"%s\"", part);
	/* Made in a directory with the set-group-ID bit it would have that one's group. */
	if (fchownat(parent, part, geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) < 0 ||
	    ((status.st_mode & 07777) != IMPLIED_MODE && fchmodat(parent, part, IMPLIED_MODE, 0) < 0))
		return error_set(err, errno, "make the directory \"%s\"", part);
	struct notes_directory *note = notes_make(places->notes, status.st_ino);
	if (note == NULL)
		return error_set(err, ENOMEM, "unpack");
	note->flags = INDEX_IMPLIED;
	note->mtime = of->mtime;
	note->mtime_ns = of->mtime_ns;
	return 0;
}

/* One part of the rest. */
static int walk_step(struct places *places, struct walk *walk, const char *part, enum places_mode mode,
		     const struct tar_entry *of, struct error *err)
{
	autoclose int parent = -1;
	struct stat status;
	int result = path_open_beneath(places->root, walk->done.length == 0 ? "." : walk->done.data,
				       O_PATH | O_DIRECTORY, true, &parent, err);

	if (result < 0)
		return result;
	if (fstatat(parent, part, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT || mode == PLACES_FIND)
			return error_set(err, errno, "\"%s\"", part);
		result = make_implied(places, parent, part, of, err);
	} else if (S_ISLNK(status.st_mode)) {
		return walk_link(walk, parent, part, err);
	} else if (!S_ISDIR(status.st_mode)) {
		if (mode != PLACES_REPLACE)
			return error_set(err, ENOTDIR, "\"%s\"", part);
		if (unlinkat(parent, part, 0) < 0)
			return error_set(err, errno, "remove \"%s\"", part);
		result = make_implied(places, parent, part, of, err);
	}
	if (result < 0)
		return result;
	if (++walk->depth > TAR_MAX_DEPTH || walk->done.length > TAR_MAX_NAME)
		return error_set(err, EBADMSG, "the path is too long");
	if (walk->done.length > 0)
		text_append(&walk->done, "/");
	text_append(&walk->done, part);
	return text_done(&walk->done, err);
}

static void walk_up(struct walk *walk)
{
	while (walk->done.length > 0 && walk->done.data[walk->done.length - 1] != '/')
		walk->done.length--;
	if (walk->done.length > 0)
		walk->done.length--;
	if (walk->done.data != NULL)
		walk->done.data[walk->done.length] = '\0';
	if (walk->depth > 0)
		walk->depth--;
}

/* The next part of the rest into @part. False at its end. */
static bool walk_next(struct walk *walk, char part[NAME_MAX + 1], struct error *err, int *ret_result)
{
	size_t skip = walk->rest.data == NULL ? 0 : strspn(walk->rest.data, "/");
	size_t length = walk->rest.data == NULL ? 0 : strcspn(walk->rest.data + skip, "/");

	*ret_result = 0;
	if (length == 0)
		return false;
	if (length > NAME_MAX) {
		*ret_result = error_set(err, ENAMETOOLONG, "follow a symlink");
		return false;
	}
	memcpy(part, walk->rest.data + skip, length);
	part[length] = '\0';
	walk->rest.length -= skip + length;
	memmove(walk->rest.data, walk->rest.data + skip + length, walk->rest.length + 1);
	return true;
}

static int walk_path(struct places *places, struct walk *walk, enum places_mode mode,
		     const struct tar_entry *of, int *ret_fd, struct error *err)
{
	char part[NAME_MAX + 1];
	int result;

	while (walk_next(walk, part, err, &result)) {
		if (text_equal(part, "."))
			continue;
		if (text_equal(part, ".."))
			walk_up(walk);
		else
			result = walk_step(places, walk, part, mode, of, err);
		if (result < 0)
			return result;
	}
	if (result < 0)
		return result;
	return path_open_beneath(places->root, walk->done.length == 0 ? "." : walk->done.data,
				 O_RDONLY | O_DIRECTORY, true, ret_fd, err);
}

/* The directory @path (not NUL-terminated), not in the cache. */
static int find_directory(struct places *places, const char *path, size_t length, enum places_mode mode,
			  const struct tar_entry *of, int *ret_fd, struct error *err)
{
	char name[TAR_MAX_NAME + 1];
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	memcpy(name, path, length);
	name[length] = '\0';
	long fd = sys_openat2(places->root, name, &how, sizeof(how));
	if (fd >= 0) {
		*ret_fd = (int)fd;
		return 0;
	}
	if (mode == PLACES_FIND)
		return error_set(err, (int)-fd, "open \"%s\"", name);
	struct walk walk = { 0 };
	text_append(&walk.rest, name);
	int result = text_done(&walk.rest, err);
	if (result == 0)
		result = walk_path(places, &walk, mode, of, ret_fd, err);
	text_release(&walk.done);
	text_release(&walk.rest);
	return result;
}

int places_parent(struct places *places, const char *path, enum places_mode mode, const struct tar_entry *of,
		  struct places_directory *ret, const char **ret_leaf, struct error *err)
{
	const char *slash = strrchr(path, '/');
	autoclose int fd = -1;

	*ret_leaf = slash == NULL ? path : slash + 1;
	if (slash == NULL) {
		*ret = places->top;
		return 0;
	}
	size_t length = (size_t)(slash - path);
	if (cached(places, path, length, ret))
		return 0;
	int result = find_directory(places, path, length, mode, of, &fd, err);
	if (result == 0)
		result = describe(fd, ret, err);
	if (result < 0)
		return result;
	(void)take_fd(&fd); /* the cache's */
	return add(places, path, length, ret, err);
}
