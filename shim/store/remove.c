/* A tree removed without recursion: a fixed stack of open directories; see remove.h. */
#include "shim/store/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define MAX_DEPTH 32

struct level {
	DIR *stream;
	char name[256]; /* in the level above */
};

static int descend(int parent, const char *name, struct level *ret, struct error *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", name);
	ret->stream = fdopendir(fd);
	if (ret->stream == NULL) {
		(void)close(fd); /* only opened */
		return error_set(err, ENOMEM, "read \"%s\"", name);
	}
	(void)strncpy(ret->name, name, sizeof(ret->name) - 1); /* NAME_MAX is 255 */
	ret->name[sizeof(ret->name) - 1] = '\0';
	return 0;
}

/* Empties the directory at the top of the stack as far as a directory in it. Returns 1 where one was
 * entered, 0 where it is empty. */
static int empty(struct level *levels, size_t *depth, struct error *err)
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
		if (*depth == MAX_DEPTH)
			return error_set(err, ELOOP, "remove \"%s\"", entry->d_name);
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
	int result;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	result = descend(dir, name, &levels[0], err);
	if (result < 0)
		return result;
	depth = 1;
	while (depth > 0) {
		result = empty(levels, &depth, err);
		if (result > 0)
			continue;
		if (result < 0)
			break;
		const struct level *top = &levels[--depth];

		(void)closedir(top->stream); /* only read */
		if (unlinkat(depth > 0 ? dirfd(levels[depth - 1].stream) : dir, top->name, AT_REMOVEDIR) <
			    0 &&
		    errno != ENOENT)
			result = error_set(err, errno, "remove \"%s\"", top->name);
		if (result < 0)
			break;
	}
	while (depth > 0)
		(void)closedir(levels[--depth].stream); /* only read */
	return result;
}
