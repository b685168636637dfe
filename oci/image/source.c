/* Directories and archives that images are imported from; see source.h. */
#include "oci/image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "oci/image/fail.h"
#include "oci/layer/tar.h"

#include "base/banned.h"

#define MAX_MEMBERS 100000
#define MAX_LINKS 8

/* --- archives ----------------------------------------------------------------------------------------- */

/*
 * Gives the reader one block at a time, so that the place of what follows a header is known; the data of
 * members that nobody reads now is passed over without reading it.
 */
struct feeder {
	int fd;
	uint64_t size;
	uint64_t position, passed; /* passed: up to here nobody looks at the bytes */
	uint8_t block[TAR_BLOCK];
};

static const uint8_t nothing[(size_t)64 << 10];

static int feed(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct feeder *feeder = context;
	size_t got = 0;

	if (feeder->position < feeder->passed) {
		uint64_t left = feeder->passed - feeder->position;

		*ret_bytes = nothing;
		*ret_length = left < sizeof(nothing) ? (size_t)left : sizeof(nothing);
		feeder->position += *ret_length;
		return 0;
	}
	while (got < TAR_BLOCK) {
		ssize_t count = pread(feeder->fd, feeder->block + got, TAR_BLOCK - got,
				      (off_t)(feeder->position + got));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set(err, errno, "read the archive");
		if (count == 0)
			break;
		got += (size_t)count;
	}
	feeder->position += got;
	*ret_bytes = feeder->block;
	*ret_length = got;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct source_member *)a)->name, ((const struct source_member *)b)->name);
}

static struct source_member *find_member(const struct source *source, const char *name)
{
	struct source_member key = { .name = name };

	return source->count == 0 ? NULL
				  : bsearch(&key, source->members, source->count, sizeof(key), compare);
}

/* Where the symlink @link of the member @name leads: a name in the archive. NULL: out of it. */
static const char *resolve(struct arena *arena, const char *name, const char *link)
{
	const char *slash = strrchr(name, '/');
	autotext struct text path = TEXT_EMPTY, clean = TEXT_EMPTY;
	struct error ignored;

	text_append(&path, "/");
	if (link[0] != '/' && slash != NULL)
		text_append_bytes(&path, name, (size_t)(slash - name) + 1);
	text_append(&path, link);
	if (text_done(&path, &ignored) < 0 || path_clean(path.data, &clean, &ignored) < 0)
		return NULL;
	return arena_copy(arena, clean.data + 1, clean.length - 1);
}

static int take(struct source *source, struct arena *arena, const struct tar_entry *entry, uint64_t offset,
		size_t *room, struct error *err)
{
	struct source_member member = { .offset = offset, .size = entry->size };

	if (entry->type != TAR_FILE && entry->type != TAR_SYMLINK && entry->type != TAR_HARDLINK)
		return 0;
	if (entry->sparse != NULL)
		return 0; /* of a root file system; no archive of images has one */
	if (source->count == *room) {
		size_t more = *room * 2 + 256;
		struct source_member *members = arena_alloc(arena, more * sizeof(*members));

		if (members == NULL)
			return error_set(err, ENOMEM, "read the archive");
		if (*room > 0)
			memcpy(members, source->members, source->count * sizeof(*members));
		source->members = members;
		*room = more;
	}
	member.name = arena_copy(arena, entry->path, strlen(entry->path));
	if (entry->type == TAR_SYMLINK)
		member.link = resolve(arena, entry->path, entry->link);
	else if (entry->type == TAR_HARDLINK)
		member.link = arena_copy(arena, entry->link, strlen(entry->link));
	if (member.name == NULL || (entry->type != TAR_FILE && member.link == NULL))
		return error_set(err, ENOMEM, "read the archive");
	source->members[source->count++] = member;
	return 0;
}

