/*
 * The document's mounts, host half: what hull-init will mount, decided. Carried out by
 * runtime/init/mounts.c.
 */
#ifndef HULL_RUNTIME_LINUX_MOUNTS_H
#define HULL_RUNTIME_LINUX_MOUNTS_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/* One version 1 controller directory of the container's, for a cgroup mount. */
struct mounts_controller {
	const char *controllers; /* "cpu,cpuacct", "name=systemd" */
	const char *directory;   /* on the host */
};

/* What mounts need to know besides the document. */
struct mounts_host {
	const char *bundle;           /* absolute: relative sources begin here */
	const char *notify_directory; /* bound read-only on @notify_mount; NULL: none */
	const char *notify_mount;
	bool cgroup_v2; /* the machine has only the unified hierarchy */
	size_t controller_count;
	const struct mounts_controller *controllers;
};

/*
 * Fill the plan's mounts, and PLAN_DEV_SETUP where /dev is not a bind mount.
 * Errors: -EINVAL for what cannot be mounted as asked, with the place in the document.
 */
must_check int mounts_plan(const struct spec *spec, const struct mounts_host *host,
			   struct plan_builder *builder, struct error *err);

#endif
