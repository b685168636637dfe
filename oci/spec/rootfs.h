/*
 * hull-rootfs.json beside a bundle's config.json: the root file system is an overlay of these layers, which
 * hull mounts for the container alone. It is hull's own document, never an annotation or a label: what steers
 * mounts comes only from a file that nobody but the runtime's user can have written.
 */
#ifndef HULL_OCI_SPEC_ROOTFS_H
#define HULL_OCI_SPEC_ROOTFS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "base/values.h"

#define ROOTFS_FILE "hull-rootfs.json"

struct rootfs {
	const char *image;        /* digest of the image's configuration */
	const char *reference;    /* as a person named it */
	const char *pin;          /* id of the image store's record that keeps the layers */
	struct strings lower;     /* absolute paths of directories, the topmost first */
	const char *upper, *work; /* absolute; NULL: read-only */
	bool userxattr;
};

/*
 * Read it beside config.json in @bundle; strings live in @arena. @ret_found is false where there is none.
 * Errors: -EPERM another user could have written it; -EINVAL with the JSON path of what is wrong.
 */
must_check int rootfs_load(int bundle, struct arena *arena, struct rootfs *ret, bool *ret_found,
			   struct error *err);
/* Append it as JSON. Errors: -ENOMEM. */
must_check int rootfs_format(const struct rootfs *rootfs, struct text *ret, struct error *err);

#endif
