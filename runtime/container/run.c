/*
 * run: create and start in one process, over the one conversation; in the foreground it waits,
 * passes signals and the terminal on, and deletes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/container/create.h"
#include "runtime/container/delete.h"
#include "runtime/container/foreground.h"
#include "runtime/container/notify.h"
#include "runtime/container/start.h"
#include "runtime/container/steps.h"
#include "runtime/container/sync.h"

#include "base/banned.h"

/* The container as delete sees it; dir and state stay the creation's. */
static int delete_created(const struct container_context *context, struct creation *creation,
			  struct error *err)
{
	struct opened opened = { .dir = creation->dir, .state = creation->state };
	const char *id = creation->options->id;

	if (creation->lock < 0) {
		int result = state_lock(creation->dir, &creation->lock, err);

		if (result == -ENOENT)
			return 0; /* somebody else has deleted it meanwhile */
		if (result < 0)
			return result;
	}
	return delete_opened(context, creation->root, id, &opened, &creation->launch.pidfd, err);
}

static int start_created(const struct container_context *context, struct creation *creation,
			 struct foreground *foreground, struct error *err)
{
	struct opened opened = { .dir = creation->dir, .state = creation->state };
	bool terminal = (creation->builder.head.flags & PLAN_TERMINAL) != 0;
	int result = 0;

	if (creation->spec->process == NULL)
		return error_set(err, 0, "process property must not be empty");
	if (foreground->signals >= 0 && terminal && creation->options->console_socket == NULL)
		result = foreground_take_terminal(foreground, err);
	if (result == 0 && (creation->state.flags & STATE_NOTIFY) != 0)
		result = notify_open(creation->dir, &foreground->notify, err);
	foreground->notify_host = getenv("NOTIFY_SOCKET");
	bool direct = (creation->builder.head.flags & PLAN_DIRECT) != 0;
	if (result == 0 && !direct)
		result = sync_send(creation->launch.sync, SYNC_START, err);
	if (result == 0)
		result = start_follow(creation->launch.sync, err);
	if (result < 0 && direct)
		return error_add(err, "unable to start container process");
	if (result == 0)
		result = start_hooks(context, creation->options->id, &opened, err);
	return result;
}

static int run_created(const struct container_context *context, const struct run_options *options,
		       struct creation *creation, struct foreground *foreground, int *ret_status,
		       struct error *err)
{
	struct error delete_error;
	int result = start_created(context, creation, foreground, err);

	(void)close(take_fd(&creation->lock)); /* others may act on it from here on */
	if (result == 0 && options->detach) {
		*ret_status = 0;
		return foreground->notify < 0
			       ? 0
			       : notify_wait(foreground->notify, foreground->notify_host,
					     creation->launch.pid, &creation->launch.pidfd, err);
	}
	if (result == 0) {
		result = foreground_wait(foreground, creation->launch.pid, &creation->launch.pidfd,
					 ret_status, err);
		if (options->keep)
			return result;
	}
	if (result < 0 && options->create.pid_file != NULL)
		(void)unlink(options->create.pid_file); /* as the delete below: nothing is left */
	int deleted = delete_created(context, creation, &delete_error);
	if (result == 0 && deleted < 0) {
		*err = delete_error;
		return deleted;
	}
	if (deleted < 0)
		steps_log(context, LOG_WARNING, "%s", delete_error.text);
	return result;
}

int container_run(const struct container_context *context, const struct run_options *options, int *ret_status,
		  struct error *err)
{
	struct creation creation = CREATION_EMPTY;
	struct foreground foreground = FOREGROUND_EMPTY;
	int result = container_check_id(options->create.id, err);

	if (result < 0)
		return result;
	creation.context = context;
	creation.options = &options->create;
	creation.brief = options->detach;
	if (!options->detach) {
		result = foreground_prepare(&foreground, err);
		if (result == 0 && options->create.console_socket == NULL)
			creation.console_socket = take_fd(&foreground.console_theirs);
		if (result == 0 && !options->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
			result = error_set(err, errno, "become a subreaper");
	}
	if (result == 0)
		result = creation_run(&creation, err);
	if (result == 0)
		result = run_created(context, options, &creation, &foreground, ret_status, err);
	foreground_release(&foreground);
	creation_release(&creation);
	return result;
}
