/*
 * Limits as version 2 writes them, all in one directory. Values that the document gives in version
 * 1's terms (shares, memory plus swap, blkio weights) are converted as runc does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

#define DEFAULT_PERIOD_US 100000ULL

/* --- memory ------------------------------------------------------------------------------------ */

int cgroup_limits_v2_swap(int64_t swap, int64_t memory, bool *ret_set, int64_t *ret, struct error *err)
{
	*ret_set = true;
	*ret = -1;
	if (swap == -1 || (memory == -1 && swap == 0))
		return 0;
	*ret_set = false;
	if (swap == 0)
		return 0;
	*ret_set = true;
	*ret = swap;
	if (memory == -1)
		return 0;
	if (memory == 0)
		return error_set(err, 0, "unable to set swap limit without memory limit");
	if (memory < 0)
		return error_set(err, 0, "invalid memory value: %lld", (long long)memory);
	if (swap < memory)
		return error_set(err, 0, "memory+swap limit should be >= memory limit");
	*ret = swap - memory;
	return 0;
}

static int check_usage(const struct cgroup_dir *dir, int64_t limit, int64_t swap, struct error *err)
{
	struct error ignored;
	uint64_t usage;

	if (cgroup_file_read_u64(dir->fd, "memory.current", &usage, &ignored) < 0)
		return 0; /* nothing is accounted yet */
	if (limit > 0 && usage >= (uint64_t)limit)
		return error_set(err, 0, "rejecting memory limit %lld <= usage %llu", (long long)limit,
				 (unsigned long long)usage);
	if (swap > 0 && usage >= (uint64_t)swap)
		return error_set(err, 0, "rejecting memory+swap limit %lld <= usage %llu", (long long)swap,
				 (unsigned long long)usage);
	return 0;
}

static int write_bytes(const struct cgroup_dir *dir, const char *file, int64_t bytes, struct error *err)
{
	if (bytes < 0)
		return cgroup_limits_write(dir, "memory", file, err, "max");
	return cgroup_limits_write(dir, "memory", file, err, "%lld", (long long)bytes);
}

int cgroup_limits_v2_memory_hard(const struct cgroup_dir *dir, const struct spec_resources *resources,
				 struct text *warnings, struct error *err)
{
	const struct spec_memory *memory = &resources->memory;
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t swap = memory->swap.set ? memory->swap.value : 0, swap_max;
	bool set_swap;
	int result = cgroup_limits_v2_swap(swap, limit, &set_swap, &swap_max, err);

	(void)warnings;
	if (result == 0 && memory->check_before_update.set && memory->check_before_update.value)
		result = check_usage(dir, limit, swap, err);
	if (result == 0 && set_swap) {
		result = write_bytes(dir, "memory.swap.max", swap_max, err);
		/* A kernel without swap accounting has no file, and no swap to allow or forbid. */
		if (result == -ENOENT && swap_max <= 0)
			result = 0;
	}
	if (result == 0 && limit != 0)
		result = write_bytes(dir, "memory.max", limit, err);
	return result;
}

int cgroup_limits_v2_memory_soft(const struct cgroup_dir *dir, const struct spec_resources *resources,
				 struct text *warnings, struct error *err)
{
	const struct spec_memory *memory = &resources->memory;

	if (memory->swappiness.set && memory->swappiness.value != UINT64_MAX)
		cgroup_limits_warn(warnings, "memory.swappiness is ignored: version 2 cgroups have none");
	if (memory->disable_oom_killer.set && memory->disable_oom_killer.value)
		cgroup_limits_warn(warnings,
				   "memory.disableOOMKiller is ignored: version 2 cgroups have none");
	if (!memory->reservation.set || memory->reservation.value == 0)
		return 0;
	return write_bytes(dir, "memory.low", memory->reservation.value, err);
}

/* --- cpu --------------------------------------------------------------------------------------- */

/* log2 of 1 to 2^18 and powers of ten up to 10^4, by their series: no libm for two functions. */
static double log2_of(uint64_t value)
{
	double whole = 0, mantissa = (double)value, sum = 0;

	for (; mantissa >= 2; mantissa /= 2)
		whole += 1;
	double t = (mantissa - 1) / (mantissa + 1), power = t;
	for (int n = 1; n < 60; n += 2, power *= t * t)
		sum += power / n;
	return whole + 2 * sum / 0.693147180559945309417;
}

static double power_of_ten(double exponent)
{
	double x = exponent * 2.302585092994045684018 / 1024, term = 1, sum = 1;

	for (int n = 1; n < 12; n++) {
		term *= x / n;
		sum += term;
	}
	for (int i = 0; i < 10; i++) /* the 1024th power */
		sum *= sum;
	return sum;
}

