/* The walk at the end of an extraction; see settle.h. */
#include "oci/layer/settle.h"

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
#include "oci/layer/attributes.h"
#include "oci/layer/index.h"
#include "oci/layer/index_write.h"
#include "oci/layer/names.h"

#include "base/banned.h"

/* A directory that the walk is in. */
struct level {
	int fd;
	uint64_t inode;
	struct names names;
	size_t next;        /* of the names */
	size_t path_length; /* of the walk's path, where this directory's own ends */
	bool opaque;        /* it, or one above it, hides all that is below */
};

struct walk {
	struct extract *extract;
	struct index_writer writer;
	bool indexed;
	struct text path; /* "" for the top */
	struct level levels[SETTLE_MAX_DEPTH];
	size_t depth;
};

static int compare_late(const void *a, const void *b)
{
	const struct extract_late *one = a, *other = b;

	if (one->parent != other->parent)
		return one->parent < other->parent ? -1 : 1;
	return one < other ? -1 : 1;
}

/* The first link to a lower layer in the directory @inode, after sorting. */
static size_t first_link(const struct extract *extract, uint64_t inode)
{
	size_t low = 0, high = extract->late_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (extract->late[middle].parent < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const char *leaf_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Of several with one name the last. NULL: there is none. */
static const struct extract_late *find_link(const struct extract *extract, uint64_t inode, const char *name)
{
	const struct extract_late *found = NULL;

	for (size_t i = first_link(extract, inode); i < extract->late_count; i++) {
		if (extract->late[i].parent != inode)
			break;
		if (text_equal(leaf_of(extract->late[i].path), name))
			found = &extract->late[i];
	}
	return found;
}

/* Names of links, which are not on the disk, join those that are. */
static int add_links(const struct extract *extract, struct level *level, struct error *err)
{
	int result = 0;

	for (size_t i = first_link(extract, level->inode); result == 0 && i < extract->late_count; i++) {
		if (extract->late[i].parent != level->inode)
			break;
		result = names_add(&level->names, leaf_of(extract->late[i].path), err);
	}
	return result;
}

/* Takes @fd, also on failure. */
static int enter(struct walk *walk, int fd, uint64_t inode, bool opaque, struct error *err)
{
	struct level *level;

	if (walk->depth == SETTLE_MAX_DEPTH) {
		(void)close(fd); /* only read */
		return error_set(err, EFBIG, "the tree is more than %d directories deep", SETTLE_MAX_DEPTH);
	}
	level = &walk->levels[walk->depth++];
	*level = (struct level){
		.fd = fd, .inode = inode, .path_length = walk->path.length, .opaque = opaque
	};
	int result = names_read(&level->names, fd, !walk->indexed, err);
	if (result == 0 && walk->extract->late_count > 0 && walk->indexed)
		result = add_links(walk->extract, level, err);
	if (result == 0)
		names_sort(&level->names);
	return result;
}

static int leave(struct walk *walk, struct error *err)
{
	struct level *level = &walk->levels[--walk->depth];
	const struct notes_directory *note = notes_find(&walk->extract->notes, level->inode);
	autoclose int fd = level->fd;

	names_release(&level->names);
	if (note == NULL)
		return 0;
	if (note->acl != NULL && fsetxattr(fd, ATTRIBUTES_DEFAULT_ACL, note->acl, note->acl_length, 0) < 0) {
		if (errno != EOPNOTSUPP && errno != EINVAL && errno != EPERM)
			return error_set(err, errno, "set the default ACL");
		walk->extract->result->xattrs_dropped++;
	}
	return attributes_set_time(fd, note->mtime, note->mtime_ns, err);
}

static int write_entry(struct walk *walk, const struct stat *status, const char *link, uint32_t flags,
		       struct error *err)
{
	struct index_entry entry = {
		.path = walk->path.length == 0 ? "." : walk->path.data,
		.link = link,
		.size = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0,
		.inode = status->st_ino,
		.mtime = status->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)status->st_mtim.tv_nsec,
		.mode = status->st_mode,
		.uid = status->st_uid,
		.gid = status->st_gid,
		.device = major(status->st_rdev) << 20 | minor(status->st_rdev),
		.flags = flags,
	};

	return index_write_entry(&walk->writer, &entry, err);
}

static int count_bytes(struct walk *walk, const struct stat *status, uint32_t *flags, struct error *err)
{
	struct extract *extract = walk->extract;

	if (status->st_nlink > 1) {
		*flags |= INDEX_LINKED;
		if (notes_has_name(&extract->notes, status->st_ino, ""))
			return 0;
		int result = notes_add_name(&extract->notes, status->st_ino, "", err);
		if (result < 0)
			return result;
	}
	extract->result->files_bytes += (uint64_t)status->st_blocks * 512;
	return 0;
}

static int visit_file(struct walk *walk, const struct level *level, const char *name,
		      const struct stat *status, struct error *err)
{
	char target[PATH_MAX] = "";
	uint32_t flags = 0;

	if (S_ISCHR(status->st_mode) && status->st_rdev == 0) {
		flags = INDEX_WHITEOUT;
		/* Nothing is left to hide, and some kernels would show it. */
		if (level->opaque)
			return unlinkat(level->fd, name, 0) < 0 ? error_set(err, errno, "remove a whiteout")
								: 0;
	} else if (S_ISLNK(status->st_mode)) {
		ssize_t length = readlinkat(level->fd, name, target, sizeof(target) - 1);
		if (length < 0)
			return error_set(err, errno, "read a symlink");
		target[length] = '\0';
	}
	int result = count_bytes(walk, status, &flags, err);
	return result < 0 ? result : write_entry(walk, status, target, flags, err);
}

/* Takes @fd, also on failure. */
static int visit_directory(struct walk *walk, int fd, struct stat *status, bool opaque, struct error *err)
{
	const struct notes_directory *note = notes_find(&walk->extract->notes, status->st_ino);
	uint32_t flags = 0;

	if (note != NULL) {
		flags = note->flags;
		status->st_mtim = (struct timespec){ .tv_sec = note->mtime, .tv_nsec = note->mtime_ns };
	}
	int result = walk->indexed ? write_entry(walk, status, "", flags, err) : 0;
	if (result < 0) {
		(void)close(fd); /* only read */
		return result;
	}
	walk->extract->result->files_bytes += (uint64_t)status->st_blocks * 512;
	/* The top is always there: it only counts as implied for who asks the index. */
	walk->extract->result->implied += walk->path.length > 0 && (flags & INDEX_IMPLIED) != 0;
	return enter(walk, fd, status->st_ino, opaque || (flags & INDEX_OPAQUE) != 0, err);
}

static int visit_top(struct walk *walk, struct error *err)
{
	autoclose int top = openat(walk->extract->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (top < 0 || fstat(top, &status) < 0)
		return error_set(err, errno, "open the top");
	return visit_directory(walk, take_fd(&top), &status, false, err);
}

static int visit_link(struct walk *walk, const struct extract_late *late, struct error *err)
{
	const struct index_entry entry = { .path = walk->path.data,
					   .link = late->link,
					   .flags = INDEX_LOWER_LINK };

	walk->extract->result->lower_links++;
	return index_write_entry(&walk->writer, &entry, err);
}

static int visit(struct walk *walk, const struct level *level, const char *name, struct error *err)
{
	const struct extract_late *late = NULL;
	struct stat status;
	bool there = fstatat(level->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;

	if (!there && errno != ENOENT)
		return error_set(err, errno, "stat");
	if (there && S_ISDIR(status.st_mode)) {
		int fd = openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? error_set(err, errno, "open")
			      : visit_directory(walk, fd, &status, level->opaque, err);
	}
	if (!walk->indexed)
		return 0;
	bool whiteout = there && S_ISCHR(status.st_mode) && status.st_rdev == 0;
	if (walk->extract->late_count > 0 && (!there || whiteout))
		late = find_link(walk->extract, level->inode, name);
	if (late == NULL)
		return there ? visit_file(walk, level, name, &status, err) : 0;
	/* What the layer brings wins over its whiteout, also when it brings a link. */
	if (whiteout && unlinkat(level->fd, name, 0) < 0)
		return error_set(err, errno, "remove a whiteout");
	return visit_link(walk, late, err);
}

static int step(struct walk *walk, struct error *err)
{
	struct level *level = &walk->levels[walk->depth - 1];

	if (level->next == level->names.count)
		return leave(walk, err);
	const char *name = names_at(&level->names, level->next++);
	walk->path.length = level->path_length;
	if (walk->path.length > 0)
		text_append(&walk->path, "/");
	text_append(&walk->path, name);
	int result = text_done(&walk->path, err);
	if (result == 0)
		result = visit(walk, level, name, err);
	return result < 0 ? error_add(err, "\"%.200s\"", walk->path.data) : 0;
}

/* Only links remain, by directory. */
static void sort_links(struct extract *extract)
{
	size_t kept = 0;

	for (size_t i = 0; i < extract->late_count; i++) {
		struct extract_late late = extract->late[i];

		if (late.flag == INDEX_LOWER_LINK) {
			extract->late[i] = extract->late[kept];
			extract->late[kept++] = late;
		}
	}
	for (size_t i = kept; i < extract->late_count; i++) {
		free(extract->late[i].path);
		free(extract->late[i].link);
	}
	extract->late_count = kept;
	if (kept > 0)
		qsort(extract->late, kept, sizeof(*extract->late), compare_late);
}

int settle_tree(struct extract *extract, int index, struct error *err)
{
	autofree struct walk *walk = calloc(1, sizeof(*walk));
	int result;

	if (walk == NULL)
		return error_set(err, ENOMEM, "unpack");
	walk->extract = extract;
	walk->indexed = index >= 0;
	/* Directories that were removed may be open in the cache, and its descriptors are needed. */
	places_forget(&extract->places);
	sort_links(extract);
	index_write_begin(&walk->writer, index);
	result = visit_top(walk, err);
	while (result == 0 && walk->depth > 0)
		result = step(walk, err);
	if (result == 0 && walk->indexed)
		result = index_write_end(&walk->writer, err);
	while (walk->depth > 0) {
		struct level *level = &walk->levels[--walk->depth];
		(void)close(level->fd); /* only read */
		names_release(&level->names);
	}
	index_write_release(&walk->writer);
	text_release(&walk->path);
	return result;
}
