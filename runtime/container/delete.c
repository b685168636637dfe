/*
 * delete: ends what is left of a container and removes what create made. Works on whatever a killed
 * hull left behind.
 */
#include "runtime/container/delete.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/container/steps.h"
#include "runtime/linux/hooks.h"

#include "base/banned.h"

#define KILL_MS 10000
#define CGROUP_REMOVE_MS 5000

/* Everything that may still run in it: by the cgroup, and by the first process's pidfd. */
static int end_processes(const struct state *state, const struct pidfd *init, struct error *err)
{
	bool by_cgroup = (state->flags & STATE_SHARED_PID) != 0 || (state->flags & STATE_PUBLISHED) == 0;
	struct cgroup *cgroup = NULL;
	struct error ignored;

	/* The end of a pid namespace's first process is the end of all in it. */
	if (!by_cgroup && (init->fd < 0 || process_ended(init)))
		return 0;
	int result = cgroup_open(&state->cgroups, &cgroup, err);
	if (result < 0)
		return result;
	if (init->fd >= 0)
		ignore_failure(process_signal(init, SIGKILL, &ignored)); /* ended meanwhile: as wanted */
	if (by_cgroup && cgroup != NULL)
		result = cgroup_kill(cgroup, err);
	else if (init->fd >= 0 && cgroup != NULL)
		ignore_failure(cgroup_thaw(cgroup, &ignored)); /* version 1: a frozen process does not die */
	if (result == 0 && init->fd >= 0) {
		result = process_wait_ended(init, KILL_MS, err);
		if (result == -ETIMEDOUT)
			result = error_set(err, 0, "container init still running");
	}
	cgroup_free(cgroup);
	return result;
}

static int run_poststop(const struct container_context *context, const char *id, const struct opened *opened,
			const struct spec *spec, struct error *err)
{
	struct hooks_state document = { 0 };
	autotext struct text warnings = TEXT_EMPTY;
	int result = hooks_state_make(id, opened->state.bundle, &spec->annotations, &document, err);

	if (result == 0)
		result = hooks_run(&spec->hooks.kinds[HOOK_POSTSTOP], HOOK_POSTSTOP, &document, "stopped", 0,
				   opened->state.bundle, &warnings, err);
	steps_log_warnings(context, &warnings);
	hooks_state_release(&document);
	return result;
}

int delete_opened(const struct container_context *context, int root, const char *id,
		  const struct opened *opened, const struct pidfd *init, struct error *err)
{
	struct spec *spec = NULL;
	struct error hook_error;
	int result = end_processes(&opened->state, init, err);

	if (result == 0 && (opened->state.flags & STATE_POSTSTOP) != 0)
		/* Read before it is removed. A copy that cannot be read must not keep the container. */
		if (spec_load(opened->dir, &spec, NULL, NULL, &hook_error) < 0)
			steps_log(context, LOG_WARNING, "poststop hooks: %s", hook_error.text);
	if (result == 0)
		result = cgroup_remove(&opened->state.cgroups, CGROUP_REMOVE_MS, err);
	if (result == 0)
		result = state_drop(root, id, err);
	if (result == 0 && spec != NULL && run_poststop(context, id, opened, spec, &hook_error) < 0)
		steps_log(context, LOG_WARNING, "poststop hooks: %s", hook_error.text); /* */
	spec_free(spec);
	return result;
}

/*
 * Nothing readable is there: a create that has just begun, or was killed early, or damage. The first is
 * waited for, and @opened is filled; the rest is removed. 1: it was removed, by whomever.
 */
static int delete_unreadable(const struct container_context *context, int root, int dir, const char *id,
			     struct opened *opened, struct error *err)
{
	autoclose int lock = -1;
	int result = state_lock(dir, &lock, err);

	if (result < 0)
		return result == -ENOENT ? 1 : result;
	if (state_open(context, id, opened, err) == 0)
		return 0;
	steps_log(context, LOG_WARNING, "container \"%s\": %s: removing its directory", id, err->text);
	result = state_drop(root, id, err);
	return result < 0 ? result : 1;
}

static int check_status(const char *id, enum container_status status, bool force, struct error *err)
{
	if (force || status == STATUS_STOPPED || status == STATUS_CREATED)
		return 0;
	return error_set(err, 0, "cannot delete container %s that is not stopped: %s", id,
			 container_status_names[status]);
}

/*
 * Under the lock: a create may have finished since we looked, a start may have begun. Nothing else
 * changes what was seen, so a stopped container is not asked again.
 */
static int look_again(const struct container_context *context, const char *id, struct opened *opened,
		      enum container_status *status, struct pidfd *pidfd, struct error *err)
{
	int result = 0;

	if (*status == STATUS_CREATING) {
		opened_release(opened);
		result = state_open(context, id, opened, err);
	} else if (*status != STATUS_CREATED) {
		return 0;
	}
	cleanup_close(&pidfd->fd);
	pidfd->fd = -1;
	return result < 0 ? result : state_status(opened->dir, &opened->state, status, pidfd, err);
}

static int delete_readable(const struct container_context *context, int root, const char *id, bool force,
			   struct opened *opened, struct error *err)
{
	enum container_status status;
	struct pidfd pidfd = { .fd = -1 };
	autoclose int lock = -1;
	struct error ignored;
	int result = state_status(opened->dir, &opened->state, &status, &pidfd, err);

	if (result == 0)
		result = check_status(id, status, force, err);
	/* Kill first, then lock: a start or exec that holds the lock ends with the process. */
	if (result == 0 && force && pidfd.fd >= 0)
		ignore_failure(process_signal(&pidfd, SIGKILL, &ignored)); /* ended meanwhile: as wanted */
	if (result == 0)
		result = state_lock(opened->dir, &lock, err);
	bool removed = result == -ENOENT; /* while we waited */
	if (result == 0)
		result = look_again(context, id, opened, &status, &pidfd, err);
	if (result == 0)
		result = check_status(id, status, force, err);
	if (result == 0)
		result = delete_opened(context, root, id, opened, &pidfd, err);
	cleanup_close(&pidfd.fd);
	return removed && force ? 0 : result;
}

int container_delete(const struct container_context *context, const char *id, bool force, struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	autoclose int root = -1, dir = -1;

	int result = container_check_id(id, err);
	if (result == 0)
		result = state_open_root(context, false, &root, err);
	if (result == 0)
		result = state_open_directory(context, id, &dir, err);
	if (result == -ENOENT) {
		if (force)
			return 0;
		return error_set(err, 0, "container does not exist"), -ENOENT;
	}
	if (result < 0)
		return result;
	result = state_open(context, id, &opened, err);
	if (result < 0 && force)
		result = delete_unreadable(context, root, dir, id, &opened, err);
	if (result != 0)
		return result > 0 ? 0 : result;
	return delete_readable(context, root, id, force, &opened, err);
}
