/* Control group limits; see draft.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/tree.h"
#include "oci/make/draft.h"

#include "base/banned.h"

#define RESOURCES "linux.resources."
#define CPU_PERIOD_US 100000
#define MIN_MEMORY_BYTES ((int64_t)6 << 20)

static int read_bytes(const char *option, const char *word, int64_t *ret, struct error *err)
{
	int result = number_parse_bytes(word, ret, err);

	return result < 0 ? error_add(err, "invalid argument \"%s\" for \"--%s\" flag", word, option) : 0;
}

static int put_memory(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	int64_t limit = 0, value;
	int result = 0;

	if (choices->memory != NULL) {
		result = read_bytes("memory", choices->memory, &limit, err);
		if (result < 0)
			return result;
		if (limit > 0 && limit < MIN_MEMORY_BYTES)
			return error_set(err, 0, "Minimum memory limit allowed is 6MB");
		if (limit != 0)
			draft_put_i64(draft, RESOURCES "memory.limit", limit);
	}
	if (choices->memory_reservation != NULL) {
		result = read_bytes("memory-reservation", choices->memory_reservation, &value, err);
		if (result < 0)
			return result;
		if (limit > 0 && value > limit)
			return error_set(err, 0,
					 "Minimum memory limit can not be less than memory reservation "
					 "limit, see usage");
		draft_put_i64(draft, RESOURCES "memory.reservation", value);
	}
	value = 0;
	if (choices->memory_swap != NULL) {
		result = read_bytes("memory-swap", choices->memory_swap, &value, err);
		if (result < 0)
			return result;
	}
	if (value != 0) { /* 0 is as if it were not given, as docker has it */
		if (limit <= 0)
			return error_set(err, 0,
					 "You should always set the Memory limit when using Memoryswap "
					 "limit, see usage");
		if (value > 0 && value < limit)
			return error_set(err, 0,
					 "Minimum memoryswap limit should be larger than memory limit, see "
					 "usage");
		draft_put_i64(draft, RESOURCES "memory.swap", value);
	} else if (limit > 0) {
		draft_put_i64(draft, RESOURCES "memory.swap", limit > INT64_MAX / 2 ? INT64_MAX : 2 * limit);
	}
	if (choices->oom_kill_disable.set)
		draft_put_bool(draft, RESOURCES "memory.disableOOMKiller", choices->oom_kill_disable.value);
	return 0;
}

/* "1.5" as microseconds of a period; 0 is no limit, as docker has it. */
static int read_cpus(const char *word, int64_t *ret_quota, struct error *err)
{
	const char *point = strchr(word, '.');
	size_t whole = point == NULL ? strlen(word) : (size_t)(point - word);
	uint64_t cpus = 0, fraction = 0, scale = CPU_PERIOD_US;
	char digits[24];

	if (whole >= sizeof(digits))
		return error_set(err, 0, "failed to parse value %s of --cpus", word);
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)whole, whole == 0 ? "0" : word);
	if (number_parse_u64(whole == 0 ? "0" : digits, 100000, &cpus, err) < 0)
		return error_set(err, 0, "failed to parse value %s of --cpus", word);
	for (const char *s = point == NULL ? "" : point + 1; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return error_set(err, 0, "failed to parse value %s of --cpus", word);
		scale /= 10;
		fraction += scale * (uint64_t)(*s - '0');
	}
	*ret_quota = (int64_t)(cpus * CPU_PERIOD_US + fraction);
	bool zero = word[strspn(word, "0.")] == '\0' && strchr(word, '0') != NULL;
	return *ret_quota < 1000 && !zero
		       ? error_set(err, 0, "value %s of --cpus is too small: at least 0.01", word)
		       : 0;
}

static int put_cpu(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	int64_t quota = 0;

	if (choices->cpus != NULL) {
		if (choices->cpu_period.set || choices->cpu_quota.set)
			return error_set(err, 0, "Conflicting options: CPUs and CPU %s cannot both be set",
					 choices->cpu_period.set ? "Period" : "Quota");
		int result = read_cpus(choices->cpus, &quota, err);
		if (result < 0)
			return result;
	}
	if (quota != 0) {
		draft_put_i64(draft, RESOURCES "cpu.period", CPU_PERIOD_US);
		draft_put_i64(draft, RESOURCES "cpu.quota", quota);
	}
	if (choices->cpu_period.set)
		draft_put_i64(draft, RESOURCES "cpu.period", choices->cpu_period.value);
	if (choices->cpu_quota.set)
		draft_put_i64(draft, RESOURCES "cpu.quota", choices->cpu_quota.value);
	if (choices->cpu_shares.set)
		draft_put_i64(draft, RESOURCES "cpu.shares", choices->cpu_shares.value);
	if (choices->cpuset_cpus != NULL)
		draft_put_text(draft, RESOURCES "cpu.cpus", choices->cpuset_cpus);
	if (choices->cpuset_mems != NULL)
		draft_put_text(draft, RESOURCES "cpu.mems", choices->cpuset_mems);
	return 0;
}

static int put_others(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;

	if (choices->pids_limit.set)
		draft_put_i64(draft, RESOURCES "pids.limit",
			      choices->pids_limit.value == 0 ? -1 : choices->pids_limit.value);
	if (choices->blkio_weight.set) {
		if (choices->blkio_weight.value != 0 &&
		    (choices->blkio_weight.value < 10 || choices->blkio_weight.value > 1000))
			return error_set(err, 0, "Range of blkio weight is from 10 to 1000");
		draft_put_i64(draft, RESOURCES "blockIO.weight", choices->blkio_weight.value);
	}
	return 0;
}

int draft_limits(struct draft *draft, struct error *err)
{
	int result = put_memory(draft, err);

	if (result == 0)
		result = put_cpu(draft, err);
	if (result == 0)
		result = put_others(draft, err);
	return result;
}
