/*
 * Directories that outlive the writable layer: named volumes below the volumes' root, unnamed ones in the
 * bundle (they go with it). A new one starts with what the image has at its place.
 */
#ifndef HULL_OCI_MAKE_VOLUMES_H
#define HULL_OCI_MAKE_VOLUMES_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/make/draft.h"

/*
 * @name NULL: an unnamed one. @copy: fill a new one from @destination of the container's root. @ret_path: on
 * the host, in the draft's arena. Errors: -EINVAL a name that is none; those of files.
 */
must_check int volumes_open(struct draft *draft, const char *name, const char *destination, bool copy,
			    const char **ret_path, struct error *err);

#endif
