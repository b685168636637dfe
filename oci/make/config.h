/*
 * config.json documents that hull writes itself: the default one of `hull spec`.
 */
#ifndef HULL_OCI_MAKE_CONFIG_H
#define HULL_OCI_MAKE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct config_options {
	bool rootless;     /* for a user without privileges: a user namespace with one mapping */
	bool cgroup_v2;    /* the host has the unified hierarchy: a cgroup namespace too */
	uint32_t uid, gid; /* rootless: what 0 in the container is outside */
};

/*
 * Append the default document to @ret, indented by tabs, with a newline at its end: a shell on a
 * terminal in the read-only root "rootfs", with runc's choices. Errors: -ENOMEM.
 */
must_check int config_default(const struct config_options *options, struct text *ret, struct error *err);

#endif
