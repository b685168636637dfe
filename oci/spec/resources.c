/*
 * linux.resources, also read on its own by `update`: limits as numbers, kept as given. Engines write
 * 0 for "not set" in many places; what 0 means is decided by those who write the cgroup files.
 * Source: runtime-spec config-linux.md "Control groups".
 */
#include <errno.h>
#include <string.h>

#include "oci/spec/parts.h"

#include "base/banned.h"

/* --- device rules --------------------------------------------------------------------------------- */

static int read_rule_type(struct field_reader *reader, const struct json *value, void *place,
			  struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0)
		return result;
	if (value->text[0] == '\0')
		return 0;
	if (strlen(value->text) != 1 || strchr("abc", value->text[0]) == NULL)
		return json_error(value, err, "invalid device type \"%s\"", value->text);
	*(char *)place = value->text[0];
	return 0;
}

/* -1 means every number, as absence does. */
static int read_rule_number(struct field_reader *reader, const struct json *value, void *place,
			    struct error *err)
{
	int64_t number;
	int result = field_read_i64(value, -1, UINT32_MAX, &number, err);

	(void)reader;
	if (result == 0 && number >= 0)
		*(struct opt_u32 *)place = (struct opt_u32){ true, (uint32_t)number };
	return result;
}

static int read_rule_access(struct field_reader *reader, const struct json *value, void *whole,
			    struct error *err)
{
	struct spec_device_rule *rule = whole;
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0)
		return result;
	if (value->text[0] == '\0')
		return json_error(value, err, "device access at %zu field cannot be empty",
				  value->parent->index);
	if (value->text[strspn(value->text, "rwm")] != '\0')
		return json_error(value, err, "invalid device access \"%s\"", value->text);
	rule->read = strchr(value->text, 'r') != NULL;
	rule->write = strchr(value->text, 'w') != NULL;
	rule->mknod = strchr(value->text, 'm') != NULL;
	return 0;
}

static int rule_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec_device_rule *rule = into;

	(void)reader;
	(void)err;
	if (rule->type == '\0')
		rule->type = 'a';
	if (json_get(value, "access") == NULL)
		rule->read = rule->write = rule->mknod = true;
	return 0;
}

static const struct field rule_fields[] = {
	FIELD(struct spec_device_rule, allow, "allow", .required = true),
	FIELD_AS(struct spec_device_rule, type, "type", FIELD_READ, .read = read_rule_type),
	FIELD_AS(struct spec_device_rule, major, "major", FIELD_READ, .read = read_rule_number),
	FIELD_AS(struct spec_device_rule, minor, "minor", FIELD_READ, .read = read_rule_number),
	FIELD_WHOLE("access", read_rule_access),
	{ 0 },
};
static const struct field_object rule_object = { sizeof(struct spec_device_rule), rule_fields, rule_check };

/* --- memory, cpu, pids ---------------------------------------------------------------------------- */

static int memory_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec_memory *memory = into;

	(void)reader;
	/* Engines write -1 as an unsigned number for "not set". */
	if (memory->swappiness.set && memory->swappiness.value == UINT64_MAX)
		memory->swappiness = (struct opt_u64){ 0 };
	if (memory->swappiness.value > 100)
		return json_error(json_get(value, "swappiness"), err,
				  "invalid memory swappiness value: %llu (valid range is 0-100)",
				  (unsigned long long)memory->swappiness.value);
	return 0;
}

static const struct field memory_fields[] = {
	FIELD(struct spec_memory, limit, "limit", .min = -1),
	FIELD(struct spec_memory, reservation, "reservation", .min = -1),
	FIELD(struct spec_memory, swap, "swap", .min = -1),
	FIELD(struct spec_memory, kernel, "kernel", .min = -1),
	FIELD(struct spec_memory, kernel_tcp, "kernelTCP", .min = -1),
	FIELD(struct spec_memory, swappiness, "swappiness"),
	FIELD(struct spec_memory, disable_oom_killer, "disableOOMKiller"),
	FIELD(struct spec_memory, use_hierarchy, "useHierarchy"),
	FIELD(struct spec_memory, check_before_update, "checkBeforeUpdate"),
	{ 0 },
};
static const struct field_object memory_object = { sizeof(struct spec_memory), memory_fields, memory_check };

