/*
 * Limits as version 1 writes them, each on the directory of its own hierarchy. The orders here are
 * the kernel's: it checks every single write against the values that are there at that moment.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

#define BUSY_TRIES 5
#define BUSY_DELAY_MS 10
#define SHARES_MIN 2
#define SHARES_MAX 262144

/* --- memory ------------------------------------------------------------------------------------ */

int cgroup_limits_v1_memory_soft(const struct cgroup_dir *dir, const struct spec_resources *resources,
				 struct text *warnings, struct error *err)
{
	const struct spec_memory *memory = &resources->memory;
	int result = 0;

	(void)warnings;
	if (memory->swappiness.set && memory->swappiness.value != UINT64_MAX) {
		if (memory->swappiness.value > 100)
			return error_set(err, 0,
					 "invalid memory swappiness value: %llu (valid range is 0-100)",
					 (unsigned long long)memory->swappiness.value);
		result = cgroup_limits_write(dir, "memory", "memory.swappiness", err, "%llu",
					     (unsigned long long)memory->swappiness.value);
	}
	if (result == 0 && memory->reservation.set && memory->reservation.value != 0)
		result = cgroup_limits_write(dir, "memory", "memory.soft_limit_in_bytes", err, "%lld",
					     (long long)memory->reservation.value);
	if (result == 0 && memory->disable_oom_killer.set && memory->disable_oom_killer.value)
		result = cgroup_limits_write(dir, "memory", "memory.oom_control", err, "1");
	return result;
}

/* EBUSY: more is in use than the kernel could reclaim just now. Ask again, then say how much. */
static int write_limit(const struct cgroup_dir *dir, int64_t limit, struct error *err)
{
	uint64_t usage = 0, peak = 0;
	struct error ignored;
	int result = -EBUSY;

	for (int try = 0; try < BUSY_TRIES && result == -EBUSY; try++) {
		if (try > 0)
			cgroup_file_sleep_ms(BUSY_DELAY_MS);
		result = cgroup_limits_write(dir, "memory", "memory.limit_in_bytes", err, "%lld",
					     (long long)limit);
	}
	if (result != -EBUSY ||
	    cgroup_file_read_u64(dir->fd, "memory.usage_in_bytes", &usage, &ignored) < 0 ||
	    cgroup_file_read_u64(dir->fd, "memory.max_usage_in_bytes", &peak, &ignored) < 0)
		return result;
	(void)error_set(err, 0, "unable to set memory limit to %lld (current usage: %llu, peak usage: %llu)",
			(long long)limit, (unsigned long long)usage, (unsigned long long)peak);
	return -EBUSY;
}

static int write_swap(const struct cgroup_dir *dir, int64_t swap, struct error *err)
{
	return cgroup_limits_write(dir, "memory", "memory.memsw.limit_in_bytes", err, "%lld",
				   (long long)swap);
}

/*
 * The kernel wants memory plus swap to be at least memory at every moment: what grows beyond the
 * present limit is raised first, what shrinks is lowered last.
 */
int cgroup_limits_v1_memory_hard(const struct cgroup_dir *dir, const struct spec_resources *resources,
				 struct text *warnings, struct error *err)
{
	int64_t limit = resources->memory.limit.set ? resources->memory.limit.value : 0;
	int64_t swap = resources->memory.swap.set ? resources->memory.swap.value : 0;
	uint64_t current;
	int result;

	(void)warnings;
	/* Unlimited memory under an old limit of memory plus swap would be refused. */
	if (limit == -1 && swap == 0 && cgroup_file_exists(dir->fd, "memory.memsw.limit_in_bytes"))
		swap = -1;
	if (swap == 0)
		return write_limit(dir, limit, err);
	if (limit == 0)
		return write_swap(dir, swap, err);
	result = cgroup_file_read_u64(dir->fd, "memory.limit_in_bytes", &current, err);
	if (result < 0)
		return result;
	if (swap == -1 || current < (uint64_t)swap) {
		result = write_swap(dir, swap, err);
		return result < 0 ? result : write_limit(dir, limit, err);
	}
	result = write_limit(dir, limit, err);
	return result < 0 ? result : write_swap(dir, swap, err);
}

/* --- cpu --------------------------------------------------------------------------------------- */

