/* A tree removed without recursion: a fixed stack of open directories; see remove.h. */
#include "base/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

#include "base/banned.h"

#define MAX_DEPTH 32
#define MAX_AGAIN 10000 /* reads of directories that were not empty in the end, without any progress */

struct level {
	DIR *stream;
	char name[256]; /* in the level above */
};

/* What is mounted there is somebody else's, and is not entered. */
static int descend(int parent, const char *name, struct level *ret, struct error *err)
{
	int fd;
	int result = path_open_beneath(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, true, &fd, err);

	if (result == -EXDEV)
		return error_set(err, EBUSY, "remove \"%s\": something is mounted there", name);
	if (result < 0)
		return result;
	ret->stream = fdopendir(fd);
	if (ret->stream == NULL) {
		(void)close(fd); /* only opened */
		return error_set(err, ENOMEM, "read \"%s\"", name);
	}
	(void)strncpy(ret->name, name, sizeof(ret->name) - 1); /* NAME_MAX is 255 */
	ret->name[sizeof(ret->name) - 1] = '\0';
	return 0;
}

/* Moves @name to the top of the tree, which is read again at the end. No name is tried twice. */
static int lift(const struct level *levels, int fd, const char *name, unsigned *lifted, struct error *err)
{
	char fresh[40];

	for (;;) {
		(void)snprintf(fresh, sizeof(fresh), ".deep-%u", (*lifted)++);
		if (renameat2(fd, name, dirfd(levels[0].stream), fresh, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return error_set(err, errno, "remove \"%s\"", name);
	}
}

/* Empties the directory at the top of the stack as far as a directory in it. Returns 1 where one was
 * entered, 0 where it is empty. */
static int empty(struct level *levels, size_t *depth, unsigned *lifted, struct error *err)
{
	DIR *stream = levels[*depth - 1].stream;
	int fd = dirfd(stream);

	for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return error_set(err, errno, "remove \"%s\"", entry->d_name);
		if (*depth == MAX_DEPTH) {
			int moved = lift(levels, fd, entry->d_name, lifted, err);

			if (moved < 0)
				return moved;
			continue;
		}
		int result = descend(fd, entry->d_name, &levels[*depth], err);
		if (result < 0)
			return result;
		(*depth)++;
		return 1;
	}
	return 0;
}

int remove_tree(int dir, const char *name, struct error *err)
{
	struct level levels[MAX_DEPTH];
	size_t depth = 0;
	unsigned again = 0, lifted = 0, before = 0;
	int result;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_set(err, errno, "remove \"%s\"", name);
	int why = errno; /* EPERM is said of directories, too */
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return error_set(err, why, "remove \"%s\"", name);
	result = descend(dir, name, &levels[0], err);
	if (result < 0)
		return result;
	depth = 1;
	while (depth > 0) {
		result = empty(levels, &depth, &lifted, err);
		if (result > 0)
			continue;
		if (result < 0)
			break;
		const struct level *top = &levels[depth - 1];

		if (unlinkat(depth > 1 ? dirfd(levels[depth - 2].stream) : dir, top->name, AT_REMOVEDIR) <
			    0 &&
		    errno != ENOENT) {
			/* something came meanwhile, or was moved up here */
			again = lifted != before ? 0 : again + 1;
			before = lifted;
			if (errno == ENOTEMPTY && again < MAX_AGAIN) {
				rewinddir(top->stream);
				continue;
			}
			result = error_set(err, errno, "remove \"%s\"", top->name);
			break;
		}
		(void)closedir(top->stream); /* only read */
		depth--;
	}
	while (depth > 0)
		(void)closedir(levels[--depth].stream); /* only read */
	return result;
}
