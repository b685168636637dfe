/*
 * The seccomp profile of containers made by hull: what people know from docker and podman. Everything that is
 * not listed fails with EPERM; clone3 with ENOSYS, so that libraries fall back to clone, whose flags a filter
 * can see.
 */
#ifndef HULL_OCI_MAKE_SECCOMP_H
#define HULL_OCI_MAKE_SECCOMP_H

#include <stdint.h>

#include "base/text.h"

/* Append linux.seccomp as JSON for a process whose bounding set is @capabilities (1 << CAP_*). */
void seccomp_default(uint64_t capabilities, struct text *ret);

#endif
