/*
 * start: opens the gate of a created container and reports what only execve can tell.
 */
#include "runtime/container/start.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/container/notify.h"
#include "runtime/container/steps.h"
#include "runtime/container/sync.h"
#include "runtime/linux/hooks.h"

#include "base/banned.h"

int start_follow(int socket, struct error *err)
{
	int result = sync_expect(socket, SYNC_EXECUTING, NULL, err);

	return result < 0 ? result : sync_expect_exec(socket, err);
}

int start_hooks(const struct container_context *context, const char *id, const struct opened *opened,
		struct error *err)
{
	struct hooks_state document = { 0 };
	struct spec *spec = NULL;
	int result;

	if ((opened->state.flags & STATE_POSTSTART) == 0)
		return 0;
	result = spec_load(opened->dir, &spec, NULL, NULL, err);
	if (result == 0)
		result = hooks_state_make(id, opened->state.bundle, &spec->annotations, &document, err);
	if (result == 0)
		result = hooks_run(&spec->hooks.kinds[HOOK_POSTSTART], HOOK_POSTSTART, &document, "running",
				   opened->state.init.pid, opened->state.bundle, NULL, err);
	if (result < 0) { /* the container is stopped */
		struct error ignored;
		struct pidfd pidfd = { .fd = -1 };

		steps_log(context, LOG_ERROR, "%s: killing the container", err->text);
		if (process_find(&opened->state.init, &pidfd, &ignored) == 0) {
			ignore_failure(process_signal(&pidfd, SIGKILL, &ignored)); /* it may have ended */
			(void)close(pidfd.fd);
		}
	}
	hooks_state_release(&document);
	spec_free(spec);
	return result;
}

static int connect_gate(int dir, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set(err, errno, "socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/gate", dir);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, errno, "connect to the container's gate");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int check_status(enum container_status status, struct error *err)
{
	switch (status) {
	case STATUS_CREATED:
		return 0;
	case STATUS_STOPPED:
		return error_set(err, 0, "cannot start a container that has stopped");
	case STATUS_RUNNING:
		return error_set(err, 0, "cannot start an already running container");
	case STATUS_CREATING:
	case STATUS_PAUSED:
	case STATUS_COUNT:
		break;
	}
	return error_set(err, 0, "cannot start a container in the %s state", container_status_names[status]);
}

int container_start(const struct container_context *context, const char *id, struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	autoclose int lock = -1, gate = -1, notify = -1;
	const char *notify_host = getenv("NOTIFY_SOCKET");
	struct pidfd pidfd = { .fd = -1 };
	enum container_status status;
	int result = state_open(context, id, &opened, err);

	if (result == 0)
		result = state_lock(opened.dir, &lock, err);
	if (result == 0)
		result = state_status(opened.dir, &opened.state, &status, &pidfd, err);
	autoclose int held = pidfd.fd;
	if (result == 0)
		result = check_status(status, err);
	if (result == 0 && (opened.state.flags & STATE_NO_PROCESS) != 0)
		result = error_set(err, 0, "process property must not be empty"); /* */
	bool relay =
		(opened.state.flags & STATE_NOTIFY) != 0 && notify_host != NULL && notify_host[0] != '\0';
	if (result == 0 && relay)
		result = notify_open(opened.dir, &notify, err);
	if (result == 0)
		result = connect_gate(opened.dir, &gate, err);
	if (result == 0)
		result = start_follow(gate, err);
	if (result == 0)
		result = start_hooks(context, id, &opened, err);
	if (result == 0 && relay) {
		(void)close(take_fd(&lock)); /* may take long, and others may act on it meanwhile */
		result = notify_wait(notify, notify_host, opened.state.init.pid, &pidfd, err);
	}
	return result;
}
