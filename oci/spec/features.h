/*
 * The features document of the OCI runtime specification (features.md): what hull recognises in
 * config.json, from the same tables that read it.
 */
#ifndef HULL_OCI_SPEC_FEATURES_H
#define HULL_OCI_SPEC_FEATURES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"

/* What other rooms know. */
struct spec_features {
	struct strings mount_options; /* names that are recognised, in the order they shall be listed */
	bool cgroup_v1, cgroup_v2, systemd, systemd_user, rdma;
	bool apparmor;
	const char *version; /* of hull */
};

/*
 * Append the document to @ret, indented by four spaces, with a newline at its end. It says what this
 * build carries out: a namespace, action or option that create would refuse is not listed.
 * Errors: -ENOMEM.
 */
must_check int spec_features_format(const struct spec_features *features, struct text *ret,
				    struct error *err);

#endif