/* The kernel clamps silently; tell instead. */
static int write_shares(const struct cgroup_dir *dir, uint64_t shares, struct error *err)
{
	uint64_t got = shares;
	int result = cgroup_limits_write(dir, "cpu", "cpu.shares", err, "%llu", (unsigned long long)shares);

	if (result < 0 || (shares >= SHARES_MIN && shares <= SHARES_MAX))
		return result;
	result = cgroup_file_read_u64(dir->fd, "cpu.shares", &got, err);
	if (result < 0 || got == shares)
		return result;
	return error_set(err, 0, "the %s allowed cpu-shares is %llu", shares > got ? "maximum" : "minimum",
			 (unsigned long long)got);
}

/* Period and runtime are checked together: what is refused now may be right after the other. */
static int write_realtime(const struct cgroup_dir *dir, const struct spec_cpu *cpu, struct error *err)
{
	bool period = cpu->realtime_period.set && cpu->realtime_period.value != 0, later = false;
	unsigned long long period_us = period ? (unsigned long long)cpu->realtime_period.value : 0;
	int result = 0;

	if (period) {
		result = cgroup_limits_write(dir, "cpu", "cpu.rt_period_us", err, "%llu", period_us);
		later = result == -EINVAL && cpu->realtime_runtime.set && cpu->realtime_runtime.value != 0;
	}
	if (result < 0 && !later)
		return result;
	if (cpu->realtime_runtime.set && cpu->realtime_runtime.value != 0) {
		result = cgroup_limits_write(dir, "cpu", "cpu.rt_runtime_us", err, "%lld",
					     (long long)cpu->realtime_runtime.value);
		if (result < 0)
			return result;
	}
	return later ? cgroup_limits_write(dir, "cpu", "cpu.rt_period_us", err, "%llu", period_us) : 0;
}

/* An idle group takes no shares: leave idle first, become idle last. */
int cgroup_limits_v1_cpu_weight(const struct cgroup_dir *dir, const struct spec_resources *resources,
				struct text *warnings, struct error *err)
{
	const struct spec_cpu *cpu = &resources->cpu;
	bool idle = cpu->idle.set && cpu->idle.value != 0;
	int result = 0;

	(void)warnings;
	if (cpu->idle.set && !idle) {
		result = cgroup_limits_write(dir, "cpu", "cpu.idle", err, "0");
		if (result == -ENOENT) /* before Linux 5.15 nothing is ever idle */
			result = 0;
	}
	if (result == 0 && cpu->shares.set && cpu->shares.value != 0) {
		result = write_shares(dir, cpu->shares.value, err);
		if (result == -EINVAL && idle)
			result = 0; /* idle already: shares mean nothing there */
	}
	if (result == 0 && idle)
		result = cgroup_limits_write(dir, "cpu", "cpu.idle", err, "%lld", (long long)cpu->idle.value);
	if (result == 0)
		result = write_realtime(dir, cpu, err);
	return result;
}

/*
 * Period, burst, quota. The kernel refuses a period whose share exceeds the parent's and a burst
 * above the quota: such a refusal is final only after the quota is written.
 */
int cgroup_limits_v1_cpu_bandwidth(const struct cgroup_dir *dir, const struct spec_resources *resources,
				   struct text *warnings, struct error *err)
{
	const struct spec_cpu *cpu = &resources->cpu;
	unsigned long long period = cpu->period.set ? (unsigned long long)cpu->period.value : 0;
	unsigned long long burst = cpu->burst.set ? (unsigned long long)cpu->burst.value : 0;
	bool quota = cpu->quota.set && cpu->quota.value != 0, period_later = false, burst_later = false;
	int result = 0;

	(void)warnings;
	if (period != 0) {
		result = cgroup_limits_write(dir, "cpu", "cpu.cfs_period_us", err, "%llu", period);
		period_later = result == -EINVAL && quota;
		if (result < 0 && !period_later)
			return result;
	}
	if (cpu->burst.set) {
		result = cgroup_limits_write(dir, "cpu", "cpu.cfs_burst_us", err, "%llu", burst);
		burst_later = result == -EINVAL && quota;
		if (result < 0 && !burst_later && !(result == -ENOENT && burst == 0))
			return result;
	}
	if (quota) {
		result = cgroup_limits_write(dir, "cpu", "cpu.cfs_quota_us", err, "%lld",
					     (long long)cpu->quota.value);
		if (result < 0)
			return result;
	}
	if (period_later)
		result = cgroup_limits_write(dir, "cpu", "cpu.cfs_period_us", err, "%llu", period);
	else
		result = 0;
	if (result == 0 && burst_later)
		result = cgroup_limits_write(dir, "cpu", "cpu.cfs_burst_us", err, "%llu", burst);
	return result;
}

