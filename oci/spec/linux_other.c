/*
 * Members of the linux object that are checked but have no struct: sysctl keys (against the
 * namespaces), and netDevices, intelRdt and memoryPolicy, which are not carried out yet and noted
 * as unsupported.
 * Source: runtime-spec config-linux.md; sysctl.d(5) for the separators.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/spec/parts.h"

#include "base/banned.h"

/* --- sysctl --------------------------------------------------------------------------------------- */

/*
 * The key as a path below /proc/sys: the first separator decides which of "." and "/" separates,
 * the other one is then literal and stands for ".".
 */
static char *sysctl_path(struct field_reader *reader, const char *key, struct error *err)
{
	size_t length = strlen(key);
	char *path = field_alloc(reader, length + 1, 1, err);

	if (path == NULL)
		return NULL;
	memcpy(path, key, length);
	if (key[strcspn(key, "./")] != '.')
		return path;
	for (char *s = path; *s != '\0'; s++)
		*s = *s == '.' ? '/' : *s == '/' ? '.' : *s;
	return path;
}

static bool path_has_odd_part(const char *path)
{
	for (const char *part = path;; part++) {
		size_t n = strcspn(part, "/");

		if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
			return true;
		part += n;
		if (*part == '\0')
			return false;
	}
}

static bool is_ipc_sysctl(const char *path)
{
	static const char *const names[] = { "msgmax", "msgmnb", "msgmni", "sem",
					     "shmall", "shmmax", "shmmni", "shm_rmid_forced" };

	if (text_starts(path, "fs/mqueue/"))
		return true;
	if (!text_starts(path, "kernel/"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(path + strlen("kernel/"), names[i]) == 0)
			return true;
	return false;
}

/* only what belongs to a namespace of the container may change, never the host. */
static int check_sysctl(const struct json *item, const char *path, const struct spec_namespaces *namespaces,
			struct error *err)
{
	if (path_has_odd_part(path))
		return json_error(item, err, "sysctl \"%s\" is not a name below /proc/sys", item->name);
	if (is_ipc_sysctl(path))
		return namespaces->listed[NS_IPC]
			       ? 0
			       : json_error(item, err,
					    "sysctl \"%s\" is not allowed in the hosts ipc namespace",
					    item->name);
	if (text_starts(path, "net/"))
		return namespaces->listed[NS_NETWORK]
			       ? 0
			       : json_error(item, err, "sysctl \"%s\" not allowed in host network namespace",
					    item->name);
	if (strcmp(path, "kernel/domainname") == 0)
		return namespaces->listed[NS_UTS]
			       ? 0
			       : json_error(item, err,
					    "sysctl \"%s\" is not allowed in the hosts uts namespace",
					    item->name);
	if (strcmp(path, "kernel/hostname") == 0)
		return json_error(item, err,
				  "sysctl \"%s\" is not allowed as it conflicts with the OCI \"hostname\" "
				  "field",
				  item->name);
	if (text_starts(path, "user/"))
		return namespaces->listed[NS_USER]
			       ? 0
			       : json_error(item, err,
					    "setting ucounts without a user namespace not allowed: %s",
					    item->name);
	return json_error(item, err, "sysctl \"%s\" is not in a separate kernel namespace", item->name);
}

int linux_check_sysctl(struct field_reader *reader, const struct json *value,
		       const struct spec_namespaces *namespaces, struct spec_kvs *sysctl, struct error *err)
{
	struct spec_kv *items = field_alloc(reader, sysctl->count, sizeof(*items), err);

	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		char *path = sysctl_path(reader, item->name, err);

		if (path == NULL)
			return -ENOMEM;
		int result = check_sysctl(item, path, namespaces, err);
		if (result < 0)
			return result;
		items[item->index] = (struct spec_kv){ path, item->text };
	}
	sysctl->items = items;
	return 0;
}

/* --- netDevices ----------------------------------------------------------------------------------- */

/* What the kernel's dev_valid_name accepts. */
static bool is_device_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return name[strcspn(name, "/: \t\n\v\f\r")] == '\0';
}

struct net_device {
	const char *name;
};

static const struct field net_device_fields[] = {
	FIELD(struct net_device, name, "name", .empty_is_absent = true),
	{ 0 },
};
static const struct field_object net_device_object = { sizeof(struct net_device), net_device_fields, NULL };

int linux_read_net_devices(struct field_reader *reader, const struct json *value, void *linux_spec,
			   struct error *err)
{
	int result = field_expect(value, JSON_OBJECT, err);

	(void)linux_spec;
	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next) {
		struct net_device device = { 0 };

		result = field_read_object(reader, item, &net_device_object, &device, err);
		if (result < 0)
			return result;
		const char *wrong = !is_device_name(item->name)                           ? item->name
				    : device.name != NULL && !is_device_name(device.name) ? device.name
											  : NULL;
		if (wrong != NULL)
			return json_error(item, err, "invalid network device name \"%s\"", wrong);
	}
	if (result == 0 && value->count > 0)
		result = field_note_unsupported(reader, value, NULL, err);
	return result;
}

/* --- intelRdt ------------------------------------------------------------------------------------- */

struct intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strings schemata;
	bool enable_monitoring;
};

