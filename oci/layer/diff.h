/*
 * What a container changed: its overlay's upper directory told against what lies below.
 */
#ifndef HULL_OCI_LAYER_DIFF_H
#define HULL_OCI_LAYER_DIFF_H

#include <stdbool.h>

#include "base/error.h"

enum diff_kind { DIFF_ADDED = 'A', DIFF_CHANGED = 'C', DIFF_DELETED = 'D' };

/* @path: "/etc/hosts". A negative return ends the walk and is returned. */
typedef int diff_callback(void *context, enum diff_kind kind, const char *path);

/*
 * Tell @callback of each difference, sorted, directories before what is in them. @upper: the upper directory;
 * @lower: the root of the merged layers beneath it (an overlay of them, or one layer), both O_RDONLY.
 * @user_xattr: opaque marks are user.overlay.*.
 */
must_check int diff_tree(int upper, int lower, bool user_xattr, diff_callback *callback, void *context,
			 struct error *err);

#endif
