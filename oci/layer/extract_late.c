/* Whiteouts and links to lower layers; see extract_late.h. */
#include "oci/layer/extract_late.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/remove.h"
#include "base/text.h"
#include "oci/layer/index.h"

#include "base/banned.h"

#define PREFIX ".wh."
#define OPAQUE ".wh..wh..opq"
#define RESERVED ".wh..wh."

static int add_late(struct extract *extract, uint32_t flag, const char *path, size_t length, const char *link,
		    uint64_t parent, struct error *err)
{
	if (extract->late_count == extract->late_room) {
		size_t room = extract->late_room == 0 ? 64 : extract->late_room * 2;
		struct extract_late *late = realloc(extract->late, room * sizeof(*late));

		if (late == NULL)
			return error_set(err, ENOMEM, "unpack");
		extract->late = late;
		extract->late_room = room;
	}
	autofree char *path_copy = strndup(path, length);
	autofree char *link_copy = link == NULL ? NULL : strdup(link);
	if (path_copy == NULL || (link != NULL && link_copy == NULL))
		return error_set(err, ENOMEM, "unpack");
	extract->late[extract->late_count++] = (struct extract_late){
		.path = take_ptr(&path_copy), .link = take_ptr(&link_copy), .flag = flag, .parent = parent
	};
	return 0;
}

void extract_late_release(struct extract *extract)
{
	for (size_t i = 0; i < extract->late_count; i++) {
		free(extract->late[i].path);
		free(extract->late[i].link);
	}
	free(extract->late);
	extract->late = NULL;
	extract->late_count = extract->late_room = 0;
}