uint64_t cgroup_limits_v2_weight(uint64_t shares)
{
	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	double l = log2_of(shares);
	double weight = power_of_ten((l * l + 125 * l) / 612 - 7.0 / 34);
	uint64_t below = (uint64_t)weight;

	/* Rounded up; 1024 is meant to be 100 exactly and must not become 101 by the last bits. */
	return weight - (double)below > 1e-7 ? below + 1 : below;
}

int cgroup_limits_v2_cpu_weight(const struct cgroup_dir *dir, const struct spec_resources *resources,
				struct text *warnings, struct error *err)
{
	const struct spec_cpu *cpu = &resources->cpu;
	bool idle = cpu->idle.set && cpu->idle.value != 0;
	int result = 0;

	if ((cpu->realtime_period.set && cpu->realtime_period.value != 0) ||
	    (cpu->realtime_runtime.set && cpu->realtime_runtime.value != 0))
		cgroup_limits_warn(warnings, "cpu.realtimeRuntime and cpu.realtimePeriod are ignored: "
					     "version 2 cgroups have none");
	/* An idle group takes no weight: leave idle first, become idle last. */
	if (cpu->idle.set && !idle) {
		result = cgroup_limits_write(dir, "cpu", "cpu.idle", err, "0");
		if (result == -ENOENT) /* before Linux 5.15 nothing is ever idle */
			result = 0;
	}
	if (result == 0 && cpu->shares.set && cpu->shares.value != 0) {
		result = cgroup_limits_write(dir, "cpu", "cpu.weight", err, "%llu",
					     (unsigned long long)cgroup_limits_v2_weight(cpu->shares.value));
		if (result == -EINVAL && idle)
			result = 0; /* idle already: a weight means nothing there */
	}
	if (result == 0 && idle)
		result = cgroup_limits_write(dir, "cpu", "cpu.idle", err, "%lld", (long long)cpu->idle.value);
	return result;
}

/* A burst above the present quota is refused: then it is tried again after the new quota. */
int cgroup_limits_v2_cpu_bandwidth(const struct cgroup_dir *dir, const struct spec_resources *resources,
				   struct text *warnings, struct error *err)
{
	const struct spec_cpu *cpu = &resources->cpu;
	bool quota = cpu->quota.set && cpu->quota.value != 0,
	     period = cpu->period.set && cpu->period.value != 0;
	unsigned long long burst = cpu->burst.set ? (unsigned long long)cpu->burst.value : 0;
	unsigned long long period_us = period ? (unsigned long long)cpu->period.value : DEFAULT_PERIOD_US;
	bool burst_later = false;
	int result = 0;

	(void)warnings;
	if (cpu->burst.set) {
		result = cgroup_limits_write(dir, "cpu", "cpu.max.burst", err, "%llu", burst);
		burst_later = result == -EINVAL && quota;
		if (result < 0 && !burst_later && !(result == -ENOENT && burst == 0))
			return result;
		result = 0;
	}
	if (quota && cpu->quota.value > 0)
		result = cgroup_limits_write(dir, "cpu", "cpu.max", err, "%lld %llu",
					     (long long)cpu->quota.value, period_us);
	else if (quota || period)
		result = cgroup_limits_write(dir, "cpu", "cpu.max", err, "max %llu", period_us);
	if (result == 0 && burst_later)
		result = cgroup_limits_write(dir, "cpu", "cpu.max.burst", err, "%llu", burst);
	return result;
}

/* --- io ---------------------------------------------------------------------------------------- */

uint64_t cgroup_limits_v2_io_weight(uint64_t weight)
{
	if (weight == 0)
		return 0;
	if (weight <= 10)
		return 1;
	return weight >= 1000 ? 10000 : 1 + (weight - 10) * 9999 / 990;
}

/* @device: "" or "MAJOR:MINOR ". BFQ's weight is version 1's own, io.weight has another scale. */
static int write_io_weight(const struct cgroup_dir *dir, const char *device, unsigned weight,
			   struct error *err)
{
	int result = cgroup_file_print(dir->fd, "io.bfq.weight", err, "%s%u", device, weight);

	if (result != -ENOENT)
		return result;
	return cgroup_limits_write(dir, "io", "io.weight", err, "%s%llu", device,
				   (unsigned long long)cgroup_limits_v2_io_weight(weight));
}

