/*
 * hull update: other limits for a running container.
 */
#include "runtime/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

#include "base/banned.h"

struct update_values {
	const char *resources, *cpuset_cpus, *cpuset_mems, *l3_cache_schema, *mem_bw_schema;
	struct opt_u64 blkio_weight, cpu_period, cpu_burst, cpu_share, cpu_rt_period;
	struct opt_i64 cpu_quota, cpu_rt_runtime, cpu_idle, pids_limit;
	struct opt_i64 memory, memory_swap, memory_reservation, kernel_memory, kernel_memory_tcp;
};

static const struct option_row update_rows[] = {
	OPTION(struct update_values, resources, TEXT, "resources", 'r', "FILE",
	       "read all limits from FILE, a resources object in JSON; - is standard input"),
	OPTION(struct update_values, blkio_weight, U64, "blkio-weight", 0, "N",
	       "relative weight of block I/O, 10 to 1000"),
	OPTION(struct update_values, cpu_period, U64, "cpu-period", 0, "USEC", "length of a CPU period"),
	OPTION(struct update_values, cpu_quota, I64, "cpu-quota", 0, "USEC",
	       "CPU time in a period, -1: no limit"),
	OPTION(struct update_values, cpu_burst, U64, "cpu-burst", 0, "USEC", "CPU time that may be saved up"),
	OPTION(struct update_values, cpu_share, U64, "cpu-share", 0, "N", "relative weight of CPU time"),
	OPTION(struct update_values, cpu_rt_period, U64, "cpu-rt-period", 0, "USEC",
	       "length of a real-time period"),
	OPTION(struct update_values, cpu_rt_runtime, I64, "cpu-rt-runtime", 0, "USEC",
	       "real-time CPU time in a real-time period"),
	OPTION(struct update_values, cpuset_cpus, TEXT, "cpuset-cpus", 0, "LIST",
	       "CPUs that may be used: 0-2,7"),
	OPTION(struct update_values, cpuset_mems, TEXT, "cpuset-mems", 0, "LIST",
	       "memory nodes that may be used"),
	OPTION(struct update_values, cpu_idle, I64, "cpu-idle", 0, "N", "1: run only when a CPU is idle"),
	OPTION(struct update_values, memory, SIZE, "memory", 0, "BYTES",
	       "most memory: 50M, 1g, -1: no limit"),
	OPTION(struct update_values, memory_swap, SIZE, "memory-swap", 0, "BYTES",
	       "most memory and swap together"),
	OPTION(struct update_values, memory_reservation, SIZE, "memory-reservation", 0, "BYTES",
	       "memory that reclaim leaves alone"),
	OPTION(struct update_values, pids_limit, I64, "pids-limit", 0, "N", "most processes, -1: no limit"),
	OPTION(struct update_values, l3_cache_schema, TEXT, "l3-cache-schema", 0, "SCHEMA", NULL),
	OPTION(struct update_values, mem_bw_schema, TEXT, "mem-bw-schema", 0, "SCHEMA", NULL),
	OPTION(struct update_values, kernel_memory, SIZE, "kernel-memory", 0, "BYTES", NULL),
	OPTION(struct update_values, kernel_memory_tcp, SIZE, "kernel-memory-tcp", 0, "BYTES", NULL),
	{ 0 },
};

static int read_resources(const char *file, struct arena *arena, const struct spec_resources **ret,
			  struct error *err)
{
	autotext struct text bytes = TEXT_EMPTY;
	bool standard_input = text_equal(file, "-");
	const char *name = standard_input ? "standard input" : file;
	autoclose int opened = standard_input ? -1 : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (!standard_input && opened < 0)
		return error_set(err, errno, "open %s", file);
	int result = fd_read_all(standard_input ? STDIN_FILENO : opened, JSON_MAX_BYTES, name, &bytes, err);
	if (result < 0)
		return result;
	return spec_parse_resources(name, bytes.data == NULL ? "" : bytes.data, bytes.length, arena, ret,
				    err);
}

/* A weight or a share of 0 means "leave it", as in engines' documents. */
static struct opt_u64 unless_zero(struct opt_u64 value)
{
	return (struct opt_u64){ value.set && value.value != 0, value.value };
}

static const char *unless_empty(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

static int make_resources(const struct update_values *values, struct spec_resources *ret, struct error *err)
{
	struct opt_u64 weight = unless_zero(values->blkio_weight);

	if (weight.value > UINT16_MAX)
		return error_set(err, 0, "invalid value \"%llu\" for flag -blkio-weight: must be at most %d",
				 (unsigned long long)weight.value, UINT16_MAX);
	*ret = (struct spec_resources){
		.memory = {
			.limit = values->memory,
			.reservation = values->memory_reservation,
			.swap = values->memory_swap,
		},
		.cpu = {
			.shares = unless_zero(values->cpu_share),
			.burst = values->cpu_burst,
			.period = values->cpu_period,
			.quota = values->cpu_quota,
			.realtime_period = values->cpu_rt_period,
			.realtime_runtime = values->cpu_rt_runtime,
			.idle = values->cpu_idle,
			.cpus = unless_empty(values->cpuset_cpus),
			.mems = unless_empty(values->cpuset_mems),
		},
		.pids_limit = values->pids_limit,
		.block_io.weight = { weight.set, (uint16_t)weight.value },
	};
	return 0;
}

static void warn_ignored(const struct command_call *call, const struct update_values *values)
{
	const struct container_log *log = &call->context->log;

	if (values->kernel_memory.set || values->kernel_memory_tcp.set)
		log->write(log->data, LOG_WARNING, "--kernel-memory and --kernel-memory-tcp are ignored");
}

static int update_run(const struct command_call *call, struct error *err)
{
	const struct update_values *values = call->values;
	const char *id = call->args.items[0];
	struct spec_resources made;
	const struct spec_resources *resources = &made;
	struct arena arena;
	int result;

	warn_ignored(call, values);
	if (values->l3_cache_schema != NULL || values->mem_bw_schema != NULL)
		return error_set(err, 0, "Intel RDT is not supported");
	if (values->resources == NULL) {
		result = make_resources(values, &made, err);
		return result < 0 ? result : container_update(call->context, id, resources, err);
	}
	arena_init(&arena, 0);
	result = read_resources(values->resources, &arena, &resources, err);
	if (result == 0)
		result = container_update(call->context, id, resources, err);
	arena_release(&arena);
	return result;
}

const struct command cmd_update = {
	.name = "update",
	.usage = "CONTAINER",
	.summary = "change the resource limits of a container",
	.description =
		"   Changes what is given and leaves the rest. With --resources all other options are\n"
		"   ignored.\n",
	.options = update_rows,
	.values_size = COMMAND_VALUES(struct update_values),
	.min_args = 1,
	.max_args = 1,
	.run = update_run,
};
