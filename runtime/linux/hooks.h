/*
 * Hooks: those of the container's namespaces go into the plan; those of the runtime's namespaces
 * are run by hull. Both get the same state document.
 */
#ifndef HULL_RUNTIME_LINUX_HOOKS_H
#define HULL_RUNTIME_LINUX_HOOKS_H

#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/* The state document in two halves around `STATUS","pid":PID`. */
struct hooks_state {
	struct text head, tail;
};
void hooks_state_release(struct hooks_state *state);
must_check int hooks_state_make(const char *id, const char *bundle, const struct spec_kvs *annotations,
				struct hooks_state *ret, struct error *err);

/* Fill createContainer and startContainer hooks and the state document of the plan. */
must_check int hooks_plan(const struct spec *spec, const struct hooks_state *state, const char *bundle,
			  struct plan_builder *builder, struct error *err);

/*
 * Run every hook of @list in order in the runtime's namespaces with the state document on stdin,
 * the bundle as working directory, default signals and no inherited descriptors. A hook without
 * env inherits hull's environment, as with runc.
 * Errors: "error running NAME hook #I: …" for the first that fails or runs past its timeout; with
 * @go_on (poststop) each failure is appended to @warnings instead and the rest still run.
 */
must_check int hooks_run(const struct spec_hook_list *list, enum spec_hook_kind kind,
			 const struct hooks_state *state, const char *status, pid_t pid, const char *bundle,
			 struct text *warnings, struct error *err);

#endif