static int write_io_max(const struct cgroup_dir *dir, const char *key,
			const struct spec_throttle_devices *devices, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < devices->count && result == 0; i++) {
		const struct spec_throttle_device *device = &devices->items[i];

		if (device->rate == 0) /* version 1 takes a limit away with 0 */
			result = cgroup_limits_write(dir, "io", "io.max", err, "%u:%u %s=max", device->major,
						     device->minor, key);
		else
			result = cgroup_limits_write(dir, "io", "io.max", err, "%u:%u %s=%llu", device->major,
						     device->minor, key, (unsigned long long)device->rate);
	}
	return result;
}

int cgroup_limits_v2_block_io(const struct cgroup_dir *dir, const struct spec_resources *resources,
			      struct text *warnings, struct error *err)
{
	const struct spec_block_io *io = &resources->block_io;
	bool leaf = io->leaf_weight.set && io->leaf_weight.value != 0;
	int result = 0;

	if (io->weight.set && io->weight.value != 0)
		result = write_io_weight(dir, "", io->weight.value, err);
	for (size_t i = 0; i < io->weight_device_count && result == 0; i++) {
		const struct spec_weight_device *device = &io->weight_devices[i];
		char name[32];

		leaf |= device->leaf_weight.set && device->leaf_weight.value != 0;
		(void)snprintf(name, sizeof(name), "%u:%u ", device->major, device->minor);
		if (device->weight.set && device->weight.value != 0)
			result = write_io_weight(dir, name, device->weight.value, err);
		if (result == -EOPNOTSUPP) {
			cgroup_limits_warn(warnings,
					   "blockIO.weightDevice %u:%u is ignored: no weights on this device",
					   device->major, device->minor);
			result = 0;
		}
	}
	if (leaf)
		cgroup_limits_warn(warnings, "blockIO.leafWeight is ignored: version 2 cgroups have none");
	if (result == 0)
		result = write_io_max(dir, "rbps", &io->read_bps, err);
	if (result == 0)
		result = write_io_max(dir, "wbps", &io->write_bps, err);
	if (result == 0)
		result = write_io_max(dir, "riops", &io->read_iops, err);
	if (result == 0)
		result = write_io_max(dir, "wiops", &io->write_iops, err);
	return result;
}

/* --- unified ----------------------------------------------------------------------------------- */

/* Each line of the value is a write of its own: io.max and its like take one device at a time. */
static int write_unified(const struct cgroup_dir *dir, const char *controller, const struct spec_kv *entry,
			 struct error *err)
{
	const char *rest = entry->value;
	int result;

	do {
		size_t length = strcspn(rest, "\n");
		autofree char *line = strndup(rest, length);

		if (line == NULL)
			return error_set(err, ENOMEM, "unified resource \"%s\"", entry->key);
		rest += length + (rest[length] == '\n');
		result = cgroup_file_write(dir->fd, entry->key, line, err);
		if (result == -ENOENT) {
			cgroup_controllers_enable_for(dir, controller);
			result = cgroup_file_write(dir->fd, entry->key, line, err);
		}
	} while (result == 0 && rest[0] != '\0');
	return result;
}

int cgroup_limits_v2_unified(const struct cgroup_dir *dir, const struct spec_resources *resources,
			     struct text *warnings, struct error *err)
{
	(void)warnings;
	for (size_t i = 0; i < resources->unified.count; i++) {
		const struct spec_kv *entry = &resources->unified.items[i];
		const char *dot = strchr(entry->key, '.');
		char controller[64] = "";

		if (strchr(entry->key, '/') != NULL || entry->key[0] == '\0' || text_equal(entry->key, ".") ||
		    text_equal(entry->key, ".."))
			return error_set(err, 0, "unified resource \"%s\" must be a file name (no slashes)",
					 entry->key);
		if (dot != NULL && (size_t)(dot - entry->key) < sizeof(controller))
			memcpy(controller, entry->key, (size_t)(dot - entry->key));
		int result = write_unified(dir, controller, entry, err);
		if (result == 0)
			continue;
		if (result != -ENOENT && result != -EPERM)
			return error_add(err, "unable to set unified resource \"%s\"", entry->key);
		if (controller[0] == '\0')
			return error_set(err, 0,
					 "unified resource \"%s\" must be in the form CONTROLLER.PARAMETER",
					 entry->key);
		if (!cgroup_controllers_available(dir, controller))
			return error_set(
				err, 0,
				"unified resource \"%s\" can't be set: controller \"%s\" not available",
				entry->key, controller);
		return error_add(err, "unable to set unified resource \"%s\"", entry->key);
	}
	return 0;
}