/* --- blkio ------------------------------------------------------------------------------------- */

/* The weight's file belongs to the I/O scheduler: CFQ's until Linux 5.0, BFQ's since. */
static int write_weight(const struct cgroup_dir *dir, const char *file, const char *bfq_file,
			const char *value, struct error *err)
{
	int result = cgroup_file_write(dir->fd, file, value, err);

	if (result == -ENOENT && bfq_file != NULL)
		result = cgroup_file_write(dir->fd, bfq_file, value, err);
	if (result == -ENOENT)
		return error_set(err, ENOENT, "cannot set blkio limit: the kernel has no %s",
				 bfq_file != NULL ? bfq_file : file);
	return result;
}

static int write_weights(const struct cgroup_dir *dir, const struct spec_block_io *io, struct error *err)
{
	char value[64];
	int result = 0;

	if (io->weight.set && io->weight.value != 0) {
		(void)snprintf(value, sizeof(value), "%u", io->weight.value);
		result = write_weight(dir, "blkio.weight", "blkio.bfq.weight", value, err);
	}
	if (result == 0 && io->leaf_weight.set && io->leaf_weight.value != 0) {
		(void)snprintf(value, sizeof(value), "%u", io->leaf_weight.value);
		result = write_weight(dir, "blkio.leaf_weight", NULL, value, err);
	}
	for (size_t i = 0; i < io->weight_device_count && result == 0; i++) {
		const struct spec_weight_device *device = &io->weight_devices[i];

		if (device->weight.set && device->weight.value != 0) {
			(void)snprintf(value, sizeof(value), "%u:%u %u", device->major, device->minor,
				       device->weight.value);
			result = write_weight(dir, "blkio.weight_device", "blkio.bfq.weight_device", value,
					      err);
		}
		if (result == 0 && device->leaf_weight.set && device->leaf_weight.value != 0) {
			(void)snprintf(value, sizeof(value), "%u:%u %u", device->major, device->minor,
				       device->leaf_weight.value);
			result = write_weight(dir, "blkio.leaf_weight_device", NULL, value, err);
		}
	}
	return result;
}

int cgroup_limits_v1_block_io(const struct cgroup_dir *dir, const struct spec_resources *resources,
			      struct text *warnings, struct error *err)
{
	const struct spec_block_io *io = &resources->block_io;
	const struct {
		const char *file;
		const struct spec_throttle_devices *devices;
	} throttles[] = {
		{ "blkio.throttle.read_bps_device", &io->read_bps },
		{ "blkio.throttle.write_bps_device", &io->write_bps },
		{ "blkio.throttle.read_iops_device", &io->read_iops },
		{ "blkio.throttle.write_iops_device", &io->write_iops },
	};
	int result = write_weights(dir, io, err);

	(void)warnings;
	for (size_t t = 0; t < sizeof(throttles) / sizeof(throttles[0]); t++)
		for (size_t i = 0; i < throttles[t].devices->count && result == 0; i++) {
			const struct spec_throttle_device *device = &throttles[t].devices->items[i];

			result = cgroup_limits_write(dir, "blkio", throttles[t].file, err, "%u:%u %llu",
						     device->major, device->minor,
						     (unsigned long long)device->rate);
		}
	return result;
}

/* --- network ----------------------------------------------------------------------------------- */

int cgroup_limits_v1_net_class(const struct cgroup_dir *dir, const struct spec_resources *resources,
			       struct text *warnings, struct error *err)
{
	(void)warnings;
	return cgroup_limits_write(dir, "net_cls", "net_cls.classid", err, "%u",
				   resources->net_class_id.value);
}

int cgroup_limits_v1_net_priorities(const struct cgroup_dir *dir, const struct spec_resources *resources,
				    struct text *warnings, struct error *err)
{
	int result = 0;

	(void)warnings;
	for (size_t i = 0; i < resources->net_priority_count && result == 0; i++)
		result = cgroup_limits_write(dir, "net_prio", "net_prio.ifpriomap", err, "%s %u",
					     resources->net_priorities[i].name,
					     resources->net_priorities[i].priority);
	return result;
}
