/*
 * A plan as text: one fact a line, for people and for the golden files. Nothing of one run
 * (descriptors, sizes) is in it.
 */
#include <inttypes.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "base/cleanup.h"
#include "runtime/plan/build.h"

#include "base/banned.h"

struct name {
	uint64_t bit;
	const char *name;
};

static const struct name flag_names[] = {
	{ PLAN_TERMINAL, "terminal" },
	{ PLAN_NO_PIVOT, "no-pivot" },
	{ PLAN_NEW_KEYRING, "new-keyring" },
	{ PLAN_ROOT_READONLY, "root-readonly" },
	{ PLAN_NO_NEW_PRIVS, "no-new-privileges" },
	{ PLAN_LOOPBACK, "loopback" },
	{ PLAN_WAIT_GO, "wait-go" },
	{ PLAN_RUNTIME_HOOKS, "runtime-hooks" },
	{ PLAN_DEV_SETUP, "dev-setup" },
	{ PLAN_JOINER, "joiner" },
	{ PLAN_NEW_USER, "new-user-namespace" },
	{ PLAN_SETGROUPS, "setgroups" },
	{ PLAN_HAS_PROCESS, "process" },
	{ PLAN_HAS_MOUNT_NS, "mount-namespace" },
	{ PLAN_HOME_FROM_PASSWD, "home-from-passwd" },
	{ PLAN_PERSONALITY, "personality" },
	{ PLAN_CONSOLE_SIZE, "console-size" },
	{ PLAN_DIRECT, "direct" },
	{ PLAN_BIND_DEVICES, "bind-devices" },
	{ PLAN_BIND_DEVICES, "bind-devices" },
};

static const struct name namespace_names[] = {
	{ CLONE_NEWPID, "pid" },       { CLONE_NEWNET, "network" },
	{ CLONE_NEWNS, "mount" },      { CLONE_NEWIPC, "ipc" },
	{ CLONE_NEWUTS, "uts" },       { CLONE_NEWUSER, "user" },
	{ CLONE_NEWCGROUP, "cgroup" }, { 0x80, "time" },
};

static const struct name attribute_names[] = {
	{ MOUNT_ATTR_RDONLY, "ro" },
	{ MOUNT_ATTR_NOSUID, "nosuid" },
	{ MOUNT_ATTR_NODEV, "nodev" },
	{ MOUNT_ATTR_NOEXEC, "noexec" },
	{ MOUNT_ATTR_NOATIME, "noatime" },
	{ MOUNT_ATTR_STRICTATIME, "strictatime" },
	{ MOUNT_ATTR_NODIRATIME, "nodiratime" },
	{ 0x00200000, "nosymfollow" },
};

static const struct name propagation_names[] = {
	{ MS_PRIVATE, "private" },       { MS_SLAVE, "slave" },   { MS_SHARED, "shared" },
	{ MS_UNBINDABLE, "unbindable" }, { MS_REC, "recursive" },
};

static const struct name mount_flag_names[] = {
	{ PLAN_MOUNT_RECURSIVE, "recursive" }, { PLAN_MOUNT_LATE_READONLY, "late-read-only" },
	{ PLAN_MOUNT_COPY_UP, "copy-up" },     { PLAN_MOUNT_INHERIT_MODE, "inherit-mode" },
	{ PLAN_MOUNT_LEGACY, "mount(2)" },     { PLAN_MOUNT_REAL_DIRECTORY, "real-directory" },
	{ PLAN_MOUNT_IS_DEV, "dev" },          { PLAN_MOUNT_HOST_MADE, "host-made" },
	{ PLAN_MOUNT_IDMAP, "idmap" },         { PLAN_MOUNT_IDMAP_TREE, "idmap-tree" },
};

static void print_bits(struct text *ret, const char *label, uint64_t bits, const struct name *names,
		       size_t count)
{
	if (bits == 0)
		return;
	text_append(ret, label);
	for (size_t i = 0; i < count; i++) {
		if ((bits & names[i].bit) == 0)
			continue;
		text_format(ret, " %s", names[i].name);
		bits &= ~names[i].bit;
	}
	if (bits != 0)
		text_format(ret, " %#" PRIx64, bits);
}

