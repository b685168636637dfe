/*
 * Mount options: every name of the specification's table and mount(8)'s meaning for it, as one
 * table. What the table does not know is data for the file system.
 */
#ifndef HULL_RUNTIME_LINUX_MOUNT_OPTIONS_H
#define HULL_RUNTIME_LINUX_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec/spec.h"

#define MOUNT_OPTIONS_MAX_PROPAGATION 8

/* What a list of options says. A later option overrides an earlier one of the same kind. */
struct mount_options {
	uint64_t attr_set, attr_clr; /* MOUNT_ATTR_* of the mount */
	uint64_t tree_set, tree_clr; /* MOUNT_ATTR_* of the whole tree */
	uint64_t ms_flags;           /* the same as MS_*, for mount(2) */
	bool bind, recursive, remount, copy_up, idmap, idmap_tree;
	size_t propagation_count;
	uint64_t propagation[MOUNT_OPTIONS_MAX_PROPAGATION]; /* MS_*, in order */
	struct strings super; /* flags of the file system: "sync", "lazytime" */
	struct strings data;  /* everything unknown, as written */
};

/* Strings of @ret live in @arena or are borrowed from @options. Errors: -E2BIG, -ENOMEM. */
must_check int mount_options_parse(const struct strings *options, struct arena *arena,
				   struct mount_options *ret, struct error *err);
/* Every recognised name, sorted; static. */
struct strings mount_options_names(void);

#endif
