/*
 * Owner, mode, xattrs, times of what an archive has, by descriptor. Which xattrs a layer may have is decided
 * here: nothing that overlayfs, a security module or another program takes for its own.
 */
#ifndef HULL_OCI_LAYER_ATTRIBUTES_H
#define HULL_OCI_LAYER_ATTRIBUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/notes.h"
#include "oci/layer/tar.h"

/* Of directories, set when everything is in them. */
#define ATTRIBUTES_DEFAULT_ACL "system.posix_acl_default"

bool attributes_xattr_allowed(const char *name);
/*
 * Give the open file or directory @fd what @entry says: owner, mode, then xattrs (which a change of owner
 * takes away). @made: it was just made with the mode and owner already right. @note: of a directory; takes
 * its default ACL and time. @dropped: counts xattrs that were left out.
 */
must_check int attributes_set(int fd, const struct tar_entry *entry, bool made, struct notes_directory *note,
			      uint64_t *dropped, struct error *err);
/* The time of @fd. */
must_check int attributes_set_time(int fd, int64_t mtime, uint32_t mtime_ns, struct error *err);
/* What has no descriptor: a symlink, a device, a FIFO. */
must_check int attributes_set_at(int parent, const char *name, const struct tar_entry *entry,
				 uint64_t *dropped, struct error *err);

#endif
