/* Paths beneath a held root; see path.h. */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

#include "base/banned.h"

/* openat2 answers EAGAIN when a rename anywhere raced with a walk that has "..": ask again. */
#define OPENAT2_TRIES 128

static int open_how(int dir, const char *path, int flags, unsigned long long resolve, int *ret_fd,
		    struct error *err)
{
	struct open_how how = {
		.flags = (unsigned long long)(unsigned)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) != 0 ? 0600 : 0,
		.resolve = resolve,
	};
	long fd = -EAGAIN;

	for (int i = 0; i < OPENAT2_TRIES && (fd == -EAGAIN || fd == -EINTR); i++)
		fd = sys_openat2(dir, path, &how, sizeof(how));
	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", path);
	*ret_fd = (int)fd;
	return 0;
}

int path_open_in_root(const struct rootdir *root, const char *path, int flags, int *ret_fd, struct error *err)
{
	return open_how(root->fd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, ret_fd, err);
}

int path_open_beneath(int dir, const char *path, int flags, bool same_device, int *ret_fd, struct error *err)
{
	return open_how(dir, path, flags,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
				(same_device ? RESOLVE_NO_XDEV : 0),
			ret_fd, err);
}

int path_absolute(const char *path, struct text *ret, struct error *err)
{
	if (path[0] != '/') {
		autofree char *cwd = getcwd(NULL, 0);

		if (cwd == NULL)
			return error_set(err, errno, "getcwd");
		if (cwd[0] != '/')
			return error_set(err, ENOENT, "the current directory \"%s\" is not reachable", cwd);
		if (strcmp(cwd, "/") != 0)
			text_append(ret, cwd);
	}
	while (*path != '\0') {
		size_t skip = strspn(path, "/");
		size_t part = strcspn(path + skip, "/");

		if (part > 0 && !(part == 1 && path[skip] == '.')) {
			text_append(ret, "/");
			text_append_bytes(ret, path + skip, part);
		}
		path += skip + part;
	}
	if (ret->length == 0)
		text_append(ret, "/");
	return text_done(ret, err);
}

int path_clean(const char *path, struct text *ret, struct error *err)
{
	size_t start = ret->length;

	while (*path != '\0') {
		size_t skip = strspn(path, "/");
		const char *part = path + skip;
		size_t length = strcspn(part, "/");

		path = part + length;
		if (length == 0 || (length == 1 && part[0] == '.'))
			continue;
		if (length == 2 && part[0] == '.' && part[1] == '.') {
			while (ret->length > start && ret->data[ret->length - 1] != '/')
				ret->length--;
			if (ret->length > start)
				ret->data[--ret->length] = '\0';
			continue;
		}
		text_append(ret, "/");
		text_append_bytes(ret, part, length);
	}
	if (ret->length == start)
		text_append(ret, "/");
	return text_done(ret, err);
}

int path_make(const char *path, mode_t mode, struct error *err)
{
	autofree char *part = strdup(path);

	if (part == NULL)
		return error_set(err, ENOMEM, "make the directory \"%s\"", path);
	for (char *slash = part[0] == '\0' ? NULL : strchr(part + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return error_set(err, errno, "make the directory \"%s\"", part);
		*slash = '/';
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return error_set(err, errno, "make the directory \"%s\"", path);
	return 0;
}
