/*
 * hull features: what this runtime supports, for engines that ask before they use it.
 */
#include "oci/spec/features.h"
#include "runtime/cli/command.h"
#include "runtime/cli/output.h"

#include "base/banned.h"

static int features_run(const struct command_call *call, struct error *err)
{
	(void)call; /* the answer depends on nothing but this build */
	autotext struct text text = TEXT_EMPTY;
	struct spec_features features = {
		.mount_options = container_mount_options(),
		.cgroup_v1 = true,
		.cgroup_v2 = true,
		.rdma = true,
		.version = HULL_VERSION,
	};
	int result = spec_features_format(&features, &text, err);

	if (result < 0)
		return result;
	return output_write(&text, err);
}

const struct command cmd_features = {
	.name = "features",
	.usage = "",
	.summary = "print what this runtime supports",
	.description = "   Prints the features document of the OCI runtime specification, in JSON.\n",
	.run = features_run,
};
