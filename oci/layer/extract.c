/*
 * One entry after the other; see extract.h. Nothing is ever opened that was there before but directories:
 * what an entry replaces is removed first, and what it makes is made with O_EXCL, so that no link planted by
 * an earlier entry can be followed. Whiteouts have their own file, extract_late.c; what can only be done when
 * everything is there is in settle.c.
 */
#include "oci/layer/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/remove.h"
#include "base/text.h"
#include "oci/layer/attributes.h"
#include "oci/layer/extract_late.h"
#include "oci/layer/index.h"
#include "oci/layer/settle.h"

#include "base/banned.h"

#define SKIPPED 0 /* no inode has this number: paths of devices that were left out are noted under it */

/* Where one entry goes. */
struct spot {
	struct places_directory parent;
	const char *leaf;
};

/*
 * Make room for what cannot be made because of EEXIST. Paths may lead elsewhere afterwards: the spot's own
 * directory is opened anew.
 */
static int replace(struct extract *extract, const struct tar_entry *entry, struct spot *spot,
		   struct error *err)
{
	int result = remove_tree(spot->parent.fd, spot->leaf, err);

	if (result < 0)
		return result;
	places_forget(&extract->places);
	return places_parent(&extract->places, entry->path, PLACES_REPLACE, entry, &spot->parent, &spot->leaf,
			     err);
}

static int write_all(struct extract *extract, int fd, struct error *err)
{
	for (;;) {
		const uint8_t *bytes = NULL;
		size_t length = 0;
		int result = tar_data(extract->tar, &bytes, &length, err);

		if (result < 0 || length == 0)
			return result;
		result = fd_write_all(fd, bytes, length, "the file", err);
		if (result < 0)
			return result;
	}
}

