/*
 * The features document; see features.h. Members follow the order of the specification. What is
 * listed as unsupported by the readers (field_note_unsupported) must not be claimed here.
 */
#include "oci/spec/features.h"

#include "oci/spec/parts.h"

#include "base/banned.h"

struct writer {
	struct text *text;
	unsigned depth;
	bool first; /* of the members or items at this depth */
};

static void next(struct writer *writer)
{
	text_append(writer->text, writer->first ? "\n" : ",\n");
	writer->first = false;
	for (unsigned i = 0; i < writer->depth; i++)
		text_append(writer->text, "    ");
}

static void name(struct writer *writer, const char *key)
{
	next(writer);
	text_append_json(writer->text, key);
	text_append(writer->text, ": ");
}

static void begin(struct writer *writer, const char *bracket)
{
	text_append(writer->text, bracket);
	writer->depth++;
	writer->first = true;
}

static void end(struct writer *writer, const char *bracket)
{
	bool empty = writer->first;

	writer->depth--;
	writer->first = true;
	if (!empty)
		next(writer);
	writer->first = false;
	text_append(writer->text, bracket);
}

static void open_object(struct writer *writer, const char *key)
{
	name(writer, key);
	begin(writer, "{");
}

static void string(struct writer *writer, const char *key, const char *value)
{
	name(writer, key);
	text_append_json(writer->text, value);
}

static void boolean(struct writer *writer, const char *key, bool value)
{
	name(writer, key);
	text_append(writer->text, value ? "true" : "false");
}

static void item(struct writer *writer, const char *value)
{
	next(writer);
	text_append_json(writer->text, value);
}

/* An object that says only whether there is such a thing. */
static void enabled(struct writer *writer, const char *key, bool value)
{
	open_object(writer, key);
	boolean(writer, "enabled", value);
	end(writer, "}");
}

static void open_array(struct writer *writer, const char *key)
{
	name(writer, key);
	begin(writer, "[");
}

static void mount_options(struct writer *writer, const struct strings *options)
{
	open_array(writer, "mountOptions");
	for (size_t i = 0; i < options->count; i++)
		item(writer, options->items[i]);
	end(writer, "]");
}

static void namespaces(struct writer *writer)
{
	open_array(writer, "namespaces");
	for (int i = 0; i < NS_COUNT; i++)
		if (i != NS_TIME)
			item(writer, spec_namespace_table[i].name);
	end(writer, "]");
}

static void capabilities(struct writer *writer)
{
	const char *capability;

	open_array(writer, "capabilities");
	for (unsigned i = 0; (capability = spec_capability_name(i)) != NULL; i++)
		item(writer, capability);
	end(writer, "]");
}

static void names(struct writer *writer, const char *key, const struct field_name *table, int without)
{
	open_array(writer, key);
	for (; table->name != NULL; table++)
		if (table->value != without)
			item(writer, table->name);
	end(writer, "]");
}

static void seccomp(struct writer *writer)
{
	open_object(writer, "seccomp");
	boolean(writer, "enabled", true);
	names(writer, "actions", seccomp_action_names, SC_NOTIFY);
	names(writer, "operators", seccomp_op_names, -1);
	open_array(writer, "archs");
	for (const char *const *arch = seccomp_arch_names; *arch != NULL; arch++)
		item(writer, *arch);
	end(writer, "]");
	names(writer, "knownFlags", seccomp_flag_names, -1);
	/* WAIT_KILLABLE_RECV has a meaning only together with SCMP_ACT_NOTIFY. */
	names(writer, "supportedFlags", seccomp_flag_names, SECCOMP_WAIT_KILLABLE);
	end(writer, "}");
}

static void linux_features(struct writer *writer, const struct spec_features *features)
{
	open_object(writer, "linux");
	namespaces(writer);
	capabilities(writer);
	open_object(writer, "cgroup");
	boolean(writer, "v1", features->cgroup_v1);
	boolean(writer, "v2", features->cgroup_v2);
	boolean(writer, "systemd", features->systemd);
	boolean(writer, "systemdUser", features->systemd_user);
	boolean(writer, "rdma", features->rdma);
	end(writer, "}");
	seccomp(writer);
	enabled(writer, "apparmor", features->apparmor);
	enabled(writer, "selinux", false);
	enabled(writer, "intelRdt", false);
	open_object(writer, "mountExtensions");
	enabled(writer, "idmap", true);
	end(writer, "}");
	enabled(writer, "netDevices", false);
	end(writer, "}");
}

int spec_features_format(const struct spec_features *features, struct text *ret, struct error *err)
{
	struct writer writer = { .text = ret };

	begin(&writer, "{");
	string(&writer, "ociVersionMin", SPEC_VERSION_MIN);
	string(&writer, "ociVersionMax", SPEC_VERSION);
	open_array(&writer, "hooks");
	for (int i = 0; i < HOOK_KIND_COUNT; i++)
		item(&writer, spec_hook_names[i]);
	end(&writer, "]");
	mount_options(&writer, &features->mount_options);
	linux_features(&writer, features);
	open_object(&writer, "annotations");
	string(&writer, "io.github.hull.version", features->version);
	end(&writer, "}");
	end(&writer, "}");
	text_append(ret, "\n");
	return text_done(ret, err);
}
