/*
 * Overlay mounts made of directories that are held by descriptor: no path of theirs is looked up again, and
 * the mount belongs to nobody's file tree until it is attached.
 */
#ifndef HULL_BASE_OVERLAY_H
#define HULL_BASE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define OVERLAY_MAX_LOWER 500 /* the kernel's limit */

struct overlay {
	const int *lower; /* directories, the topmost first; O_PATH will do */
	size_t lower_count;
	int upper, work; /* the writable layer and its scratch directory, empty and on one file system; -1:
			    read-only */
	bool userxattr;  /* marks are user.overlay.*: for mounts made in a user namespace */
};

/*
 * Mount it, detached: the tree is seen through @ret_fd only and goes with the last reference to it. Attach it
 * with move_mount(2), or look into it with path_open_in_root. What layers carry never steers the mount: no
 * redirects, no metacopy, no index. Errors: -EINVAL no lower directory, too many; those of the kernel.
 */
must_check int overlay_open(const struct overlay *overlay, int *ret_fd, struct error *err);
/*
 * The same by mount(2) in a short-lived process with a mount namespace of its own, as kernels before 6.8
 * need. overlay_open comes here by itself.
 */
must_check int overlay_open_legacy(const struct overlay *overlay, int *ret_fd, struct error *err);
/* Attach @tree, a detached mount, to the open @directory of the caller's mount namespace. */
must_check int overlay_attach(int tree, int directory, struct error *err);

#endif