int extract_late_link(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	struct places_directory parent;
	const char *leaf;

	/* Flat, everything that there could be is there. */
	if (extract->options->flat)
		return extract->result->devices_skipped > 0
			       ? 0 /* most likely a second name of a device that was left out */
			       : error_set(err, EBADMSG, "a hard link to \"%.200s\", which is not there",
					   entry->link);
	int result = places_parent(&extract->places, entry->path, PLACES_REPLACE, entry, &parent, &leaf, err);
	if (result < 0)
		return result;
	if (unlinkat(parent.fd, leaf, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove what is there");
	return add_late(extract, INDEX_LOWER_LINK, entry->path, strlen(entry->path), entry->link,
			parent.inode, err);
}

/*
 * Remove what this layer did not bring from the directory @fd of @inode, with everything below. Directories
 * in which something of this layer is stay. @ret_left: something stayed.
 */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path can be, see TAR_MAX_DEPTH */
static int take_away(struct extract *extract, int fd, uint64_t inode, unsigned depth, bool *ret_left,
		     struct error *err)
{
	autoclose int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int result = 0;

	if (stream == NULL)
		return error_set(err, errno, "open a directory");
	(void)take_fd(&copy); /* the stream's */
	while (result == 0 && (entry = readdir(stream)) != NULL) {
		bool ours = notes_has_name(&extract->notes, inode, entry->d_name), left = false;
		struct stat status;

		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			result = error_set(err, errno, "look at \"%s\"", entry->d_name);
		} else if (!S_ISDIR(status.st_mode)) {
			left = ours;
			if (!ours && unlinkat(fd, entry->d_name, 0) < 0)
				result = error_set(err, errno, "remove \"%s\"", entry->d_name);
		} else if (depth > TAR_MAX_DEPTH) {
			result = error_set(err, EBADMSG, "the tree is too deep");
		} else {
			autoclose int below =
				openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			result = below < 0 ? error_set(err, errno, "open \"%s\"", entry->d_name)
					   : take_away(extract, below, status.st_ino, depth + 1, &left, err);
			left |= ours;
			if (result == 0 && !left && unlinkat(fd, entry->d_name, AT_REMOVEDIR) < 0)
				result = error_set(err, errno, "remove \"%s\"", entry->d_name);
		}
		*ret_left |= left;
	}
	(void)closedir(stream); /* only read */
	return result;
}

/* Flat: what lower layers left at @path goes; with @opaque only what is in it. */
static int hide_now(struct extract *extract, const char *path, bool opaque, struct error *err)
{
	struct places_directory parent;
	struct stat status;
	const char *leaf;
	struct error ignored;
	bool left = false;

	if (text_equal(path, "."))
		return take_away(extract, extract->root, extract->places.top.inode, 0, &left, err);
	if (places_parent(&extract->places, path, PLACES_FIND, NULL, &parent, &leaf, &ignored) < 0 ||
	    fstatat(parent.fd, leaf, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* nothing is there */
	bool ours = notes_has_name(&extract->notes, parent.inode, leaf);
	if (!S_ISDIR(status.st_mode)) {
		int removed = ours || opaque ? 0 : remove_tree(parent.fd, leaf, err);

		places_forget(&extract->places);
		return removed;
	}
	autoclose int fd = openat(parent.fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open the directory");
	int result = take_away(extract, fd, status.st_ino, 0, &left, err);
	if (result == 0 && !opaque && !ours && !left && unlinkat(parent.fd, leaf, AT_REMOVEDIR) < 0)
		result = error_set(err, errno, "remove the directory");
	places_forget(&extract->places);
	return result;
}

/* A part of the path before the last one begins with the prefix. Returns 1 for AUFS's own directories. */
static int reserved_parts(const char *path, const char *leaf, struct error *err)
{
	for (const char *part = path; part < leaf; part = strchr(part, '/') + 1) {
		if (text_starts(part, RESERVED))
			return 1;
		if (text_starts(part, PREFIX))
			return error_set(err, EBADMSG, "a name that begins with \"" PREFIX "\"");
	}
	return 0;
}

int extract_late_whiteout(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	const char *slash = strrchr(entry->path, '/');
	const char *leaf = slash == NULL ? entry->path : slash + 1;
	const size_t above = slash == NULL ? 0 : (size_t)(slash - entry->path);
	int result = reserved_parts(entry->path, leaf, err);

	if (result != 0 || !text_starts(leaf, PREFIX))
		return result;
	bool opaque = text_equal(leaf, OPAQUE);
	if (!opaque && text_starts(leaf, RESERVED))
		return 1; /* AUFS's own */
	const char *name = leaf + strlen(PREFIX);
	if (!opaque && (*name == '\0' || text_equal(name, ".") || text_equal(name, "..")))
		return error_set(err, EBADMSG, "a whiteout of nothing");
	/* The path of the hidden name, or of the opaque directory. */
	autotext struct text path = TEXT_EMPTY;
	text_append_bytes(&path, entry->path, above);
	if (!opaque && above > 0)
		text_append(&path, "/");
	if (!opaque)
		text_append(&path, name);
	else if (above == 0)
		text_append(&path, ".");
	result = text_done(&path, err);
	if (result == 0)
		result = extract->options->flat ? hide_now(extract, path.data, opaque, err)
						: add_late(extract, opaque ? INDEX_OPAQUE : INDEX_WHITEOUT,
							   path.data, path.length, NULL, 0, err);
	return result < 0 ? result : 1;
}

static int mark_opaque(struct extract *extract, int parent, const char *leaf, uint32_t keep,
		       struct error *err)
{
	struct stat status;

	if (fstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "look at the opaque directory");
	if (!S_ISDIR(status.st_mode))
		return 0; /* hides whatever there was anyhow */
	struct notes_directory *note = notes_make(&extract->notes, status.st_ino);
	if (note == NULL)
		return error_set(err, ENOMEM, "unpack");
	note->flags = (note->flags & keep) | INDEX_OPAQUE;
	return 0;
}

static int apply_opaque(struct extract *extract, const struct extract_late *late, struct error *err)
{
	/* A name within it, so that the directory itself is made where nothing else was in it. */
	const struct tar_entry of = { .type = TAR_DIRECTORY };
	autotext struct text within = TEXT_EMPTY;
	struct places_directory directory;
	const char *leaf;

	if (text_equal(late->path, "."))
		return mark_opaque(extract, extract->root, ".", INDEX_IMPLIED, err);
	text_append(&within, late->path);
	text_append(&within, "/x");
	int result = text_done(&within, err);
	if (result == 0)
		result = places_parent(&extract->places, within.data, PLACES_MAKE, &of, &directory, &leaf,
				       err);
	if (result == -ENOTDIR)
		return 0; /* a file took the directory's place */
	return result < 0 ? result : mark_opaque(extract, directory.fd, ".", INDEX_IMPLIED, err);
}

static int apply_whiteout(struct extract *extract, const struct extract_late *late, struct error *err)
{
	const struct tar_entry of = { .type = TAR_DIRECTORY };
	struct places_directory parent;
	const char *leaf;
	int result = places_parent(&extract->places, late->path, PLACES_MAKE, &of, &parent, &leaf, err);

	if (result == -ENOTDIR)
		return 0; /* a file took the directory's place */
	if (result < 0)
		return result;
	if (mknodat(parent.fd, leaf, S_IFCHR, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, errno, "make a whiteout");
	/* The layer's own wins; a directory of its own begins anew, and has nothing from below. */
	return mark_opaque(extract, parent.fd, leaf, 0, err);
}

int extract_late_apply(struct extract *extract, struct error *err)
{
	for (size_t i = 0; i < extract->late_count; i++) {
		const struct extract_late *late = &extract->late[i];
		int result = 0;

		if (late->flag == INDEX_OPAQUE)
			result = apply_opaque(extract, late, err);
		else if (late->flag == INDEX_WHITEOUT)
			result = apply_whiteout(extract, late, err);
		if (result < 0)
			return error_add(err, "\"%.200s\"", late->path);
	}
	return 0;
}
