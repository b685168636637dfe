/*
 * From the document, the command line and a few facts of the host to the plan: everything is
 * decided here, nothing outside changes.
 */
#ifndef HULL_RUNTIME_CONTAINER_PLAN_H
#define HULL_RUNTIME_CONTAINER_PLAN_H

#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/linux/hooks.h"
#include "runtime/linux/process.h"
#include "runtime/plan/build.h"

struct plan_request {
	const struct spec *spec;
	const struct rootfs *rootfs; /* the layers of the root; NULL: root.path is it */
	const char *id;
	const char *bundle; /* absolute */
	const struct cgroup_paths *cgroups;
	const struct hooks_state *state;
	const char *notify_directory; /* on the host, bound on NOTIFY_MOUNT; NULL: none */
	bool no_pivot, no_new_keyring;
	struct process_extra extra;
};

/* Errors: -EINVAL what cannot be carried out, by name; what a later version will is "not supported yet". */
must_check int plan_make(const struct plan_request *request, struct plan_builder *builder,
			 struct text *warnings, struct error *err);

struct plan_exec_request {
	const struct spec *spec; /* the container's document */
	const struct spec_process *process;
	const char *id;
	uint64_t namespaces; /* CLONE_NEW* to enter */
	bool keyring;        /* the container has a session keyring of its own */
	struct process_extra extra;
};
must_check int plan_make_exec(const struct plan_exec_request *request, struct plan_builder *builder,
			      struct text *warnings, struct error *err);

#endif
