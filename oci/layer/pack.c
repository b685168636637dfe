/*
 * A directory becomes a layer's tar; see pack.h. The walk keeps one descriptor for each directory it is in;
 * files are opened without following anything, and hold what they are found to have: one that shrinks
 * meanwhile is an error, one that grows is cut.
 */
#include "oci/layer/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/layer/names.h"
#include "oci/layer/tar.h"
#include "oci/layer/tar_write.h"

#include "base/banned.h"

#define MAX_DEPTH 512
#define XATTR_BYTES 65536
#define PIECE_BYTES ((size_t)256 << 10)

/* A name under which an inode was already written. */
struct first_name {
	uint64_t inode;
	char *path;
};

struct level {
	int fd;
	struct names names;
	size_t next, path_length;
};

struct packing {
	const struct pack_options *options;
	struct encoder *encoder;
	dev_t device;
	struct text path; /* "" for the top */
	struct text header;
	struct level levels[MAX_DEPTH];
	size_t depth;
	struct first_name *links; /* by inode, open addressing; a power of two */
	size_t link_count, link_room;
	struct tar_xattr xattrs[TAR_MAX_XATTRS];
	char xattr_names[XATTR_BYTES];
	uint8_t xattr_values[2 * XATTR_BYTES];
	uint8_t piece[PIECE_BYTES];
};

static int write_header(struct packing *packing, const struct tar_entry *entry, struct error *err)
{
	packing->header.length = 0;
	tar_write_header(entry, &packing->header);
	int result = text_done(&packing->header, err);
	return result < 0
		       ? result
		       : encoder_write(packing->encoder, packing->header.data, packing->header.length, err);
}

static const char *overlay_prefix(const struct packing *packing)
{
	return packing->options->user_xattr ? "user.overlay." : "trusted.overlay.";
}

/* Marks of an overlay are not the files' own; labels of this machine mean nothing on another. */
static bool xattr_wanted(const struct packing *packing, const char *name)
{
	if (packing->options->whiteouts && text_starts(name, overlay_prefix(packing)))
		return false;
	return text_starts(name, "user.") || text_equal(name, "security.capability") ||
	       text_equal(name, "system.posix_acl_access") || text_equal(name, "system.posix_acl_default");
}

/* Of the open file or directory @fd, sorted by name because the order on the disk is no one's. */
static int read_xattrs(struct packing *packing, int fd, struct tar_entry *entry, struct error *err)
{
	ssize_t length = flistxattr(fd, packing->xattr_names, XATTR_BYTES);
	size_t used = 0, count = 0;

	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : error_set(err, errno, "read xattrs");
	for (const char *name = packing->xattr_names; name < packing->xattr_names + length;
	     name += strlen(name) + 1) {
		if (!xattr_wanted(packing, name))
			continue;
		ssize_t size = fgetxattr(fd, name, packing->xattr_values + used,
					 sizeof(packing->xattr_values) - used);
		if (size < 0 || count == TAR_MAX_XATTRS)
			return error_set(err, size < 0 ? errno : E2BIG, "read xattrs");
		size_t at = count++;
		for (; at > 0 && strcmp(name, packing->xattrs[at - 1].name) < 0; at--)
			packing->xattrs[at] = packing->xattrs[at - 1];
		packing->xattrs[at] = (struct tar_xattr){ name, packing->xattr_values + used, (size_t)size };
		used += (size_t)size;
	}
	entry->xattrs = packing->xattrs;
	entry->xattr_count = count;
	return 0;
}

static struct tar_entry entry_of(const struct packing *packing, const struct stat *status)
{
	return (struct tar_entry){
		.path = packing->path.length == 0 ? "." : packing->path.data,
		.mode = status->st_mode & 07777,
		.uid = status->st_uid,
		.gid = status->st_gid,
		.mtime = status->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)status->st_mtim.tv_nsec,
	};
}

static struct first_name *link_place(struct first_name *table, size_t room, uint64_t inode)
{
	size_t at = (size_t)(inode * UINT64_C(0x9e3779b97f4a7c15) >> 16) & (room - 1);

	while (table[at].path != NULL && table[at].inode != inode)
		at = (at + 1) & (room - 1);
	return &table[at];
}

