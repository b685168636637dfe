/*
 * The container process's capability sets, host half: names in config.json to masks that the kernel
 * will take. What cannot be granted is dropped with a warning, never an error.
 */
#ifndef HULL_RUNTIME_LINUX_CAPABILITIES_H
#define HULL_RUNTIME_LINUX_CAPABILITIES_H

#include <stdint.h>

#include "base/error.h"
#include "oci/spec/spec.h"

struct text;

/* Bit N is capability number N of capability.h. */
struct capability_masks {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

/* What the process that will become the container's may have at most. */
struct capability_host {
	uint64_t known; /* to the kernel */
	uint64_t bounding, permitted, inheritable;
};

/*
 * The masks for @caps as this process can grant them: its own bounding, permitted and inheritable
 * sets are the limit. NULL: all empty. Appends to @warnings one line, with its end, for each name
 * that is dropped and each reason.
 * Not for a container in a new user namespace, whose first process has every capability there: use
 * capabilities_decide with capabilities_host_all.
 */
must_check int capabilities_make(const struct spec_capabilities *caps, struct capability_masks *ret,
				 struct text *warnings, struct error *err);
/*
 * The decision alone, without effects. After it effective is within permitted, inheritable within
 * bounding (or what @host has inherited), ambient within permitted and inheritable: capset(2) and
 * PR_CAP_AMBIENT_RAISE take the result. Errors: -ENOMEM.
 */
must_check int capabilities_decide(const struct spec_capabilities *caps, const struct capability_host *host,
				   struct capability_masks *ret, struct text *warnings, struct error *err);
/* Everything up to capabilities_last: the first process of a new user namespace. */
struct capability_host capabilities_host_all(void);
/* The number of the newest capability that the running kernel knows; asks prctl(2). */
unsigned capabilities_last(void);

#endif
