/*
 * The root file system, masked and read-only paths, sysctls: host half.
 */
#ifndef HULL_RUNTIME_LINUX_PATHS_H
#define HULL_RUNTIME_LINUX_PATHS_H

#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/* Fill the plan's rootfs, propagation, masked and read-only paths, sysctls. @bundle: absolute. */
must_check int paths_plan(const struct spec *spec, const char *bundle, struct plan_builder *builder,
			  struct error *err);

#endif