static int scan(struct source *source, struct arena *arena, struct error *err)
{
	struct feeder feeder = { .fd = source->file };
	struct tar_source from = { feed, &feeder };
	const struct tar_entry *entry;
	struct stat st;
	struct tar *tar;
	size_t room = 0;

	if (fstat(source->file, &st) < 0)
		return error_set(err, errno, "stat the archive");
	feeder.size = (uint64_t)st.st_size;
	int result = tar_open(&from, &tar, err);

	if (result < 0)
		return result;
	for (result = tar_next(tar, &entry, err); result > 0; result = tar_next(tar, &entry, err)) {
		if (entry->type == TAR_FILE && entry->sparse == NULL) {
			if (feeder.position > feeder.size || entry->size > feeder.size - feeder.position) {
				result = error_set(err, EBADMSG, "the archive ends within \"%.200s\"",
						   entry->path);
				break;
			}
			feeder.passed =
				feeder.position + (entry->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
		}
		result = take(source, arena, entry, feeder.position, &room, err);
		/* a root file system has more than any archive of an image: it is seen early */
		if (result < 0 || source->count > MAX_MEMBERS)
			break;
	}
	tar_close(tar);
	if (source->count > 0)
		qsort(source->members, source->count, sizeof(*source->members), compare);
	return result < 0 ? result : 0;
}

/* --- both --------------------------------------------------------------------------------------------- */

static bool has(struct source *source, const char *name)
{
	struct blob_source ignored;
	struct error why;

	return source_find(source, name, &ignored, &why) == 0;
}

/* A hybrid of both is read as a layout: it says more. */
static enum source_kind recognise(struct source *source)
{
	if (has(source, "oci-layout") && has(source, "index.json"))
		return SOURCE_OCI;
	return has(source, "manifest.json") ? SOURCE_DOCKER : SOURCE_ROOTFS;
}

int source_open_directory(int fd, const char *name, struct source *ret, struct error *err)
{
	struct source source = SOURCE_NONE;

	(void)err;
	source.directory = fd;
	source.name = name;
	source.kind = recognise(&source);
	*ret = source;
	return 0;
}

int source_open_archive(int fd, const char *name, struct arena *arena, struct source *ret, struct error *err)
{
	struct source source = SOURCE_NONE;

	source.file = fd;
	source.name = name;
	int result = scan(&source, arena, err);

	if (result < 0)
		return error_add(err, "\"%s\"", name);
	source.kind = recognise(&source);
	*ret = source;
	return 0;
}

void source_close(struct source *source)
{
	cleanup_close(&source->directory);
	cleanup_close(&source->open);
	*source = SOURCE_NONE;
}

static int none(const struct source *source, const char *name, struct error *err)
{
	return fail_missing(err, "\"%s\" has no \"%.200s\"", source->name, name);
}

static int find_file(struct source *source, const char *name, struct blob_source *ret, struct error *err)
{
	struct rootdir root = { source->directory };
	struct stat st;

	cleanup_close(&source->open);
	source->open = -1;
	/* no FIFO is waited for, nothing outside is reached */
	int result = path_open_in_root(&root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, &source->open, err);

	if (result == -ENOENT || result == -ENOTDIR)
		return none(source, name, err);
	if (result < 0)
		return result;
	if (fstat(source->open, &st) < 0)
		return error_set(err, errno, "stat \"%s\"", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, 0, "\"%s\": \"%.200s\" is not a file", source->name, name);
	*ret = (struct blob_source){ source->open, 0, (uint64_t)st.st_size };
	return 0;
}

int source_find(struct source *source, const char *name, struct blob_source *ret, struct error *err)
{
	const char *wanted = name;

	if (source->directory >= 0)
		return find_file(source, name, ret, err);
	for (unsigned links = 0; links < MAX_LINKS; links++) {
		const struct source_member *member = find_member(source, wanted);

		if (member == NULL)
			return none(source, name, err);
		if (member->link == NULL) {
			*ret = (struct blob_source){ source->file, member->offset, member->size };
			return 0;
		}
		wanted = member->link;
	}
	return error_set(err, ELOOP, "\"%s\": \"%.200s\"", source->name, name);
}

int source_read(struct source *source, const char *name, size_t max, struct text *ret, struct error *err)
{
	struct blob_source from;
	int result = source_find(source, name, &from, err);

	if (result < 0)
		return result;
	if (from.size > max)
		return error_set(err, 0, "\"%s\": \"%s\" has %llu bytes, more than %zu", source->name, name,
				 (unsigned long long)from.size, max);
	return blob_read_bytes(&from, name, ret, err);
}

int source_find_blob(struct source *source, const char *digest, struct blob_source *ret, struct error *err)
{
	char path[STORE_PATH_BYTES];

	store_path("blobs", digest, path);
	return source_find(source, path, ret, err);
}