/* The first name of an inode that has several; NULL and remembered where this is it. */
static int first_name(struct packing *packing, uint64_t inode, const char **ret, struct error *err)
{
	if (packing->link_count * 2 >= packing->link_room) {
		size_t room = packing->link_room == 0 ? 256 : packing->link_room * 2;
		struct first_name *table = calloc(room, sizeof(*table));

		if (table == NULL)
			return error_set(err, ENOMEM, "pack");
		for (size_t i = 0; i < packing->link_room; i++) {
			if (packing->links[i].path != NULL)
				*link_place(table, room, packing->links[i].inode) = packing->links[i];
		}
		free(packing->links);
		packing->links = table;
		packing->link_room = room;
	}
	struct first_name *place = link_place(packing->links, packing->link_room, inode);
	*ret = place->path;
	if (place->path != NULL)
		return 0;
	place->inode = inode;
	place->path = strdup(packing->path.data);
	packing->link_count++;
	return place->path == NULL ? error_set(err, ENOMEM, "pack") : 0;
}

static int write_data(struct packing *packing, int fd, uint64_t size, struct error *err)
{
	for (uint64_t left = size; left > 0;) {
		ssize_t got = read(fd, packing->piece, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set(err, got < 0 ? errno : EIO, "read the file");
		int result = encoder_write(packing->encoder, packing->piece, (size_t)got, err);
		if (result < 0)
			return result;
		left -= (uint64_t)got;
	}
	packing->header.length = 0;
	tar_write_padding(size, &packing->header);
	return encoder_write(packing->encoder, packing->header.data, packing->header.length, err);
}

static int pack_file(struct packing *packing, int parent, const char *name, struct error *err)
{
	autoclose int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set(err, errno, "open the file");
	if (!S_ISREG(status.st_mode))
		return error_set(err, EAGAIN, "the tree changes meanwhile");
	struct tar_entry entry = entry_of(packing, &status);
	entry.type = TAR_FILE;
	entry.size = (uint64_t)status.st_size;
	int result = read_xattrs(packing, fd, &entry, err);
	if (result == 0)
		result = write_header(packing, &entry, err);
	return result < 0 ? result : write_data(packing, fd, entry.size, err);
}

/* ".wh.NAME" in the directory that the path is in. */
static int pack_whiteout(struct packing *packing, const char *name, const struct stat *status,
			 struct error *err)
{
	autotext struct text path = TEXT_EMPTY;
	struct tar_entry entry = entry_of(packing, status);

	text_append_bytes(&path, packing->path.data, packing->path.length - strlen(name));
	text_append(&path, ".wh.");
	text_append(&path, name);
	int result = text_done(&path, err);
	if (result < 0)
		return result;
	entry.type = TAR_FILE;
	entry.path = path.data;
	entry.mode = 0600;
	return write_header(packing, &entry, err);
}

static int pack_other(struct packing *packing, int parent, const char *name, const struct stat *status,
		      struct error *err)
{
	struct tar_entry entry = entry_of(packing, status);
	char target[PATH_MAX];

	if (S_ISLNK(status->st_mode)) {
		ssize_t length = readlinkat(parent, name, target, sizeof(target) - 1);

		if (length < 0)
			return error_set(err, errno, "read the symlink");
		target[length] = '\0';
		entry.type = TAR_SYMLINK;
		entry.link = target;
	} else if (S_ISFIFO(status->st_mode)) {
		entry.type = TAR_FIFO;
	} else {
		entry.type = S_ISCHR(status->st_mode) ? TAR_CHARACTER : TAR_BLOCK_DEVICE;
		entry.major = major(status->st_rdev);
		entry.minor = minor(status->st_rdev);
	}
	return write_header(packing, &entry, err);
}

static int write_opaque(struct packing *packing, const struct stat *status, int fd, struct error *err)
{
	char name[64], value = '\0';
	struct tar_entry entry = entry_of(packing, status);
	autotext struct text path = TEXT_EMPTY;

	if (!packing->options->whiteouts)
		return 0;
	memcpy(name, overlay_prefix(packing), strlen(overlay_prefix(packing)) + 1);
	memcpy(name + strlen(name), "opaque", sizeof("opaque"));
	if (fgetxattr(fd, name, &value, 1) != 1 || value != 'y')
		return 0; /* also where the file system has no xattrs */
	if (packing->path.length > 0) {
		text_append(&path, packing->path.data);
		text_append(&path, "/");
	}
	text_append(&path, ".wh..wh..opq");
	int result = text_done(&path, err);
	if (result < 0)
		return result;
	entry.type = TAR_FILE;
	entry.path = path.data;
	entry.mode = 0600;
	return write_header(packing, &entry, err);
}

/* Takes @fd, also on failure. */
static int enter(struct packing *packing, int fd, struct error *err)
{
	struct level *level;
	struct stat status;

	if (packing->depth == MAX_DEPTH || fstat(fd, &status) < 0) {
		(void)close(fd); /* only read */
		return error_set(err, EFBIG, "the tree is more than %d directories deep", MAX_DEPTH);
	}
	level = &packing->levels[packing->depth++];
	*level = (struct level){ .fd = fd, .path_length = packing->path.length };
	struct tar_entry entry = entry_of(packing, &status);
	entry.type = TAR_DIRECTORY;
	int result = read_xattrs(packing, fd, &entry, err);
	if (result == 0)
		result = write_header(packing, &entry, err);
	if (result == 0)
		result = write_opaque(packing, &status, fd, err);
	/* What is mounted in the tree is not the tree's: there the directory is all. */
	if (result == 0 && status.st_dev == packing->device)
		result = names_read(&level->names, fd, false, err);
	names_sort(&level->names);
	return result;
}

static int visit(struct packing *packing, const struct level *level, const char *name, struct error *err)
{
	struct stat status;
	const char *first = NULL;

	if (fstatat(level->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "stat");
	if (text_starts(name, ".wh."))
		return error_set(err, 0, "a name that begins with \".wh.\" cannot be in a layer");
	if (S_ISDIR(status.st_mode)) {
		int fd = openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? error_set(err, errno, "open") : enter(packing, fd, err);
	}
	if (S_ISSOCK(status.st_mode))
		return 0;
	if (S_ISCHR(status.st_mode) && status.st_rdev == 0)
		return packing->options->whiteouts
			       ? pack_whiteout(packing, name, &status, err)
			       : error_set(err, 0, "a character device 0:0 cannot be in a layer");
	if (status.st_nlink > 1) {
		int result = first_name(packing, status.st_ino, &first, err);
		if (result < 0)
			return result;
	}
	if (first != NULL) {
		struct tar_entry entry = entry_of(packing, &status);
		entry.type = TAR_HARDLINK;
		entry.link = first;
		return write_header(packing, &entry, err);
	}
	return S_ISREG(status.st_mode) ? pack_file(packing, level->fd, name, err)
				       : pack_other(packing, level->fd, name, &status, err);
}

static int step(struct packing *packing, struct error *err)
{
	struct level *level = &packing->levels[packing->depth - 1];

	if (level->next == level->names.count) {
		(void)close(level->fd); /* only read */
		names_release(&level->names);
		packing->depth--;
		return 0;
	}
	const char *name = names_at(&level->names, level->next++);
	packing->path.length = level->path_length;
	if (packing->path.length > 0)
		text_append(&packing->path, "/");
	text_append(&packing->path, name);
	int result = text_done(&packing->path, err);
	if (result == 0)
		result = visit(packing, level, name, err);
	return result < 0 ? error_add(err, "pack \"%.200s\"", packing->path.data) : 0;
}

static int pack_all(struct packing *packing, int directory, struct encoder_result *ret, struct error *err)
{
	autoclose int top = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (top < 0 || fstat(top, &status) < 0)
		return error_set(err, errno, "open the tree");
	packing->device = status.st_dev;
	int result = enter(packing, take_fd(&top), err);
	while (result == 0 && packing->depth > 0)
		result = step(packing, err);
	if (result < 0)
		return result;
	packing->header.length = 0;
	tar_write_end(&packing->header);
	result = text_done(&packing->header, err);
	if (result == 0)
		result = encoder_write(packing->encoder, packing->header.data, packing->header.length, err);
	return result < 0 ? result : encoder_finish(packing->encoder, ret, err);
}

int pack_tree(int directory, int out, const struct pack_options *options, struct encoder_result *ret,
	      struct error *err)
{
	autofree struct packing *packing = calloc(1, sizeof(*packing));

	if (packing == NULL)
		return error_set(err, ENOMEM, "pack");
	packing->options = options;
	int result = encoder_open(out, options->codec, options->level, &packing->encoder, err);
	if (result == 0)
		result = pack_all(packing, directory, ret, err);
	encoder_close(packing->encoder);
	for (; packing->depth > 0; packing->depth--) {
		(void)close(packing->levels[packing->depth - 1].fd); /* only read */
		names_release(&packing->levels[packing->depth - 1].names);
	}
	for (size_t i = 0; i < packing->link_room; i++)
		free(packing->links[i].path);
	free(packing->links);
	text_release(&packing->path);
	text_release(&packing->header);
	return result;
}
