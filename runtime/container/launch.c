/* From the plan to a process; see launch.h. */
#include "runtime/container/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/container/faults.h"
#include "runtime/container/init_image.h"
#include "runtime/container/sync.h"
#include "runtime/linux/sources.h"
#include "runtime/linux/spawn.h"

#include "base/banned.h"

/* It has cloned and ends; waiting for that at once would only delay what the clone has to say. */
static void reap_joiner(struct launch *launch)
{
	struct error ignored;
	int status;

	if (launch->joiner.fd < 0)
		return;
	ignore_failure(
		process_reap(&launch->joiner, &status, &ignored)); /* our child, whatever became of it */
	(void)close(take_fd(&launch->joiner.fd));
}

void launch_release(struct launch *launch)
{
	reap_joiner(launch);
	const int fds[] = { launch->init_fd, launch->plan_fd, launch->sync, launch->sync_theirs,
			    launch->pidfd.fd };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		cleanup_close(&fds[i]);
	while (launch->join_count > 0)
		cleanup_close(&launch->joins[--launch->join_count]);
	*launch = LAUNCH_EMPTY;
}

static int open_joins(struct launch *launch, struct plan_builder *builder, const struct cgroup *cgroup,
		      struct error *err)
{
	const char *names[CGROUP_MAX_HIERARCHIES];
	struct strings list = { .items = names };

	_Static_assert((int)PLAN_JOINS_MAX == (int)CGROUP_MAX_HIERARCHIES, "a place for each hierarchy");
	if (cgroup == NULL)
		return 0;
	int count = cgroup_open_joins(cgroup, launch->joins, names, err);
	if (count < 0)
		return count;
	launch->join_count = count;
	list.count = (size_t)count;
	builder->head.join_names = build_strings(builder, &list);
	for (int i = 0; i < count; i++)
		builder->head.fds.joins[i] = launch->joins[i];
	return 0;
}

int launch_prepare(struct launch *launch, struct plan_builder *builder, const struct cgroup *cgroup,
		   struct error *err)
{
	const struct plan *plan;
	int result = sync_open(&launch->sync, &launch->sync_theirs, err);

	if (result == 0)
		result = open_joins(launch, builder, cgroup, err);
	if (result == 0) {
		builder->head.fds.sync = launch->sync_theirs;
		faults_plan(builder);
		result = build_finish(builder, &plan, err);
	}
	if (result == 0)
		result = fd_memfd("hull-plan", plan, plan->size, 0, 1, &launch->plan_fd, err);
	if (result == 0)
		result = init_image_open(&launch->init_fd, err);
	return result;
}

/* CLONE_PARENT made @pid our child: the number is its own until we reap it. */
static void end_child(pid_t pid)
{
	siginfo_t info;

	if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return; /* no child of ours */
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, __WALL);
}

/*
 * The joiner has entered the namespaces and cloned. The first word is the clone's own: the joiner's could
 * come after it, and the kernel says whose pid it is.
 */
static int take_joined(struct launch *launch, struct error *err)
{
	int32_t pid = 0;
	int result = sync_expect(launch->sync, SYNC_JOINED, &pid, err);

	if (result == 0)
		result = process_open(pid, &launch->pidfd, err);
	if (result == 0)
		launch->pid = pid;
	else
		end_child(pid); /* it would hold its cgroup */
	return result;
}

int launch_spawn(struct launch *launch, const struct plan *plan, const struct cgroup *cgroup,
		 struct error *err)
{
	const int32_t *fds = &plan->fds.sync;
	bool joiner = (plan->flags & PLAN_JOINER) != 0;
	struct pidfd pidfd = { .fd = -1 };
	struct spawn_request request = {
		.flags = joiner ? 0 : plan->clone_flags,
		.cgroup_fd = joiner || cgroup == NULL ? -1 : cgroup_birth_fd(cgroup),
		.program_fd = launch->init_fd,
		.plan_fd = launch->plan_fd,
		.keep = fds,
		.keep_count = sizeof(plan->fds) / sizeof(*fds),
		.preserve_fds = plan->preserve_fds,
		.wait_fd = !joiner && (plan->flags & PLAN_NEW_USER) != 0 ? plan->fds.sync : -1,
		.wait_peer = launch->sync,
	};
	bool refused;
	pid_t pid;
	int result = joiner ? fd_ask_for_sender(launch->sync, err) : 0;

	if (result < 0)
		return result;
	result = spawn_init(&request, &pid, &pidfd, &refused, err);
	if (result < 0 && refused) {
		int installed = -1;

		result = init_image_open_installed(&installed, err);
		if (result < 0)
			return result;
		cleanup_close(&launch->init_fd);
		launch->init_fd = request.program_fd = installed;
		result = spawn_init(&request, &pid, &pidfd, &refused, err);
	}
	if (result < 0)
		return result;
	(void)close(take_fd(&launch->sync_theirs)); /* so that a death is seen as the end of the socket */
	if (!joiner) {
		launch->pid = pid;
		launch->pidfd = pidfd;
		return 0;
	}
	launch->joiner = pidfd;
	result = take_joined(launch, err);
	if (result < 0)
		reap_joiner(launch);
	return result;
}

int launch_go(struct launch *launch, const struct plan *plan, struct error *err)
{
	bool maps = (plan->flags & PLAN_NEW_USER) != 0;
	const char *oom_score_adj = plan_text(plan, plan->oom_score_adj);
	char path[32];
	int result = 0;

	if ((maps || oom_score_adj != NULL)) {
		(void)snprintf(path, sizeof(path), "/proc/%d", (int)launch->pid);
		autoclose int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (proc < 0)
			return error_set(err, errno, "open \"%s\"", path);
		if (maps)
			result = sources_write_map(proc, "uid_map", plan, plan->uid_map, err);
		if (maps && result == 0)
			result = sources_write_map(proc, "gid_map", plan, plan->gid_map, err);
		if (result == 0 && oom_score_adj != NULL)
			result = fd_write_file_at(proc, "oom_score_adj", oom_score_adj, err);
	}
	if (result == 0 && (plan->flags & PLAN_WAIT_GO) != 0)
		result = sync_send(launch->sync, SYNC_GO, err);
	if (result == 0 && maps) /* the clone took the first for its maps, hull-init waits for the second */
		result = sync_send(launch->sync, SYNC_GO, err);
	return result;
}

void launch_kill(struct launch *launch)
{
	struct error ignored;
	int status;

	if (launch->pidfd.fd < 0)
		return;
	ignore_failure(process_signal(&launch->pidfd, SIGKILL, &ignored)); /* may have ended already */
	ignore_failure(process_reap(&launch->pidfd, &status, &ignored));   /* our child, and it is dying */
	(void)close(take_fd(&launch->pidfd.fd));
	launch->pid = 0;
}
