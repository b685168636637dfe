/*
 * What a container uses: read from the cgroup files of its process, version 1 and 2. One sample is a moment;
 * CPU % needs two.
 */
#ifndef HULL_SHIM_CONTAINER_STATS_H
#define HULL_SHIM_CONTAINER_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define STATS_UNKNOWN (-1)

struct stats_sample {
	int64_t at_ns;  /* CLOCK_MONOTONIC */
	int64_t cpu_ns; /* used since its start */
	int64_t memory_bytes,
		memory_limit_bytes; /* without inactive page cache; the machine's memory without a limit */
	int64_t pids;
	int64_t read_bytes, written_bytes;  /* of block devices */
	int64_t received_bytes, sent_bytes; /* of its network namespace, but lo */
	bool has_pressure;
	double pressure[3]; /* some, 10 s average in percent: cpu, memory, io */
};

/* Whatever the kernel does not have is STATS_UNKNOWN. Errors: the process has gone. */
must_check int stats_read(pid_t pid, struct stats_sample *ret, struct error *err);
/* Percent of one processor between two samples; below 0: unknown. */
double stats_cpu_percent(const struct stats_sample *before, const struct stats_sample *now);

/*
 * In @cgroup, the text of /proc/PID/cgroup: the path of controller @controller, "" for version 2. False:
 * none.
 */
bool stats_find_path(const char *cgroup, const char *controller, char *ret, size_t room);
/*
 * In @mountinfo: where the hierarchy with @controller ("" for version 2) is mounted, and the part of it that
 * the mount shows. False: nowhere.
 */
bool stats_find_mount(const char *mountinfo, const char *controller, char *ret_mount, char *ret_root,
		      size_t room);

#endif
