/*
 * What a container changed; see diff.h. As docker tells it: a directory in which something changed is changed
 * itself; what is below a removed or added directory is told for added ones only.
 */
#include "oci/layer/diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/layer/names.h"

#include "base/banned.h"

#define MAX_DEPTH 512

struct level {
	int upper, lower; /* lower -1: nothing is below */
	bool opaque;
	struct names names; /* of both, when opaque; else of the upper one */
	size_t next, path_length;
};

struct walk {
	bool user_xattr;
	diff_callback *callback;
	void *context;
	struct text path; /* "" for the top */
	struct level levels[MAX_DEPTH];
	size_t depth;
};

static bool is_opaque(const struct walk *walk, int fd)
{
	char value = '\0';

	/* Also where the file system has no xattrs. */
	return fgetxattr(fd, walk->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque", &value,
			 1) == 1 &&
	       value == 'y';
}

/* Takes both descriptors, also on failure. */
static int enter(struct walk *walk, int upper, int lower, struct error *err)
{
	struct level *level;
	int result = 0;

	if (walk->depth == MAX_DEPTH) {
		(void)close(upper); /* only read */
		if (lower >= 0)
			(void)close(lower); /* only read */
		return error_set(err, EFBIG, "the tree is more than %d directories deep", MAX_DEPTH);
	}
	level = &walk->levels[walk->depth++];
	*level = (struct level){ .upper = upper,
				 .lower = lower,
				 .opaque = is_opaque(walk, upper),
				 .path_length = walk->path.length };
	result = names_read(&level->names, upper, false, err);
	/* What an opaque directory does not have is removed without a whiteout. */
	if (result == 0 && level->opaque && lower >= 0)
		result = names_read(&level->names, lower, false, err);
	names_sort(&level->names);
	return result;
}

static void leave(struct walk *walk)
{
	struct level *level = &walk->levels[--walk->depth];

	(void)close(level->upper); /* only read */
	if (level->lower >= 0)
		(void)close(level->lower); /* only read */
	names_release(&level->names);
}

static int tell(struct walk *walk, enum diff_kind kind)
{
	return walk->callback(walk->context, kind, walk->path.data);
}

static int look(int fd, const char *name, struct stat *ret, struct error *err)
{
	if (fd < 0)
		return 0;
	if (fstatat(fd, name, ret, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : error_set(err, errno, "stat");
}

static int open_directory(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int visit(struct walk *walk, const struct level *level, const char *name, struct error *err)
{
	struct stat upper, lower;
	int above = look(level->upper, name, &upper, err);
	int below = above < 0 ? above : look(level->lower, name, &lower, err);

	if (below < 0)
		return below;
	if (above == 0 || (S_ISCHR(upper.st_mode) && upper.st_rdev == 0))
		return below > 0 ? tell(walk, DIFF_DELETED) : 0;
	int result = tell(walk, below > 0 ? DIFF_CHANGED : DIFF_ADDED);
	if (result < 0 || !S_ISDIR(upper.st_mode))
		return result;
	int fd = open_directory(level->upper, name);
	if (fd < 0)
		return error_set(err, errno, "open");
	return enter(walk, fd, below > 0 && S_ISDIR(lower.st_mode) ? open_directory(level->lower, name) : -1,
		     err);
}

static int step(struct walk *walk, struct error *err)
{
	struct level *level = &walk->levels[walk->depth - 1];

	if (level->next == level->names.count) {
		leave(walk);
		return 0;
	}
	const char *name = names_at(&level->names, level->next++);
	walk->path.length = level->path_length;
	text_append(&walk->path, "/");
	text_append(&walk->path, name);
	int result = text_done(&walk->path, err);
	return result < 0 ? result : visit(walk, level, name, err);
}

int diff_tree(int upper, int lower, bool user_xattr, diff_callback *callback, void *context,
	      struct error *err)
{
	autofree struct walk *walk = calloc(1, sizeof(*walk));
	autoclose int top = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int below = openat(lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (walk == NULL)
		return error_set(err, ENOMEM, "compare trees");
	if (top < 0 || below < 0)
		return error_set(err, errno, "open the trees");
	walk->user_xattr = user_xattr;
	walk->callback = callback;
	walk->context = context;
	int result = enter(walk, take_fd(&top), take_fd(&below), err);
	while (result == 0 && walk->depth > 0)
		result = step(walk, err);
	while (walk->depth > 0)
		leave(walk);
	text_release(&walk->path);
	return result;
}