static int cpu_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct spec_cpu *cpu = into;

	(void)reader;
	if (cpu->burst.set && cpu->quota.set && cpu->quota.value > 0 &&
	    cpu->burst.value > (uint64_t)cpu->quota.value)
		return json_error(json_get(value, "burst"), err,
				  "number %llu: must not be above the quota %lld",
				  (unsigned long long)cpu->burst.value, (long long)cpu->quota.value);
	return 0;
}

static const struct field cpu_fields[] = {
	FIELD(struct spec_cpu, shares, "shares"),
	FIELD(struct spec_cpu, quota, "quota"),
	FIELD(struct spec_cpu, burst, "burst"),
	FIELD(struct spec_cpu, period, "period"),
	FIELD(struct spec_cpu, realtime_runtime, "realtimeRuntime"),
	FIELD(struct spec_cpu, realtime_period, "realtimePeriod"),
	FIELD(struct spec_cpu, cpus, "cpus", .empty_is_absent = true),
	FIELD(struct spec_cpu, mems, "mems", .empty_is_absent = true),
	FIELD(struct spec_cpu, idle, "idle", .min = 0, .max = 1),
	{ 0 },
};
static const struct field_object cpu_object = { sizeof(struct spec_cpu), cpu_fields, cpu_check };

static const struct field pids_fields[] = {
	FIELD(struct spec_resources, pids_limit, "limit", .min = -1),
	{ 0 },
};
/* Its member goes straight into struct spec_resources, as that of "network" below. */
static const struct field_object pids_object = { sizeof(struct spec_resources), pids_fields, NULL };

/* --- block I/O ------------------------------------------------------------------------------------ */

static int weight_device_check(struct field_reader *reader, const struct json *value, void *into,
			       struct error *err)
{
	const struct spec_weight_device *device = into;

	(void)reader;
	if (!device->weight.set && !device->leaf_weight.set)
		return json_error(value, err, "weight or leafWeight is required");
	return 0;
}

static const struct field weight_device_fields[] = {
	FIELD(struct spec_weight_device, major, "major", .required = true),
	FIELD(struct spec_weight_device, minor, "minor", .required = true),
	FIELD(struct spec_weight_device, weight, "weight"),
	FIELD(struct spec_weight_device, leaf_weight, "leafWeight"),
	{ 0 },
};
static const struct field_object weight_device_object = { sizeof(struct spec_weight_device),
							  weight_device_fields, weight_device_check };

static const struct field throttle_fields[] = {
	FIELD(struct spec_throttle_device, major, "major", .required = true),
	FIELD(struct spec_throttle_device, minor, "minor", .required = true),
	FIELD(struct spec_throttle_device, rate, "rate", .required = true),
	{ 0 },
};
static const struct field_object throttle_object = { sizeof(struct spec_throttle_device), throttle_fields,
						     NULL };

#define THROTTLE(member, key) FIELD_AS(struct spec_block_io, member, key, FIELD_ARRAY, .of = &throttle_object)
static const struct field block_io_fields[] = {
	FIELD(struct spec_block_io, weight, "weight"),
	FIELD(struct spec_block_io, leaf_weight, "leafWeight"),
	FIELD_COUNTED(struct spec_block_io, weight_device_count, weight_devices, "weightDevice", FIELD_ARRAY,
		      .of = &weight_device_object),
	THROTTLE(read_bps, "throttleReadBpsDevice"),
	THROTTLE(write_bps, "throttleWriteBpsDevice"),
	THROTTLE(read_iops, "throttleReadIOPSDevice"),
	THROTTLE(write_iops, "throttleWriteIOPSDevice"),
	{ 0 },
};
static const struct field_object block_io_object = { sizeof(struct spec_block_io), block_io_fields, NULL };

/* --- huge pages, network, rdma, unified ------------------------------------------------------------ */

static int read_page_size(struct field_reader *reader, const struct json *value, void *place,
			  struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0)
		return result;
	size_t digits = strspn(value->text, "0123456789");
	const char *unit = value->text + digits;
	if (digits == 0 || value->text[0] == '0' || *unit == '\0' || strchr("KMG", *unit) == NULL ||
	    strcmp(unit + 1, "B") != 0)
		return json_error(value, err, "\"%s\" is not a page size like 64KB, 2MB or 1GB", value->text);
	*(const char **)place = value->text;
	return 0;
}

static const struct field hugepage_fields[] = {
	FIELD_AS(struct spec_hugepage_limit, page_size, "pageSize", FIELD_READ, .read = read_page_size,
		 .required = true),
	FIELD(struct spec_hugepage_limit, limit, "limit", .required = true),
	{ 0 },
};
static const struct field_object hugepage_object = { sizeof(struct spec_hugepage_limit), hugepage_fields,
						     NULL };

