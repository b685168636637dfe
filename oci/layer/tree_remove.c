/*
 * Removal of trees; see tree_remove.h. It goes down into the first directory it finds and up by "..", so that
 * no more descriptors are open than two, however deep a tree is; a directory that is reached by ".." must be
 * the one it came from, or the tree is being moved meanwhile and the removal ends.
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

#include "base/banned.h"

/* The directories above the current one, from the top. */
struct trail {
	struct {
		dev_t device;
		ino_t inode;
	} * above;
	size_t depth, room;
};

/* Remove what is not a directory; stop at the first that is not empty and put its name into @ret. */
static int sweep(int fd, char ret[NAME_MAX + 1], struct error *err)
{
	autoclose int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	int result = 0;

	if (stream == NULL)
		return error_set(err, errno, "open a directory");
	(void)take_fd(&copy); /* the stream's */
	ret[0] = '\0';
	while (result == 0 && ret[0] == '\0') {
		errno = 0;
		const struct dirent *entry = readdir(stream);

		if (entry == NULL && errno != 0)
			result = error_set(err, errno, "read a directory");
		if (entry == NULL)
			break;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if ((entry->d_type != DT_DIR && unlinkat(fd, entry->d_name, 0) == 0) ||
		    (entry->d_type == DT_DIR && unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0))
			continue;
		if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST)
			memcpy(ret, entry->d_name, strlen(entry->d_name) + 1);
		else if (errno != ENOENT)
			result = error_set(err, errno, "remove \"%s\"", entry->d_name);
	}
	(void)closedir(stream); /* only read */
	return result;
}

static int go_down(struct trail *trail, int *fd, const char *name, struct error *err)
{
	struct stat here, below;

	if (trail->depth == trail->room) {
		size_t room = trail->room == 0 ? 64 : trail->room * 2;
		void *above = realloc(trail->above, room * sizeof(*trail->above));

		if (above == NULL)
			return error_set(err, ENOMEM, "remove a tree");
		trail->above = above;
		trail->room = room;
	}
	autoclose int next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(*fd, &here) < 0 || fstat(next, &below) < 0)
		return error_set(err, errno, "open \"%s\"", name);
	if (here.st_dev != below.st_dev)
		return error_set(err, EXDEV, "\"%s\" is a mount", name);
	trail->above[trail->depth].device = here.st_dev;
	trail->above[trail->depth++].inode = here.st_ino;
	(void)close(*fd); /* only read */
	*fd = take_fd(&next);
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

int tree_remove_contents(int directory, struct error *err)
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
