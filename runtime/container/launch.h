/*
 * A plan becomes a process: sealed, hull-init cloned and executed (through a joiner where the plan
 * says so), put into its cgroups, given its id maps. Shared by create and exec.
 */
#ifndef HULL_RUNTIME_CONTAINER_LAUNCH_H
#define HULL_RUNTIME_CONTAINER_LAUNCH_H

#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/plan/build.h"

struct launch {
	int init_fd, plan_fd; /* memfds */
	int sync;             /* our end of the conversation */
	int sync_theirs;
	int joins[CGROUP_MAX_HIERARCHIES]; /* by which hull-init joins its version 1 cgroups */
	int join_count;
	pid_t pid; /* the container's process; 0: none */
	struct pidfd pidfd;
	struct pidfd joiner; /* it ends by itself; reaped when there is time */
};
#define LAUNCH_EMPTY                                                                                         \
	((struct launch){ .init_fd = -1,                                                                     \
			  .plan_fd = -1,                                                                     \
			  .sync = -1,                                                                        \
			  .sync_theirs = -1,                                                                 \
			  .pidfd = { -1 },                                                                   \
			  .joiner = { -1 } })

/* Closes what is open; does not end the process. */
void launch_release(struct launch *launch);

/* Put the descriptors of the conversation and of @cgroup (may be NULL) into the builder's plan, seal it. */
must_check int launch_prepare(struct launch *launch, struct plan_builder *builder,
			      const struct cgroup *cgroup, struct error *err);
/*
 * Clone. Afterwards pid and pidfd are those of the container's process, which waits for GO where
 * the plan has PLAN_WAIT_GO. @cgroup may be NULL.
 */
must_check int launch_spawn(struct launch *launch, const struct plan *plan, const struct cgroup *cgroup,
			    struct error *err);
/* Id maps, oom_score_adj; then GO. */
must_check int launch_go(struct launch *launch, const struct plan *plan, struct error *err);
/* SIGKILL and reap. */
void launch_kill(struct launch *launch);

#endif
