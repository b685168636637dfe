/*
 * A root that is an overlay of layers (oci/spec/rootfs.h): into the plan, and mounted by hull for the one
 * container: detached, so that nothing of it is on the host and nothing is left when the container is gone.
 */
#ifndef HULL_RUNTIME_LINUX_LAYERS_H
#define HULL_RUNTIME_LINUX_LAYERS_H

#include "base/error.h"
#include "oci/spec/rootfs.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/* Errors: -EINVAL without a mount namespace of the container's. */
must_check int layers_plan(const struct spec *spec, const struct rootfs *rootfs, struct plan_builder *builder,
			   struct error *err);
/*
 * Where the plan has layers: mount them into builder->head.fds.root, which sources_close closes.
 * Errors: those of open and of the kernel's overlay, with the path.
 */
must_check int layers_open(struct plan_builder *builder, struct error *err);

#endif