static const struct field net_priority_fields[] = {
	FIELD(struct spec_net_priority, name, "name", .required = true, .non_empty = true),
	FIELD(struct spec_net_priority, priority, "priority", .required = true),
	{ 0 },
};
static const struct field_object net_priority_object = { sizeof(struct spec_net_priority),
							 net_priority_fields, NULL };

static const struct field network_fields[] = {
	FIELD(struct spec_resources, net_class_id, "classID"),
	FIELD_COUNTED(struct spec_resources, net_priority_count, net_priorities, "priorities", FIELD_ARRAY,
		      .of = &net_priority_object),
	{ 0 },
};
static const struct field_object network_object = { sizeof(struct spec_resources), network_fields, NULL };

static const struct field rdma_fields[] = {
	FIELD(struct spec_rdma, hca_handles, "hcaHandles"),
	FIELD(struct spec_rdma, hca_objects, "hcaObjects"),
	{ 0 },
};
static const struct field_object rdma_object = { sizeof(struct spec_rdma), rdma_fields, NULL };

static int read_rdma(struct field_reader *reader, const struct json *value, void *whole, struct error *err)
{
	struct spec_resources *resources = whole;
	int result = field_expect(value, JSON_OBJECT, err);

	if (result < 0)
		return result;
	struct spec_rdma *items = field_alloc(reader, value->count, sizeof(*items), err);
	if (items == NULL)
		return -ENOMEM;
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		struct spec_rdma *device = &items[item->index];

		result = field_read_object(reader, item, &rdma_object, device, err);
		if (result < 0)
			return result;
		if (!device->hca_handles.set && !device->hca_objects.set)
			return json_error(item, err, "hcaHandles or hcaObjects is required");
		device->device = item->name;
	}
	resources->rdma_count = value->count;
	resources->rdma = items;
	return 0;
}

/* a key is the name of a file in the cgroup's directory, never a path. */
static int check_unified(const struct json *value, struct error *err)
{
	for (const struct json *item = value == NULL ? NULL : value->first; item != NULL; item = item->next)
		if (item->name[0] == '\0' || strchr(item->name, '/') != NULL ||
		    strcmp(item->name, ".") == 0 || strcmp(item->name, "..") == 0)
			return json_error(value, err, "\"%s\" is not the name of a cgroup file", item->name);
	return 0;
}

/* --- the object ----------------------------------------------------------------------------------- */

static int resources_check(struct field_reader *reader, const struct json *value, void *into,
			   struct error *err)
{
	(void)reader;
	(void)into;
	return check_unified(json_get(value, "unified"), err);
}

int resources_check_whole(const struct json *value, const struct spec_resources *resources, struct error *err)
{
	const struct spec_memory *memory = &resources->memory;

	if (!memory->swap.set || memory->swap.value <= 0)
		return 0;
	const struct json *swap = json_get(json_get(value, "memory"), "swap");
	if (!memory->limit.set || memory->limit.value <= 0)
		return json_error(swap, err, "unable to set swap limit without memory limit");
	if (memory->swap.value < memory->limit.value)
		return json_error(swap, err, "memory+swap limit should be >= memory limit");
	return 0;
}

static const struct field resources_fields[] = {
	FIELD_COUNTED(struct spec_resources, device_rule_count, device_rules, "devices", FIELD_ARRAY,
		      .of = &rule_object),
	FIELD_AS(struct spec_resources, memory, "memory", FIELD_OBJECT, .of = &memory_object),
	FIELD_AS(struct spec_resources, cpu, "cpu", FIELD_OBJECT, .of = &cpu_object),
	{ .name = "pids", .type = FIELD_OBJECT, .of = &pids_object },
	FIELD_AS(struct spec_resources, block_io, "blockIO", FIELD_OBJECT, .of = &block_io_object),
	FIELD_COUNTED(struct spec_resources, hugepage_count, hugepages, "hugepageLimits", FIELD_ARRAY,
		      .of = &hugepage_object),
	{ .name = "network", .type = FIELD_OBJECT, .of = &network_object },
	FIELD_WHOLE("rdma", read_rdma),
	FIELD(struct spec_resources, unified, "unified"),
	{ 0 },
};
const struct field_object resources_object = { sizeof(struct spec_resources), resources_fields,
					       resources_check };
