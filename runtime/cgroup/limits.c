/*
 * Which limit goes where and when: a table of limits in the order in which they are written, each
 * with its controller, its phase and its writer for version 1 and version 2. What is the same file
 * with the same text in both is written here; see limits_v1.c and limits_v2.c for the rest.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

void cgroup_limits_warn(struct text *warnings, const char *format, ...)
{
	char line[512];
	va_list args;

	if (warnings == NULL)
		return;
	va_start(args, format);
	int length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (length > 0)
		text_format(warnings, "%s\n", line);
}

int cgroup_limits_write(const struct cgroup_dir *dir, const char *controller, const char *file,
			struct error *err, const char *format, ...)
{
	char value[512];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(value))
		return error_set(err, 0, "set %s: the value is too long", file);
	int result = cgroup_file_write(dir->fd, file, value, err);
	if (result != -ENOENT)
		return result;
	if (dir->unified && !cgroup_controllers_available(dir, controller)) {
		cgroup_controllers_enable_for(dir, controller);
		result = cgroup_file_write(dir->fd, file, value, err);
		if (result != -ENOENT)
			return result;
		return error_set(err, ENOENT,
				 "cannot set %s limit: controller \"%s\" not available in cgroup \"%s%s\"",
				 controller, controller, dir->mount_point, dir->path);
	}
	return error_set(err, ENOENT, "cannot set %s limit: the kernel has no \"%s\"", controller, file);
}

static bool positive(struct opt_i64 value)
{
	return value.set && value.value != 0;
}

static bool nonzero(struct opt_u64 value)
{
	return value.set && value.value != 0;
}

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* --- the same on both versions ---------------------------------------------------------------- */

static bool wants_cpuset(const struct spec_resources *r)
{
	return given(r->cpu.cpus) || given(r->cpu.mems);
}

static int set_cpuset(const struct cgroup_dir *dir, const struct spec_resources *r, struct text *warnings,
		      struct error *err)
{
	int result = 0;

	(void)warnings;
	if (given(r->cpu.cpus))
		result = cgroup_limits_write(dir, "cpuset", "cpuset.cpus", err, "%s", r->cpu.cpus);
	if (result == 0 && given(r->cpu.mems))
		result = cgroup_limits_write(dir, "cpuset", "cpuset.mems", err, "%s", r->cpu.mems);
	return result;
}

static bool wants_pids(const struct spec_resources *r)
{
	return r->pids_limit.set;
}

/* 0 is a limit too: no further fork. */
static int set_pids(const struct cgroup_dir *dir, const struct spec_resources *r, struct text *warnings,
		    struct error *err)
{
	(void)warnings;
	if (r->pids_limit.value < 0)
		return cgroup_limits_write(dir, "pids", "pids.max", err, "max");
	return cgroup_limits_write(dir, "pids", "pids.max", err, "%lld", (long long)r->pids_limit.value);
}

bool cgroup_limits_page_size_valid(const char *page_size)
{
	size_t digits = strspn(page_size, "0123456789");

	const char *unit = page_size + digits;

	return digits > 0 && digits < 12 && page_size[0] != '0' &&
	       (text_equal(unit, "KB") || text_equal(unit, "MB") || text_equal(unit, "GB"));
}

static bool wants_hugetlb(const struct spec_resources *r)
{
	return r->hugepage_count > 0;
}

/* Both the pages in use and, where the kernel has it (5.7), the reserved ones. */
static int set_hugetlb(const struct cgroup_dir *dir, const struct spec_resources *r, struct text *warnings,
		       struct error *err)
{
	const char *suffix = dir->unified ? "max" : "limit_in_bytes";

	(void)warnings;
	for (size_t i = 0; i < r->hugepage_count; i++) {
		const struct spec_hugepage_limit *limit = &r->hugepages[i];
		char file[64], value[32];
		int result;

		if (!cgroup_limits_page_size_valid(limit->page_size))
			return error_set(err, 0, "hugepageLimits: \"%s\" is no page size", limit->page_size);
		(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", limit->page_size, suffix);
		(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)limit->limit);
		result = cgroup_limits_write(dir, "hugetlb", file, err, "%s", value);
		if (result < 0)
			return result;
		(void)snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", limit->page_size, suffix);
		result = cgroup_file_write(dir->fd, file, value, err);
		if (result < 0 && result != -ENOENT)
			return result;
	}
	return 0;
}

static bool wants_rdma(const struct spec_resources *r)
{
	return r->rdma_count > 0;
}

