/*
 * The state document of the OCI runtime specification (runtime.md "State"): what hooks get on their
 * standard input and what `hull state` prints.
 */
#ifndef HULL_OCI_SPEC_STATE_H
#define HULL_OCI_SPEC_STATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"

struct spec_state {
	const char *id;
	const char *status; /* "creating", "created", "running", "stopped"; `state` also "paused" */
	pid_t pid;          /* 0: stopped */
	const char *bundle; /* absolute */
	/* A flat JSON object of strings as spec_state_annotations makes it, or NULL when there are none. */
	const char *annotations_json;
	/* Only `state` shows these; NULL leaves a member out. */
	const char *rootfs, *created /* RFC 3339 */, *owner;
};

/*
 * Append the document to @ret: on one line, or @indented by two spaces. No newline at the end.
 * Members stand in the order that runc prints. Errors: -ENOMEM.
 */
must_check int spec_state_format(const struct spec_state *state, bool indented, struct text *ret,
				 struct error *err);
/* Append @annotations as a compact JSON object, nothing where there are none. Errors: -ENOMEM. */
must_check int spec_state_annotations(const struct spec_kvs *annotations, struct text *ret,
				      struct error *err);

#endif
