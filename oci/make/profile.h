/*
 * Seccomp profiles of people's: as the specification has them, or as docker and podman write theirs, with
 * conditions that whoever makes the document decides: rules for an architecture, a kernel, a capability.
 */
#ifndef HULL_OCI_MAKE_PROFILE_H
#define HULL_OCI_MAKE_PROFILE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"

/*
 * @profile as linux.seccomp, in @arena, for a process whose bounding set is @capabilities (1 << CAP_*): rules
 * whose conditions do not hold are left out. Errors: -EINVAL a condition that is not understood.
 */
must_check int profile_make(const struct json *profile, uint64_t capabilities, struct arena *arena,
			    const struct json **ret, struct error *err);

#endif
