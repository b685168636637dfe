/*
 * The default config.json, with the values that runc's has: what people edit as a start, so it is
 * kept here as the text they see.
 */
#include "oci/make/config.h"

#include "oci/spec/spec.h"

#include "base/banned.h"

#define CAPABILITIES                                                                                         \
	"\n\t\t\t\t\"CAP_AUDIT_WRITE\",\n\t\t\t\t\"CAP_KILL\",\n\t\t\t\t\"CAP_NET_BIND_SERVICE\"\n\t\t\t"

static const char head[] =
	"{\n"
	"\t\"ociVersion\": \"" SPEC_VERSION "\",\n"
	"\t\"process\": {\n"
	"\t\t\"terminal\": true,\n"
	"\t\t\"user\": {\n\t\t\t\"uid\": 0,\n\t\t\t\"gid\": 0\n\t\t},\n"
	"\t\t\"args\": [\n\t\t\t\"sh\"\n\t\t],\n"
	"\t\t\"env\": [\n"
	"\t\t\t\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"\t\t\t\"TERM=xterm\"\n"
	"\t\t],\n"
	"\t\t\"cwd\": \"/\",\n"
	"\t\t\"capabilities\": {\n"
	"\t\t\t\"bounding\": [" CAPABILITIES "],\n"
	"\t\t\t\"effective\": [" CAPABILITIES "],\n"
	"\t\t\t\"permitted\": [" CAPABILITIES "]\n"
	"\t\t},\n"
	"\t\t\"rlimits\": [\n"
	"\t\t\t{\n"
	"\t\t\t\t\"type\": \"RLIMIT_NOFILE\",\n\t\t\t\t\"hard\": 1024,\n\t\t\t\t\"soft\": 1024\n"
	"\t\t\t}\n"
	"\t\t],\n"
	"\t\t\"noNewPrivileges\": true\n"
	"\t},\n"
	"\t\"root\": {\n\t\t\"path\": \"rootfs\",\n\t\t\"readonly\": true\n\t},\n"
	"\t\"hostname\": \"hull\",\n";

struct default_mount {
	const char *destination, *type, *source;
	const char *options[8];
};

static const struct default_mount proc = { "/proc", "proc", "proc", { NULL } };
static const struct default_mount dev = {
	"/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" }
};
static const struct default_mount pts = { "/dev/pts",
					  "devpts",
					  "devpts",
					  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
					    "gid=5" } };
/* gid 5 is not mapped in a user namespace with one mapping. */
static const struct default_mount rootless_pts = {
	"/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" }
};
static const struct default_mount shm = {
	"/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" }
};
static const struct default_mount mqueue = {
	"/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }
};
static const struct default_mount sys = { "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } };
/* sysfs can be mounted only by the owner of the network namespace, which is the host's here. */
static const struct default_mount rootless_sys = {
	"/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" }
};
static const struct default_mount cgroup = {
	"/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" }
};

static const char tail[] =
	"\t\t\"maskedPaths\": [\n"
	"\t\t\t\"/proc/acpi\",\n\t\t\t\"/proc/asound\",\n\t\t\t\"/proc/kcore\",\n\t\t\t\"/proc/keys\",\n"
	"\t\t\t\"/proc/latency_stats\",\n\t\t\t\"/proc/timer_list\",\n\t\t\t\"/proc/timer_stats\",\n"
	"\t\t\t\"/proc/sched_debug\",\n\t\t\t\"/sys/firmware\",\n\t\t\t\"/proc/scsi\"\n"
	"\t\t],\n"
	"\t\t\"readonlyPaths\": [\n"
	"\t\t\t\"/proc/bus\",\n\t\t\t\"/proc/fs\",\n\t\t\t\"/proc/irq\",\n\t\t\t\"/proc/sys\",\n"
	"\t\t\t\"/proc/sysrq-trigger\"\n"
	"\t\t]\n"
	"\t}\n"
	"}\n";

static void append_mount(struct text *text, const struct default_mount *mount, bool last)
{
	text_format(
		text,
		"\t\t{\n\t\t\t\"destination\": \"%s\",\n\t\t\t\"type\": \"%s\",\n\t\t\t\"source\": \"%s\"",
		mount->destination, mount->type, mount->source);
	for (size_t i = 0; mount->options[i] != NULL; i++)
		text_format(text, "%s\t\t\t\t\"%s\"", i == 0 ? ",\n\t\t\t\"options\": [\n" : ",\n",
			    mount->options[i]);
	if (mount->options[0] != NULL)
		text_append(text, "\n\t\t\t]");
	text_append(text, last ? "\n\t\t}\n" : "\n\t\t},\n");
}

static void append_mounts(struct text *text, bool rootless)
{
	text_append(text, "\t\"mounts\": [\n");
	append_mount(text, &proc, false);
	append_mount(text, &dev, false);
	append_mount(text, rootless ? &rootless_pts : &pts, false);
	append_mount(text, &shm, false);
	append_mount(text, &mqueue, false);
	append_mount(text, rootless ? &rootless_sys : &sys, false);
	append_mount(text, &cgroup, true);
	text_append(text, "\t],\n");
}

static void append_mapping(struct text *text, const char *name, uint32_t id)
{
	text_format(text,
		    "\t\t\"%s\": [\n\t\t\t{\n\t\t\t\t\"containerID\": 0,\n\t\t\t\t\"hostID\": %u,\n"
		    "\t\t\t\t\"size\": 1\n\t\t\t}\n\t\t],\n",
		    name, id);
}

static void append_namespaces(struct text *text, const struct config_options *options)
{
	bool listed[NS_COUNT] = { [NS_PID] = true, [NS_IPC] = true, [NS_UTS] = true, [NS_MOUNT] = true };
	bool first = true;

	listed[NS_NETWORK] = !options->rootless;
	listed[NS_USER] = options->rootless;
	listed[NS_CGROUP] = options->cgroup_v2;
	text_append(text, "\t\t\"namespaces\": [\n");
	for (int i = 0; i < NS_COUNT; i++) {
		if (!listed[i])
			continue;
		text_format(text, "%s\t\t\t{\n\t\t\t\t\"type\": \"%s\"\n\t\t\t}", first ? "" : ",\n",
			    spec_namespace_table[i].name);
		first = false;
	}
	text_append(text, "\n\t\t],\n");
}

int config_default(const struct config_options *options, struct text *ret, struct error *err)
{
	text_append(ret, head);
	append_mounts(ret, options->rootless);
	text_append(ret, "\t\"linux\": {\n");
	if (options->rootless) {
		append_mapping(ret, "uidMappings", options->uid);
		append_mapping(ret, "gidMappings", options->gid);
	} else {
		text_append(
			ret,
			"\t\t\"resources\": {\n\t\t\t\"devices\": [\n\t\t\t\t{\n\t\t\t\t\t\"allow\": false,\n"
			"\t\t\t\t\t\"access\": \"rwm\"\n\t\t\t\t}\n\t\t\t]\n\t\t},\n");
	}
	append_namespaces(ret, options);
	text_append(ret, tail);
	return text_done(ret, err);
}
