/*
 * State documents; see container_json.h.
 */
#include "runtime/cli/container_json.h"

#include "oci/spec/spec.h"

#include "base/banned.h"

/* The name of the next member, with whatever separates it from the one before. */
static void append_name(const char *name, bool first, bool indent, struct text *ret)
{
	text_append(ret, first ? "{" : ",");
	text_format(ret, indent ? "\n  \"%s\": " : "\"%s\":", name);
}

static void append_text(const char *name, const char *value, bool indent, struct text *ret)
{
	append_name(name, false, indent, ret);
	text_append_json(ret, value == NULL ? "" : value);
}

void container_json_format(const struct container_info *info, bool indent, struct text *ret)
{
	append_name("ociVersion", true, indent, ret);
	text_append_json(ret, SPEC_VERSION);
	append_text("id", info->id, indent, ret);
	append_name("pid", false, indent, ret);
	text_format(ret, "%d", (int)info->pid);
	append_text("status", container_status_names[info->status], indent, ret);
	append_text("bundle", info->bundle, indent, ret);
	append_text("rootfs", info->rootfs, indent, ret);
	append_text("created", info->created, indent, ret);
	if (info->annotations_json != NULL) {
		append_name("annotations", false, indent, ret);
		text_append(ret, info->annotations_json);
	}
	append_text("owner", info->owner, indent, ret);
	text_append(ret, indent ? "\n}" : "}");
}