static const struct field intel_rdt_fields[] = {
	FIELD(struct intel_rdt, clos_id, "closID", .empty_is_absent = true),
	FIELD(struct intel_rdt, schemata, "schemata"),
	FIELD(struct intel_rdt, l3_cache_schema, "l3CacheSchema", .empty_is_absent = true),
	FIELD(struct intel_rdt, mem_bw_schema, "memBwSchema", .empty_is_absent = true),
	FIELD(struct intel_rdt, enable_monitoring, "enableMonitoring"),
	{ 0 },
};
static const struct field_object intel_rdt_object = { sizeof(struct intel_rdt), intel_rdt_fields, NULL };

/* It becomes the name of a directory of the resctrl file system, or is the root itself. */
static bool is_clos_id(const char *id)
{
	static const char *const taken[] = { ".", "..", "info", "mon_groups", "mon_data" };

	if (strcmp(id, "/") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcmp(id, taken[i]) == 0)
			return false;
	return strpbrk(id, "/\n") == NULL;
}

int linux_read_intel_rdt(struct field_reader *reader, const struct json *value, void *linux_spec,
			 struct error *err)
{
	struct intel_rdt rdt = { 0 };
	int result = field_read_object(reader, value, &intel_rdt_object, &rdt, err);

	(void)linux_spec;
	if (result < 0)
		return result;
	if (rdt.clos_id != NULL && !is_clos_id(rdt.clos_id))
		return json_error(value, err, "invalid intelRdt.ClosID \"%s\"", rdt.clos_id);
	if (rdt.mem_bw_schema != NULL &&
	    (!text_starts(rdt.mem_bw_schema, "MB:") || strchr(rdt.mem_bw_schema, '\n') != NULL))
		return json_error(value, err, "memBwSchema must be one line that begins with \"MB:\"");
	for (size_t i = 0; i < rdt.schemata.count; i++)
		if (strchr(rdt.schemata.items[i], '\n') != NULL)
			return json_error(value, err, "schemata[%zu] must be one line", i);
	/* Even an empty object asks for a group of the container's own. */
	return field_note_unsupported(reader, value, NULL, err);
}

/* --- memoryPolicy --------------------------------------------------------------------------------- */

enum {
	POLICY_DEFAULT,
	POLICY_PREFERRED,
	POLICY_BIND,
	POLICY_INTERLEAVE,
	POLICY_LOCAL,
	POLICY_PREFERRED_MANY,
	POLICY_WEIGHTED_INTERLEAVE
};
enum { MODE_NUMA_BALANCING = 1 << 13, MODE_RELATIVE_NODES = 1 << 14, MODE_STATIC_NODES = 1 << 15 };

struct memory_policy {
	int mode;
	const char *nodes;
	uint64_t flags;
};

static const struct field_name mode_names[] = {
	{ "MPOL_DEFAULT", POLICY_DEFAULT },
	{ "MPOL_PREFERRED", POLICY_PREFERRED },
	{ "MPOL_BIND", POLICY_BIND },
	{ "MPOL_INTERLEAVE", POLICY_INTERLEAVE },
	{ "MPOL_LOCAL", POLICY_LOCAL },
	{ "MPOL_PREFERRED_MANY", POLICY_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", POLICY_WEIGHTED_INTERLEAVE },
	{ 0 },
};
static const struct field_name mode_flag_names[] = {
	{ "MPOL_F_NUMA_BALANCING", MODE_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MODE_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MODE_STATIC_NODES },
	{ 0 },
};
static const struct field memory_policy_fields[] = {
	FIELD_AS(struct memory_policy, mode, "mode", FIELD_ENUM, .names = mode_names, .required = true),
	FIELD(struct memory_policy, nodes, "nodes", .empty_is_absent = true),
	FIELD_AS(struct memory_policy, flags, "flags", FIELD_FLAGS, .names = mode_flag_names),
	{ 0 },
};
static const struct field_object memory_policy_object = { sizeof(struct memory_policy), memory_policy_fields,
							  NULL };

int linux_read_memory_policy(struct field_reader *reader, const struct json *value, void *linux_spec,
			     struct error *err)
{
	struct memory_policy policy = { 0 };
	int result = field_read_object(reader, value, &memory_policy_object, &policy, err);
	uint64_t both = MODE_STATIC_NODES | MODE_RELATIVE_NODES;

	(void)linux_spec;
	if (result < 0)
		return result;
	if (policy.nodes != NULL && policy.nodes[strspn(policy.nodes, "0123456789,-")] != '\0')
		return json_error(value, err, "invalid memory policy nodes \"%s\"", policy.nodes);
	bool no_nodes = policy.mode == POLICY_DEFAULT || policy.mode == POLICY_LOCAL;
	if (no_nodes && policy.nodes != NULL)
		return json_error(value, err, "memory policy mode requires 0 nodes but got \"%s\"",
				  policy.nodes);
	if (!no_nodes && policy.mode != POLICY_PREFERRED && policy.nodes == NULL)
		return json_error(value, err, "memory policy mode requires at least one node but got 0");
	if ((policy.flags & both) == both)
		return json_error(value, err,
				  "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return field_note_unsupported(reader, value, NULL, err);
}
