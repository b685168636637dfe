/* Whether the kernel killed a process of the container for want of memory, by its cgroup's counter. */
#ifndef HULL_SHIM_OOM_H
#define HULL_SHIM_OOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct oom {
	int cgroup; /* its directory, held: the path may be gone when it counts; -1: not known */
	bool v1;
	uint64_t before; /* kills that were counted already */
};

#define OOM_NONE ((struct oom){ .cgroup = -1 })

/* Of the cgroup that @pid is in, as long as it lives. Errors: no memory controller (-ENOENT), those of open.
 */
must_check int oom_open(pid_t pid, struct oom *ret, struct error *err);
bool oom_seen(const struct oom *oom);
void oom_close(struct oom *oom);

#endif
