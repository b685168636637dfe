/*
 * Namespaces, host half: which are made at the clone, which hull-init unshares, enters itself, or
 * has a joiner enter (docs/architecture.md, "How the processes come to be").
 */
#ifndef HULL_RUNTIME_LINUX_NAMESPACES_H
#define HULL_RUNTIME_LINUX_NAMESPACES_H

#include <stdint.h>

#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/*
 * Fill the namespace members of a PLAN_CREATE plan, host name, loopback and id maps.
 * @born_in_cgroup: the process is cloned into its version 2 cgroup, so that a new cgroup namespace
 * can be made by the same clone.
 * Errors: -EINVAL for combinations that the kernel does not have.
 */
must_check int namespaces_plan(const struct spec *spec, bool born_in_cgroup, struct plan_builder *builder,
			       struct error *err);
/* Id mappings as a list of struct plan_id_map. */
struct plan_list namespaces_plan_map(struct plan_builder *builder, const struct spec_id_mappings *mappings);
/* CLONE_NEW* of every namespace in which a container of @spec differs from the host. */
uint64_t namespaces_of(const struct spec *spec);
/*
 * Open the namespaces that are joined by path into @fds, each checked to be of its type.
 * Descriptors stay open in hull until it ends. Errors: "namespace \"PATH\" does not exist",
 * -EINVAL not a namespace of that type.
 */
must_check int namespaces_open(const struct spec *spec, struct plan_fds *fds, struct error *err);

#endif
