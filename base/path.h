/*
 * Paths beneath a held root. Nothing that comes from a container, an image or a document is ever
 * opened by name from the outside: it is resolved by openat2(2) below a directory descriptor.
 */
#ifndef HULL_BASE_PATH_H
#define HULL_BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct text;

/* The root of a container, or of any tree that is not trusted: an O_PATH directory. */
struct rootdir {
	int fd;
};

/*
 * Open @path as if @root were "/": "..", absolute symlinks and absolute paths stay inside, magic
 * links (/proc/PID/fd) are refused. @flags as for open(2); O_CLOEXEC is added.
 * Errors: those of openat2(2). Linux 5.6.
 */
must_check int path_open_in_root(const struct rootdir *root, const char *path, int flags, int *ret_fd,
				 struct error *err);
/*
 * Open @path beneath the directory @dir: no "..", no symlink at all, no other file system when
 * @same_device. For cgroups and state, whose trees hull knows. Errors: those of openat2(2).
 */
must_check int path_open_beneath(int dir, const char *path, int flags, bool same_device, int *ret_fd,
				 struct error *err);
/*
 * Make the directory @path where it is missing, with @mode, and those above it for everybody, 0755. What is
 * there already keeps its mode. Errors: those of mkdir, with the part that could not be made.
 */
must_check int path_make(const char *path, mode_t mode, struct error *err);
/* @path made absolute with the current directory, "." and empty parts removed; ".." is kept. */
must_check int path_absolute(const char *path, struct text *ret, struct error *err);
/* Lexical cleaning of an absolute path: "//", "." and ".." go, ".." stops at "/". */
must_check int path_clean(const char *path, struct text *ret, struct error *err);

#endif
