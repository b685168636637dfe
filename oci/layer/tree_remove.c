/*
 * Removal of trees; see tree_remove.h. Directories are kept open on the way down, up to a depth at which
 * descriptors could run out; below that the walk holds one directory and goes up by "..", and a directory
 * that is reached so must be the one it came from, or the tree is being moved meanwhile and the removal ends.
 */
#include "oci/layer/tree_remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/layer/names.h"

#include "base/banned.h"

#define OPEN_DEPTH 64

struct level {
	int fd;
	struct names names;
	size_t next;
};

/* The directories above the current one, from the top. */
struct trail {
	struct {
		dev_t device;
		ino_t inode;
	} * above;
	size_t depth, room;
};

/* A name that is there as it seems: gone, or a directory with something in it. Returns 1 for that. */
static int drop(int fd, const char *name, uint8_t type, struct error *err)
{
	if (unlinkat(fd, name, type == DT_DIR ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
		return 0;
	/* The type may be unknown, or have changed. */
	if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST)
		return 1;
	if (errno == ENOTDIR && unlinkat(fd, name, 0) == 0)
		return 0;
	return error_set(err, errno, "remove \"%s\"", name);
}

static int open_below(int fd, const char *name, int *ret, struct error *err)
{
	struct stat here, below;
	autoclose int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0 || fstat(fd, &here) < 0 || fstat(next, &below) < 0)
		return error_set(err, errno, "open \"%s\"", name);
	if (here.st_dev != below.st_dev)
		return error_set(err, EXDEV, "\"%s\" is a mount", name);
	*ret = take_fd(&next);
	return 0;
}

/* Remove what is not a directory with something in it; stop at the first such one and put its name into @ret.
 */
static int sweep(int fd, char ret[NAME_MAX + 1], struct error *err)
{
	struct names names = { 0 };
	int result = names_read(&names, fd, false, err);

	ret[0] = '\0';
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		result = drop(fd, names_at(&names, i), names_type(&names, i), err);
		if (result > 0)
			memcpy(ret, names_at(&names, i), strlen(names_at(&names, i)) + 1);
	}
	names_release(&names);
	return result < 0 ? result : 0;
}

static int go_down(struct trail *trail, int *fd, const char *name, struct error *err)
{
	struct stat here;
	int next;

	if (trail->depth == trail->room) {
		size_t room = trail->room == 0 ? 64 : trail->room * 2;
		void *above = realloc(trail->above, room * sizeof(*trail->above));

		if (above == NULL)
			return error_set(err, ENOMEM, "remove a tree");
		trail->above = above;
		trail->room = room;
	}
	int result = open_below(*fd, name, &next, err);
	if (result < 0)
		return result;
	if (fstat(*fd, &here) < 0) {
		(void)close(next); /* only read */
		return error_set(err, errno, "stat");
	}
	trail->above[trail->depth].device = here.st_dev;
	trail->above[trail->depth++].inode = here.st_ino;
	(void)close(*fd); /* only read */
	*fd = next;
	return 0;
}

static int go_up(struct trail *trail, int *fd, struct error *err)
{
	struct stat status;
	autoclose int next = openat(*fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (next < 0 || fstat(next, &status) < 0)
		return error_set(err, errno, "open the directory above");
	trail->depth--;
	if (status.st_dev != trail->above[trail->depth].device ||
	    status.st_ino != trail->above[trail->depth].inode)
		return error_set(err, EBUSY, "the tree was moved while it was removed");
	(void)close(*fd); /* only read */
	*fd = take_fd(&next);
	return 0;
}

/* However deep it is: two descriptors. */
static int remove_abyss(int directory, struct error *err)
{
	autoclose int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct trail trail = { 0 };
	char name[NAME_MAX + 1];
	int result = fd < 0 ? error_set(err, errno, "open a directory") : 0;

	while (result == 0) {
		result = sweep(fd, name, err);
		if (result == 0 && name[0] != '\0')
			result = go_down(&trail, &fd, name, err);
		else if (result == 0 && trail.depth > 0)
			result = go_up(&trail, &fd, err); /* the sweep there removes it */
		else
			break;
	}
	free(trail.above);
	return result;
}

/* Takes @fd, also on failure. */
static int enter(struct level *levels, size_t *depth, int fd, struct error *err)
{
	struct level *level = &levels[(*depth)++];

	*level = (struct level){ .fd = fd };
	return names_read(&level->names, fd, false, err);
}

static void leave(struct level *levels, size_t *depth)
{
	struct level *level = &levels[--*depth];

	names_release(&level->names);
	(void)close(level->fd); /* only read */
}

/* The next name of the lowest open directory. */
static int step(struct level *levels, size_t *depth, struct error *err)
{
	struct level *level = &levels[*depth - 1];
	const char *name = names_at(&level->names, level->next);
	int fd, result = drop(level->fd, name, names_type(&level->names, level->next), err);

	if (result <= 0) {
		level->next++;
		return result;
	}
	result = open_below(level->fd, name, &fd, err);
	if (result < 0)
		return result;
	if (*depth < OPEN_DEPTH)
		return enter(levels, depth, fd,
			     err); /* the name is not passed: it is tried again, empty then */
	result = remove_abyss(fd, err);
	(void)close(fd); /* only read */
	return result;
}

int tree_remove_contents(int directory, struct error *err)
{
	struct level levels[OPEN_DEPTH];
	size_t depth = 0;
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? error_set(err, errno, "open a directory") : enter(levels, &depth, fd, err);

	while (result == 0 && depth > 0) {
		if (levels[depth - 1].next == levels[depth - 1].names.count)
			leave(levels, &depth);
		else
			result = step(levels, &depth, err);
	}
	while (depth > 0)
		leave(levels, &depth);
	return result;
}

int tree_remove(int directory, const char *name, struct error *err)
{
	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_set(err, errno, "remove \"%s\"", name);
	if (unlinkat(directory, name, AT_REMOVEDIR) == 0)
		return 0;
	autoclose int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "remove \"%s\"", name);
	int result = tree_remove_contents(fd, err);
	if (result == 0 && unlinkat(directory, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		result = error_set(err, errno, "remove \"%s\"", name);
	return result < 0 ? error_add(err, "remove \"%s\"", name) : 0;
}