static int write_at(int fd, uint64_t offset, const uint8_t *bytes, size_t length, struct error *err)
{
	while (length > 0) {
		ssize_t written = pwrite(fd, bytes, length, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set(err, written == 0 ? EIO : errno, "write the file");
		bytes += written;
		length -= (size_t)written;
		offset += (uint64_t)written;
	}
	return 0;
}

/* The stored bytes go to the extents, in order; the map was checked to fit them. */
static int write_sparse(struct extract *extract, const struct tar_entry *entry, int fd, struct error *err)
{
	const uint8_t *bytes = NULL;
	size_t length = 0;

	if (ftruncate(fd, (off_t)entry->size) < 0)
		return error_set(err, errno, "make the file so long");
	for (size_t i = 0; i < entry->sparse_count; i++) {
		struct tar_extent extent = entry->sparse[i];

		while (extent.length > 0) {
			int result = length > 0 ? 0 : tar_data(extract->tar, &bytes, &length, err);
			if (result < 0)
				return result;
			size_t piece = length < extent.length ? length : (size_t)extent.length;
			result = write_at(fd, extent.offset, bytes, piece, err);
			if (result < 0)
				return result;
			bytes += piece;
			length -= piece;
			extent.offset += piece;
			extent.length -= piece;
		}
	}
	return 0;
}

/* Most files are root's and have no special bits: they can be born with the right mode and owner. */
static bool born_right(const struct extract *extract, const struct tar_entry *entry, const struct spot *spot)
{
	return spot->parent.plain && entry->uid == extract->uid && entry->gid == extract->gid &&
	       (entry->mode & 07000) == 0 && !extract->options->flat;
}

static int add_file(struct extract *extract, const struct tar_entry *entry, struct spot *spot,
		    struct error *err)
{
	const int flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC;
	bool made = born_right(extract, entry, spot);
	mode_t mode = made ? entry->mode : 0600;

	if (entry->size > extract->options->max_bytes - extract->bytes)
		return error_set(err, EFBIG, "the files of the layer are larger than %llu bytes",
				 (unsigned long long)extract->options->max_bytes);
	extract->bytes += entry->size;
	autoclose int fd = openat(spot->parent.fd, spot->leaf, flags, mode);
	if (fd < 0 && errno == EEXIST) {
		int result = replace(extract, entry, spot, err);
		if (result < 0)
			return result;
		fd = openat(spot->parent.fd, spot->leaf, flags, mode);
	}
	if (fd < 0)
		return error_set(err, errno, "create the file");
	int result =
		entry->sparse != NULL ? write_sparse(extract, entry, fd, err) : write_all(extract, fd, err);
	return result < 0 ? result
			  : attributes_set(fd, entry, made, NULL, &extract->result->xattrs_dropped, err);
}

/* @made: it was just made with the mode and owner already right. @ret: what it is as a place. */
static int set_directory(struct extract *extract, const struct tar_entry *entry, int fd, bool made,
			 struct places_directory *ret, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set(err, errno, "stat");
	struct notes_directory *note = notes_make(&extract->notes, status.st_ino);
	if (note == NULL)
		return error_set(err, ENOMEM, "unpack");
	*ret = (struct places_directory){ .fd = fd,
					  .inode = status.st_ino,
					  .plain = (entry->mode & S_ISGID) == 0 };
	return attributes_set(fd, entry, made, note, &extract->result->xattrs_dropped, err);
}

static int open_directory(const struct spot *spot)
{
	return openat(spot->parent.fd, spot->leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int add_directory(struct extract *extract, const struct tar_entry *entry, struct spot *spot,
			 struct error *err)
{
	struct places_directory place;
	bool ready = born_right(extract, entry, spot);
	mode_t mode = ready ? entry->mode : 0700;
	bool made = mkdirat(spot->parent.fd, spot->leaf, mode) == 0;

	if (!made && errno != EEXIST)
		return error_set(err, errno, "make the directory");
	autoclose int fd = open_directory(spot);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		int result = replace(extract, entry, spot, err);
		if (result < 0)
			return result;
		made = mkdirat(spot->parent.fd, spot->leaf, mode) == 0;
		if (made)
			fd = open_directory(spot);
	}
	if (fd < 0)
		return error_set(err, errno, "make the directory");
	int result = set_directory(extract, entry, fd, made && ready, &place, err);
	if (result < 0)
		return result;
	/* What comes next is most likely in it. */
	(void)take_fd(&fd); /* the cache's */
	return places_add(&extract->places, entry->path, &place, err);
}

static int add_symlink(struct extract *extract, const struct tar_entry *entry, struct spot *spot,
		       struct error *err)
{
	if (symlinkat(entry->link, spot->parent.fd, spot->leaf) < 0) {
		if (errno != EEXIST)
			return error_set(err, errno, "make the symlink");
		int result = replace(extract, entry, spot, err);
		if (result < 0)
			return result;
		if (symlinkat(entry->link, spot->parent.fd, spot->leaf) < 0)
			return error_set(err, errno, "make the symlink");
	}
	return attributes_set_at(spot->parent.fd, spot->leaf, entry, &extract->result->xattrs_dropped, err);
}

static int add_node(struct extract *extract, const struct tar_entry *entry, struct spot *spot,
		    struct error *err)
{
	bool fifo = entry->type == TAR_FIFO;
	mode_t type = fifo ? S_IFIFO : entry->type == TAR_CHARACTER ? S_IFCHR : S_IFBLK;
	dev_t device = fifo ? 0 : makedev(entry->major, entry->minor);

	if (mknodat(spot->parent.fd, spot->leaf, type | 0600, device) < 0) {
		if (errno != EEXIST)
			return error_set(err, errno, "make the node");
		int result = replace(extract, entry, spot, err);
		if (result < 0)
			return result;
		if (mknodat(spot->parent.fd, spot->leaf, type | 0600, device) < 0)
			return error_set(err, errno, "make the node");
	}
	return attributes_set_at(spot->parent.fd, spot->leaf, entry, &extract->result->xattrs_dropped, err);
}

/* Where the target of a hard link is. Returns 0 where it is not in this tree. */
static int find_target(struct extract *extract, const struct tar_entry *entry, struct spot *ret,
		       struct stat *ret_status, struct error *err)
{
	struct error ignored;
	int result = places_parent(&extract->places, entry->link, PLACES_FIND, entry, &ret->parent,
				   &ret->leaf, &ignored);

	if (result == 0 && fstatat(ret->parent.fd, ret->leaf, ret_status, AT_SYMLINK_NOFOLLOW) < 0)
		result = -errno;
	if (result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -EXDEV)
		return 0;
	if (result < 0)
		return error_set(err, -result, "find the target \"%s\"", entry->link);
	if (S_ISDIR(ret_status->st_mode))
		return error_set(err, EBADMSG, "a hard link to a directory");
	return 1;
}

/* Left out, and remembered: other names of it may come. */
static int skip_device(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	extract->result->devices_skipped++;
	return notes_add_name(&extract->notes, SKIPPED, entry->path, err);
}

static int add_hardlink(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	struct spot target, spot;
	struct stat status, old;
	int result = text_equal(entry->link, ".") ? error_set(err, EBADMSG, "a hard link to a directory")
						  : find_target(extract, entry, &target, &status, err);

	if (result < 0)
		return result;
	if (result == 0 && notes_has_name(&extract->notes, SKIPPED, entry->link))
		return skip_device(extract, entry, err); /* one more name of it */
	if (result == 0)
		return extract_late_link(extract, entry, err);
	/* Both descriptors are needed at once, and the cache gives one away for the next. */
	autoclose int from = -1;
	result = fd_dup(target.parent.fd, 0, &from, err);
	if (result == 0)
		result = places_parent(&extract->places, entry->path, PLACES_REPLACE, entry, &spot.parent,
				       &spot.leaf, err);
	if (result < 0)
		return result;
	if (linkat(from, target.leaf, spot.parent.fd, spot.leaf, 0) == 0)
		return notes_add_name(&extract->notes, spot.parent.inode, spot.leaf, err);
	if (errno != EEXIST)
		return error_set(err, errno, "make the hard link");
	if (fstatat(spot.parent.fd, spot.leaf, &old, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "make the hard link");
	if (old.st_dev == status.st_dev && old.st_ino == status.st_ino)
		return 0; /* it is that file already */
	result = replace(extract, entry, &spot, err);
	if (result < 0)
		return result;
	if (linkat(from, target.leaf, spot.parent.fd, spot.leaf, 0) < 0)
		return error_set(err, errno == ENOENT ? EBADMSG : errno, "make the hard link");
	return notes_add_name(&extract->notes, spot.parent.inode, spot.leaf, err);
}

static int add_at_spot(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	struct spot spot;
	int result = places_parent(&extract->places, entry->path, PLACES_REPLACE, entry, &spot.parent,
				   &spot.leaf, err);

	if (result < 0)
		return result;
	switch (entry->type) {
	case TAR_FILE:
		result = add_file(extract, entry, &spot, err);
		break;
	case TAR_DIRECTORY:
		/* Of it and not of the cache, which what follows may change. */
		result = notes_add_name(&extract->notes, spot.parent.inode, spot.leaf, err);
		return result < 0 ? result : add_directory(extract, entry, &spot, err);
	case TAR_SYMLINK:
		result = add_symlink(extract, entry, &spot, err);
		break;
	case TAR_CHARACTER:
	case TAR_BLOCK_DEVICE:
	case TAR_FIFO:
		result = add_node(extract, entry, &spot, err);
		break;
	case TAR_HARDLINK:
	case TAR_TYPE_COUNT:
		return error_set(err, 0, "an entry of no type");
	}
	return result < 0 ? result : notes_add_name(&extract->notes, spot.parent.inode, spot.leaf, err);
}

static int add_top(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	if (entry->type != TAR_DIRECTORY)
		return error_set(err, EBADMSG, "the root can only be a directory");
	/* Its mode may have the set-group-ID bit now. */
	return set_directory(extract, entry, extract->root, false, &extract->places.top, err);
}

static int add_entry(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	bool device = entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE;
	int result;

	if (text_equal(entry->path, "."))
		return add_top(extract, entry, err);
	result = extract_late_whiteout(extract, entry, err);
	if (result != 0)
		return result < 0 ? result : 0;
	/* To overlayfs this is a whiteout: a file that only scanners see. */
	if (entry->type == TAR_CHARACTER && entry->major == 0 && entry->minor == 0)
		return error_set(err, EBADMSG, "a character device 0:0 is no device");
	if (device && !extract->options->keep_devices)
		return skip_device(extract, entry, err);
	if (entry->type == TAR_HARDLINK)
		return add_hardlink(extract, entry, err);
	return add_at_spot(extract, entry, err);
}

static int add_entries(struct extract *extract, struct error *err)
{
	const struct tar_entry *entry;
	int result;

	while ((result = tar_next(extract->tar, &entry, err)) > 0) {
		if (++extract->result->entries > extract->options->max_entries)
			return error_set(err, EFBIG, "the layer has more than %llu entries",
					 (unsigned long long)extract->options->max_entries);
		if (extract->options->progress != NULL)
			atomic_store_explicit(extract->options->progress, extract->result->entries,
					      memory_order_relaxed);
		result = add_entry(extract, entry, err);
		if (result < 0)
			return error_add(err, "\"%.200s\"", entry->path);
	}
	return result < 0 ? result : tar_drain(extract->tar, err);
}

/* The top has no entry in many archives: then it is a directory like those made on the way. */
static int begin_top(struct extract *extract, struct error *err)
{
	struct notes_directory *note;

	if (extract->options->flat)
		return 0;
	note = notes_make(&extract->notes, extract->places.top.inode);
	if (note == NULL)
		return error_set(err, ENOMEM, "unpack");
	note->flags = INDEX_IMPLIED;
	if (fchmod(extract->root, 0755) < 0)
		return error_set(err, errno, "set the mode of the top");
	return 0;
}

int extract_run(struct tar *tar, int root, int index, const struct extract_options *options,
		struct extract_result *ret, struct error *err)
{
	struct extract extract = { .options = options,
				   .result = ret,
				   .tar = tar,
				   .root = root,
				   .uid = geteuid(),
				   .gid = getegid() };
	mode_t mask = umask(0);

	*ret = (struct extract_result){ 0 };
	int result = places_init(&extract.places, root, &extract.notes, options->max_entries, err);
	if (result == 0)
		result = begin_top(&extract, err);
	if (result == 0)
		result = add_entries(&extract, err);
	if (result == 0)
		result = extract_late_apply(&extract, err);
	if (result == 0)
		result = settle_tree(&extract, index, err);
	extract_late_release(&extract);
	places_release(&extract.places);
	notes_release(&extract.notes);
	(void)umask(mask);
	return result < 0 ? result : 0;
}
