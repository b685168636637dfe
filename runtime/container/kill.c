/* kill, pause, resume, and who is in the container: signals and the freezer. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/container/container.h"
#include "runtime/container/state.h"
#include "runtime/container/steps.h"

#include "base/banned.h"

#define FREEZE_MS 10000

/* SIGKILL reaches everyone where no pid namespace makes the first process's death everyone's. */
static int kill_all(const struct state *state, struct error *err)
{
	struct cgroup *cgroup = NULL;
	int result = cgroup_open(&state->cgroups, &cgroup, err);

	if (result == 0)
		result = cgroup_kill(cgroup, err);
	cgroup_free(cgroup);
	return result;
}

/* On version 1 a frozen process dies only when it is thawed. */
static int thaw(const struct state *state, struct error *err)
{
	struct cgroup *cgroup = NULL;
	int result = cgroup_open(&state->cgroups, &cgroup, err);

	if (result == 0)
		result = cgroup_thaw(cgroup, err);
	cgroup_free(cgroup);
	return result;
}

int container_kill(const struct container_context *context, const struct kill_options *options,
		   struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	struct pidfd pidfd = { .fd = -1 };
	enum container_status status;
	int result = state_open(context, options->id, &opened, err);

	if (result == 0)
		result = state_status(opened.dir, &opened.state, &status, &pidfd, err);
	if (result < 0)
		return result;
	autoclose int held = pidfd.fd;
	bool shared = (opened.state.flags & STATE_SHARED_PID) != 0;
	if (held < 0 && options->signal == SIGKILL && shared && opened.state.cgroups.count > 0)
		return kill_all(&opened.state, err); /* the first process is gone, others may live on */
	if (held < 0)
		return options->all ? 0 : error_set(err, 0, "container not running");
	if (options->signal == SIGKILL && shared && opened.state.cgroups.count > 0) {
		result = kill_all(&opened.state, err);
	} else {
		result = process_signal(&pidfd, options->signal, err);
		if (result == -ESRCH)
			return options->all ? 0 : error_set(err, 0, "container not running");
	}
	if (result == 0 && options->signal == SIGKILL && status == STATUS_PAUSED)
		result = thaw(&opened.state, err);
	return result;
}

/* Open under the lock with the status and the cgroup. */
static int open_locked(const struct container_context *context, const char *id, struct opened *opened,
		       int *lock, enum container_status *status, struct cgroup **cgroup, struct error *err)
{
	int result = state_open(context, id, opened, err);

	if (result == 0)
		result = state_lock(opened->dir, lock, err);
	if (result == 0)
		result = state_status(opened->dir, &opened->state, status, NULL, err);
	if (result == 0)
		result = cgroup_open(&opened->state.cgroups, cgroup, err);
	return result;
}

int container_pause(const struct container_context *context, const char *id, struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	autoclose int lock = -1;
	struct cgroup *cgroup = NULL;
	enum container_status status;
	int result = open_locked(context, id, &opened, &lock, &status, &cgroup, err);

	if (result == 0 && status != STATUS_RUNNING && status != STATUS_CREATED)
		result = error_set(err, 0,
				   status == STATUS_PAUSED ? "container paused" : "container not running");
	if (result == 0)
		result = cgroup_freeze(cgroup, FREEZE_MS, err);
	cgroup_free(cgroup);
	return result;
}

int container_resume(const struct container_context *context, const char *id, struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	autoclose int lock = -1;
	struct cgroup *cgroup = NULL;
	enum container_status status;
	int result = open_locked(context, id, &opened, &lock, &status, &cgroup, err);

	if (result == 0 && status != STATUS_PAUSED)
		result = error_set(err, 0, "container not paused");
	if (result == 0)
		result = cgroup_thaw(cgroup, err);
	cgroup_free(cgroup);
	return result;
}

int container_pids(const struct container_context *context, const char *id, pid_t **ret, size_t *ret_count,
		   struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	struct cgroup *cgroup = NULL;
	int result = state_open(context, id, &opened, err);

	if (result == 0)
		result = cgroup_open(&opened.state.cgroups, &cgroup, err);
	if (result == 0)
		result = cgroup_pids(cgroup, ret, ret_count, err);
	cgroup_free(cgroup);
	return result;
}

int container_update(const struct container_context *context, const char *id,
		     const struct spec_resources *resources, struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	autotext struct text warnings = TEXT_EMPTY;
	autoclose int lock = -1;
	struct cgroup *cgroup = NULL;
	enum container_status status;
	int result = open_locked(context, id, &opened, &lock, &status, &cgroup, err);

	if (result == 0 && (status == STATUS_STOPPED || status == STATUS_CREATING))
		result = error_set(err, 0, "container not running");
	if (result == 0)
		result = cgroup_set(cgroup, resources, CGROUP_UPDATE, &warnings, err);
	if (result == 0)
		steps_log_warnings(context, &warnings);
	cgroup_free(cgroup);
	return result;
}