static int set_rdma(const struct cgroup_dir *dir, const struct spec_resources *r, struct text *warnings,
		    struct error *err)
{
	(void)warnings;
	for (size_t i = 0; i < r->rdma_count; i++) {
		const struct spec_rdma *rdma = &r->rdma[i];
		char handles[40] = "", objects[40] = "";
		int result;

		if (rdma->hca_handles.set)
			(void)snprintf(handles, sizeof(handles), " hca_handle=%u", rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			(void)snprintf(objects, sizeof(objects), " hca_object=%u", rdma->hca_objects.value);
		result = cgroup_limits_write(dir, "rdma", "rdma.max", err, "%s%s%s", rdma->device, handles,
					     objects);
		if (result < 0)
			return result;
	}
	return 0;
}

/* --- who wants what ---------------------------------------------------------------------------- */

static bool wants_memory_soft(const struct spec_resources *r)
{
	const struct spec_memory *m = &r->memory;

	return positive(m->reservation) || (m->swappiness.set && m->swappiness.value != UINT64_MAX) ||
	       (m->disable_oom_killer.set && m->disable_oom_killer.value);
}

static bool wants_memory_hard(const struct spec_resources *r)
{
	return positive(r->memory.limit) || positive(r->memory.swap);
}

static bool wants_cpu_weight(const struct spec_resources *r)
{
	const struct spec_cpu *cpu = &r->cpu;

	return nonzero(cpu->shares) || cpu->idle.set || nonzero(cpu->realtime_period) ||
	       positive(cpu->realtime_runtime);
}

static bool wants_cpu_bandwidth(const struct spec_resources *r)
{
	return positive(r->cpu.quota) || nonzero(r->cpu.period) || r->cpu.burst.set;
}

static bool wants_block_io(const struct spec_resources *r)
{
	const struct spec_block_io *io = &r->block_io;

	return (io->weight.set && io->weight.value != 0) ||
	       (io->leaf_weight.set && io->leaf_weight.value != 0) ||
	       io->weight_device_count + io->read_bps.count + io->write_bps.count + io->read_iops.count +
			       io->write_iops.count >
		       0;
}

static bool wants_net_class(const struct spec_resources *r)
{
	return r->net_class_id.set && r->net_class_id.value != 0;
}

static bool wants_net_priorities(const struct spec_resources *r)
{
	return r->net_priority_count > 0;
}

/*
 * Early is what does not hinder setting the container up: a tight memory, cpu or pids limit would,
 * so those come before the gate. Real-time budgets must be there before a process enters.
 */
static const struct limit {
	const char *controller; /* as version 1 calls it */
	enum cgroup_phase phase;
	bool (*wanted)(const struct spec_resources *resources);
	cgroup_limit_setter *set_v1, *set_v2; /* NULL: version 2 has no such thing */
} limits[] = {
	{ "cpuset", CGROUP_EARLY, wants_cpuset, set_cpuset, set_cpuset },
	{ "memory", CGROUP_EARLY, wants_memory_soft, cgroup_limits_v1_memory_soft,
	  cgroup_limits_v2_memory_soft },
	{ "cpu", CGROUP_EARLY, wants_cpu_weight, cgroup_limits_v1_cpu_weight, cgroup_limits_v2_cpu_weight },
	{ "blkio", CGROUP_EARLY, wants_block_io, cgroup_limits_v1_block_io, cgroup_limits_v2_block_io },
	{ "hugetlb", CGROUP_EARLY, wants_hugetlb, set_hugetlb, set_hugetlb },
	{ "rdma", CGROUP_EARLY, wants_rdma, set_rdma, set_rdma },
	{ "net_cls", CGROUP_EARLY, wants_net_class, cgroup_limits_v1_net_class, NULL },
	{ "net_prio", CGROUP_EARLY, wants_net_priorities, cgroup_limits_v1_net_priorities, NULL },
	{ "memory", CGROUP_FINAL, wants_memory_hard, cgroup_limits_v1_memory_hard,
	  cgroup_limits_v2_memory_hard },
	{ "cpu", CGROUP_FINAL, wants_cpu_bandwidth, cgroup_limits_v1_cpu_bandwidth,
	  cgroup_limits_v2_cpu_bandwidth },
	{ "pids", CGROUP_FINAL, wants_pids, set_pids, set_pids },
};

static int set_one(const struct cgroup *cgroup, const struct limit *limit,
		   const struct spec_resources *resources, struct text *warnings, struct error *err)
{
	const struct cgroup_dir *dir = cgroup_find_v1(cgroup, limit->controller);

	if (dir != NULL)
		return limit->set_v1(dir, resources, warnings, err);
	dir = cgroup_find_v2(cgroup);
	if (dir != NULL && limit->set_v2 != NULL)
		return limit->set_v2(dir, resources, warnings, err);
	if (dir != NULL && cgroup->count == 1) {
		cgroup_limits_warn(warnings, "%s is ignored: version 2 cgroups have no such controller",
				   limit->controller);
		return 0;
	}
	return error_set(err, 0, "cannot set %s limit: container could not join or create cgroup",
			 limit->controller);
}

bool cgroup_has_final(const struct spec_resources *resources)
{
	if (resources == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (limits[i].phase == CGROUP_FINAL && limits[i].wanted(resources))
			return true;
	return resources->unified.count > 0;
}

int cgroup_set(const struct cgroup *cgroup, const struct spec_resources *resources, enum cgroup_phase phase,
	       struct text *warnings, struct error *err)
{
	int result = 0;

	if (resources == NULL)
		return 0;
	if (phase != CGROUP_FINAL &&
	    (positive(resources->memory.kernel) || positive(resources->memory.kernel_tcp)))
		cgroup_limits_warn(warnings,
				   "kernel memory settings are ignored: the kernel has given them up");
	for (size_t i = 0; i < ARRAY_LEN(limits) && result == 0; i++)
		if ((phase == limits[i].phase || phase == CGROUP_UPDATE) && limits[i].wanted(resources))
			result = set_one(cgroup, &limits[i], resources, warnings, err);
	/* Last, so that it has the last word; some of its files are tight limits. */
	if (result == 0 && phase != CGROUP_EARLY && resources->unified.count > 0) {
		const struct cgroup_dir *dir = cgroup_find_v2(cgroup);

		if (dir == NULL)
			return error_set(err, 0, "invalid configuration: cannot use unified on cgroup v1");
		result = cgroup_limits_v2_unified(dir, resources, warnings, err);
	}
	return result;
}