#define PRINT_BITS(ret, label, bits, names) print_bits(ret, label, bits, names, ARRAY_LEN(names))

static void print_bit_line(struct text *ret, const char *label, uint64_t bits, const struct name *names,
			   size_t count)
{
	if (bits == 0)
		return;
	print_bits(ret, label, bits, names, count);
	text_append(ret, "\n");
}

static void print_value(struct text *ret, const struct plan *plan, const char *label, struct plan_text value)
{
	if (value.offset == 0)
		return;
	text_format(ret, "%s ", label);
	text_append_json(ret, plan_text(plan, value));
	text_append(ret, "\n");
}

static void print_values(struct text *ret, const struct plan *plan, const char *label, struct plan_list list)
{
	for (PLAN_EACH(struct plan_text, value, plan, list))
		print_value(ret, plan, label, *value);
}

static void print_namespaces(struct text *ret, const struct plan *plan)
{
	const struct {
		const char *label;
		uint64_t flags;
	} lines[] = {
		{ "joiner enters", plan->joiner_flags },
		{ "clone with new", plan->clone_flags },
		{ "init enters", plan->join_flags | plan->target_flags },
		{ "init unshares", plan->unshare_flags },
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		print_bit_line(ret, lines[i].label, lines[i].flags, namespace_names,
			       ARRAY_LEN(namespace_names));
	for (PLAN_EACH(struct plan_id_map, map, plan, plan->uid_map))
		text_format(ret, "uid map %u %u %u\n", map->container_id, map->host_id, map->size);
	for (PLAN_EACH(struct plan_id_map, map, plan, plan->gid_map))
		text_format(ret, "gid map %u %u %u\n", map->container_id, map->host_id, map->size);
	print_value(ret, plan, "hostname", plan->hostname);
	print_value(ret, plan, "domainname", plan->domainname);
}

static void print_mount(struct text *ret, const struct plan *plan, const struct plan_mount *mount)
{
	static const char *const kinds[] = { "new", "bind", "cgroup-v1", "remount" };

	text_format(ret, "mount %s ", kinds[mount->kind]);
	text_append_json(ret, plan_text(plan, mount->destination));
	if (mount->fstype.offset != 0)
		text_format(ret, " %s", plan_text(plan, mount->fstype));
	if (mount->kind == PLAN_MOUNT_BIND) {
		text_append(ret, " from ");
		text_append_json(ret, plan_text(plan, mount->source));
	}
	for (PLAN_EACH(struct plan_param, param, plan, mount->params)) {
		text_format(ret, " %s", plan_text(plan, param->key));
		if (param->value.offset != 0)
			text_format(ret, "=%s", plan_text(plan, param->value));
	}
	PRINT_BITS(ret, "; set", mount->attr_set, attribute_names);
	PRINT_BITS(ret, "; clear", mount->attr_clr, attribute_names);
	PRINT_BITS(ret, "; tree set", mount->tree_set, attribute_names);
	PRINT_BITS(ret, "; tree clear", mount->tree_clr, attribute_names);
	for (PLAN_EACH(uint64_t, change, plan, mount->propagation))
		PRINT_BITS(ret, "; propagation", *change, propagation_names);
	PRINT_BITS(ret, "; how", mount->flags, mount_flag_names);
	text_append(ret, "\n");
	for (PLAN_EACH(struct plan_cgroup_bind, bind, plan, mount->binds))
		text_format(ret, "  controller %s from %s\n", plan_text(plan, bind->name),
			    plan_text(plan, bind->source));
}

static void print_root(struct text *ret, const struct plan *plan)
{
	print_value(ret, plan, "rootfs", plan->rootfs);
	print_values(ret, plan, "  layer", plan->layers);
	print_value(ret, plan, "  upper", plan->upper);
	print_value(ret, plan, "  work", plan->work);
	print_bit_line(ret, "host propagation", plan->host_propagation, propagation_names,
		       ARRAY_LEN(propagation_names));
	print_bit_line(ret, "root propagation", plan->root_propagation, propagation_names,
		       ARRAY_LEN(propagation_names));
	for (PLAN_EACH(struct plan_mount, mount, plan, plan->mounts))
		print_mount(ret, plan, mount);
	for (PLAN_EACH(struct plan_device, device, plan, plan->devices))
		text_format(ret, "device %s %c %u:%u mode %o owner %u:%u%s\n", plan_text(plan, device->path),
			    (device->mode & 0170000) == 0060000   ? 'b'
			    : (device->mode & 0170000) == 0010000 ? 'p'
								  : 'c',
			    device->major, device->minor, device->mode & 07777, device->uid, device->gid,
			    device->listed != 0 ? " listed" : "");
	for (PLAN_EACH(struct plan_link, link, plan, plan->links))
		text_format(ret, "link %s -> %s\n", plan_text(plan, link->path),
			    plan_text(plan, link->target));
	for (PLAN_EACH(struct plan_sysctl, sysctl, plan, plan->sysctls))
		text_format(ret, "sysctl %s = %s\n", plan_text(plan, sysctl->file),
			    plan_text(plan, sysctl->value));
	print_values(ret, plan, "read-only path", plan->readonly);
	print_values(ret, plan, "masked path", plan->masked);
}

static void print_hooks(struct text *ret, const struct plan *plan, const char *label, struct plan_list hooks)
{
	for (PLAN_EACH(struct plan_hook, hook, plan, hooks)) {
		print_value(ret, plan, label, hook->path);
		print_values(ret, plan, "  arg", hook->args);
		print_values(ret, plan, "  env", hook->env);
		if (hook->timeout_s != 0)
			text_format(ret, "  timeout %u s\n", hook->timeout_s);
	}
}

static void print_capabilities(struct text *ret, const char *set, uint64_t mask)
{
	text_format(ret, "capabilities %s%s", set, mask == 0 ? " none" : "");
	for (unsigned number = 0; number < 64; number++)
		if ((mask >> number & 1) != 0)
			text_format(ret, " %s", spec_capability_name(number));
	text_append(ret, "\n");
}

static void print_process(struct text *ret, const struct plan *plan)
{
	const struct plan_capabilities *sets = &plan->capabilities;

	print_values(ret, plan, "arg", plan->args);
	print_values(ret, plan, "program candidate", plan->candidates);
	print_values(ret, plan, "env", plan->env);
	print_value(ret, plan, "cwd", plan->cwd);
	text_format(ret, "user %u:%u umask %04o\n", plan->uid, plan->gid, plan->umask);
	for (PLAN_EACH(uint32_t, group, plan, plan->groups))
		text_format(ret, "group %u\n", *group);
	for (PLAN_EACH(struct plan_rlimit, limit, plan, plan->rlimits))
		text_format(ret, "rlimit %s soft %" PRIu64 " hard %" PRIu64 "\n",
			    spec_rlimit_name(limit->resource), limit->soft, limit->hard);
	print_capabilities(ret, "bounding", sets->bounding);
	print_capabilities(ret, "permitted", sets->permitted);
	print_capabilities(ret, "effective", sets->effective);
	print_capabilities(ret, "inheritable", sets->inheritable);
	print_capabilities(ret, "ambient", sets->ambient);
	print_value(ret, plan, "oom score adjustment", plan->oom_score_adj);
	if ((plan->flags & PLAN_PERSONALITY) != 0)
		text_format(ret, "personality %#x\n", plan->personality);
	if ((plan->flags & PLAN_CONSOLE_SIZE) != 0)
		text_format(ret, "console size %ux%u\n", plan->console_rows, plan->console_columns);
	if (plan->preserve_fds != 0)
		text_format(ret, "descriptors kept %u\n", plan->preserve_fds);
}

void print_plan(const struct plan *plan, struct text *ret)
{
	text_append(ret, plan->kind == PLAN_EXEC ? "exec in " : "container ");
	text_append_json(ret, plan_text(plan, plan->id));
	text_append(ret, "\n");
	print_bit_line(ret, "flags", plan->flags, flag_names, ARRAY_LEN(flag_names));
	print_namespaces(ret, plan);
	print_root(ret, plan);
	print_hooks(ret, plan, "createContainer hook", plan->create_container_hooks);
	print_hooks(ret, plan, "startContainer hook", plan->start_container_hooks);
	if ((plan->flags & PLAN_HAS_PROCESS) != 0)
		print_process(ret, plan);
}
