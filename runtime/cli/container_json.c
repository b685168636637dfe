/*
 * From what is known of a container to its state document; see container_json.h.
 */
#include "runtime/cli/container_json.h"

#include "oci/spec/state.h"

#include "base/banned.h"

int container_json_format(const struct container_info *info, bool indented, struct text *ret,
			  struct error *err)
{
	struct spec_state state = {
		.id = info->id,
		.status = container_status_names[info->status],
		.pid = info->pid,
		.bundle = info->bundle,
		.annotations_json = info->annotations_json,
		.rootfs = info->rootfs,
		.created = info->created,
		.owner = info->owner == NULL ? "" : info->owner,
	};

	return spec_state_format(&state, indented, ret, err);
}
