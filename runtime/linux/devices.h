/*
 * Device nodes and default links (SPEC 1.10, 5.2, 5.3), host half.
 */
#ifndef HULL_RUNTIME_LINUX_DEVICES_H
#define HULL_RUNTIME_LINUX_DEVICES_H

#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/*
 * Fill the plan's devices and links: the default ones where PLAN_DEV_SETUP is set (mounts_plan
 * decides it), a default that the document lists too is taken from the document.
 */
must_check int devices_plan(const struct spec *spec, struct plan_builder *builder, struct error *err);

#endif
