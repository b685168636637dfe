/* What commands do to a container; see operate.h. */
#include "shim/container/operate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/text.h"
#include "shim/container/client.h"
#include "shim/container/spawn.h"
#include "shim/store/parent_cgroup.h"

#include "base/banned.h"

#define KILL_WAIT_MS                                                                                         \
	20000 /* killed, and its last output taken by a slow client, it is gone by then or never */
#define SHIM_END_WAIT_MS 5000
#define RECORD_WAIT_MS 2000 /* of hull-shim's, from a process's end to its record */

static int check(struct front *front, const char *id, enum lifecycle_command command, bool paused,
		 struct view *ret, struct error *err)
{
	int result = view_load(front, id, paused, ret, err);

	return result < 0 ? result : lifecycle_check(command, ret->state, ret->container.name, err);
}

static bool is_up(const struct view *view)
{
	return view->state == LIFE_RUNNING || view->state == LIFE_PAUSED;
}

/* --- waiting -------------------------------------------------------------------------------------- */

/* Until hull-shim has ended: what it had to write is written, what it had to remove is removed. */
static void await_shim(const struct view *view, int timeout_ms)
{
	struct pidfd shim;
	struct error ignored;

	if (!view->has_run || process_find(&view->run.shim, &shim, &ignored) < 0)
		return;
	ignore_failure(
		process_wait_ended(&shim, timeout_ms, &ignored)); /* nothing hangs on it but tidiness */
	(void)close(shim.fd);                                     /* only waited for */
}

static int time_left(int64_t deadline)
{
	int64_t left = deadline - process_now_ms();

	return deadline < 0 ? -1 : left > 0 ? (int)left : 0;
}

/* EXITED without a restart behind it, on a connection. Errors: -EPIPE, -ETIMEDOUT. */
static int await_exited(int fd, int64_t deadline, int *ret_code, struct error *err)
{
	static char bytes[PROTOCOL_MAX_BYTES];

	for (;;) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		struct protocol_head head;
		int ready = poll(&poller, 1, time_left(deadline));

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return error_set(err, ETIMEDOUT, "the container has not ended");
		int result = client_receive(fd, &head, bytes, err);
		if (result < 0)
			return result;
		if (head.type == PROTOCOL_EXITED && head.b == 0) {
			*ret_code = head.a;
			return 0;
		}
		if (head.type == PROTOCOL_STATE && head.a == PROTOCOL_STOPPED)
			return error_set(err, EPIPE, "hull-shim is about to go");
	}
}

static int await_by_shim(struct front *front, const char *id, int64_t deadline, int *ret_code,
			 struct error *err)
{
	autoclose int fd = -1;
	int result = client_connect(&front->store, id, &fd, err);

	if (result == 0)
		result = client_send(fd, PROTOCOL_HELLO, PROTOCOL_WANT_EXIT, 0, NULL, 0, err);
	return result < 0 ? result : await_exited(fd, deadline, ret_code, err);
}

/* One turn without hull-shim's help: the process itself, then a moment for the record. */
static int await_by_process(const struct view *view, int64_t deadline, struct error *err)
{
	struct pidfd process;

	if (view_process(view, &process, err) < 0) {
		(void)poll(NULL, 0, 20); /* hull-shim starts it, or writes its end down */
		return time_left(deadline) == 0 ? error_set(err, ETIMEDOUT, "the container has not ended")
						: 0;
	}
	int result = process_wait_ended(&process, time_left(deadline), err);
	(void)close(process.fd); /* only waited for */
	return result;
}

int operate_wait(struct front *front, const char *id, int timeout_ms, int *ret_code, struct error *err)
{
	int64_t deadline = timeout_ms < 0 ? -1 : process_now_ms() + timeout_ms;
	struct view view;

	for (;;) {
		int result = view_load(front, id, false, &view, err);

		if (result < 0)
			return result;
		if (!is_up(&view) && view.state != LIFE_RESTARTING) {
			if (view.unknown_exit)
				await_shim(&view, RECORD_WAIT_MS);
			result = view.unknown_exit ? view_load(front, id, false, &view, err) : 0;
			*ret_code = result == 0 ? view_exit_code(&view) : 255;
			return 0; /* a container that is gone by now has ended, too */
		}
		view_adopt(front, &view);
		if (view.monitored) {
			result = await_by_shim(front, id, deadline, ret_code, err);
			if (result == 0 || result == -ETIMEDOUT)
				return result;
		}
		result = await_by_process(&view, deadline, err);
		if (result < 0)
			return result;
	}
}

/* --- start ---------------------------------------------------------------------------------------- */

int operate_start(struct front *front, const char *id, int client, struct error *err)
{
	autoclose int lock = -1;
	struct view view;
	int result = store_lock(&front->store, id, &lock, err);

	if (result == 0)
		result = check(front, id, LIFE_START, true, &view, err);
	if (result <= 0)
		return result;
	/* the old run's, which has just ended */
	await_shim(&view, SHIM_END_WAIT_MS);
	if (view.unknown_exit || view.has_run) {
		struct error ignored;

		/* what a killed hull-shim left of it; where nothing is left that is no error */
		ignore_failure(spawn_hull(front, "delete", id, NULL, NULL, &ignored));
	}
	result = store_want_stopped(&front->store, id, false, err);
	return result < 0 ? result : spawn_shim(front, id, client, false, err);
}

int operate_failure_status(const char *text)
{
	static const char *const not_found[] = { "executable file not found", "no such file or directory" };
	static const char *const not_executable[] = { "permission denied", "is a directory",
						      "exec format error", "not a directory" };

	if (strstr(text, "exec") == NULL)
		return FRONT_FAILED_RUN;
	for (size_t i = 0; i < ARRAY_LEN(not_found); i++)
		if (strcasestr(text, not_found[i]) != NULL)
			return 127;
	for (size_t i = 0; i < ARRAY_LEN(not_executable); i++)
		if (strcasestr(text, not_executable[i]) != NULL)
			return 126;
	return FRONT_FAILED_RUN;
}

int operate_after_attach(struct front *front, const char *id, enum attach_end end, int code, int *ret_status,
			 struct error *err)
{
	switch (end) {
	case ATTACH_LOST:
		/* hull-shim was killed: what the container wrote since is nowhere, its end is still to be
		 * seen */
		dprintf(STDERR_FILENO, "hull container: the monitor of %.12s has gone; its output is lost\n",
			id);
		return operate_wait(front, id, -1, ret_status, err);
	case ATTACH_DETACHED:
		dprintf(STDERR_FILENO, "read escape sequence\n");
		*ret_status = 0;
		return 0;
	case ATTACH_EXITED:
		*ret_status = code < 0 ? 255 : code;
		return 0;
	case ATTACH_ENDED_BY_SIGNAL:
		break;
	}
	*ret_status = code;
	return 0;
}

int operate_start_attached(struct front *front, const char *id, const struct attach_options *options,
			   int *ret_status, struct error *err)
{
	autoclose int ours = -1, theirs = -1;
	enum attach_end end;
	struct view view;
	struct error ignored;
	int code;
	int result = client_pair(&ours, &theirs, err);

	if (result == 0)
		result = attach_hello(ours, options, err);
	if (result == 0)
		result = operate_start(front, id, theirs, err);
	if (result < 0)
		return result;
	cleanup_close(&theirs); /* hull-shim has its own: so its end is seen */
	theirs = -1;
	bool remove = view_load(front, id, false, &view, &ignored) == 0 && view.container.auto_remove;
	result = attach_stay(front, id, ours, options, &end, &code, err);
	if (result < 0)
		return result;
	result = operate_after_attach(front, id, end, code, ret_status, err);
	if (end == ATTACH_EXITED && remove)
		await_shim(&view, SHIM_END_WAIT_MS); /* it removes the container */
	return result;
}

/* --- stop, kill, pause ---------------------------------------------------------------------------- */

/* hull-shim stops it and says when it has ended. */
static int stop_by_shim(struct front *front, const struct view *view, uint32_t timeout_s, int signal,
			struct error *err)
{
	autoclose int fd = -1;
	struct error ignored;
	int code;
	int result = client_connect(&front->store, view->id, &fd, err);

	if (result == 0)
		result = client_send(fd, PROTOCOL_HELLO, PROTOCOL_WANT_EXIT, 0, NULL, 0, err);
	if (result == 0)
		result = client_send(fd, PROTOCOL_STOP, (int)timeout_s, signal, NULL, 0, err);
	if (result == 0 && view->state == LIFE_PAUSED)
		ignore_failure(spawn_hull(front, "resume", view->id, NULL, NULL,
					  &ignored)); /* so that it sees the signal */
	if (result < 0)
		return result;
	return await_exited(fd, process_now_ms() + (int64_t)timeout_s * 1000 + KILL_WAIT_MS, &code, err);
}

static int stop_by_hand(struct front *front, const struct view *view, uint32_t timeout_s, int signal,
			struct error *err)
{
	struct pidfd process;
	struct error ignored;
	int timeout_ms = timeout_s > INT32_MAX / 1000 ? INT32_MAX : (int)timeout_s * 1000;
	int result = view_process(view, &process, err);

	if (result < 0)
		return 0; /* it has ended meanwhile */
	if (signal == 0)
		signal = view->container.stop_signal;
	if (timeout_s > 0)
		ignore_failure(process_signal(&process, signal, &ignored)); /* it may have ended */
	if (view->state == LIFE_PAUSED)
		ignore_failure(spawn_hull(front, "resume", view->id, NULL, NULL, &ignored)); /* likewise */
	result = process_wait_ended(&process, timeout_ms, err);
	if (result < 0) {
		ignore_failure(spawn_hull(front, "kill", view->id, "KILL", NULL, &ignored)); /* likewise */
		result = process_wait_ended(&process, KILL_WAIT_MS, err);
	}
	(void)close(process.fd); /* only watched */
	return result < 0
		       ? error_add(err, "cannot stop container: %s: tried to kill it", view->container.name)
		       : 0;
}

/* A person wants it stopped. On a full disk that is not written down: hull-shim knows it from the message. */
static int want_stopped(struct front *front, const char *id, struct error *err)
{
	int result = store_want_stopped(&front->store, id, true, err);

	return result == -ENOSPC || result == -EDQUOT ? 0 : result;
}

/* The container ends; @signal 0: its own stop signal. */
static int end(struct front *front, struct view *view, uint32_t timeout_s, int signal, struct error *err)
{
	int result = want_stopped(front, view->id, err);

	if (result < 0)
		return result;
	view_adopt(front, view);
	if (view->monitored) {
		result = stop_by_shim(front, view, timeout_s, signal, err);
		if (result == -ETIMEDOUT)
			return error_add(err, "cannot stop container: %s: tried to kill it",
					 view->container.name);
		if (result < 0)
			await_shim(view, RECORD_WAIT_MS);
	}
	if (!view->monitored || result < 0)
		return stop_by_hand(front, view, timeout_s, signal, err);
	if (view->container.auto_remove)
		await_shim(view, SHIM_END_WAIT_MS); /* it removes the container */
	return 0;
}

int operate_stop(struct front *front, const char *id, int64_t timeout_s, struct error *err)
{
	struct view view;
	int result = check(front, id, LIFE_STOP, true, &view, err);

	if (result <= 0)
		return result;
	uint32_t timeout = timeout_s < 0           ? view.container.stop_timeout_s
			   : timeout_s > INT32_MAX ? INT32_MAX
						   : (uint32_t)timeout_s;
	return end(front, &view, timeout, 0, err);
}

int operate_kill(struct front *front, const char *id, int signal, struct error *err)
{
	struct view view;
	struct error ignored;
	char word[16];
	int code;
	int result = check(front, id, LIFE_KILL, signal == SIGKILL, &view, err);

	if (result < 0)
		return result;
	if (view.state == LIFE_RESTARTING)
		return end(front, &view, 0, signal, err);
	if (signal == SIGKILL || signal == view.container.stop_signal)
		result = view.container.restart == RESTART_NO
				 ? want_stopped(front, id, err)
				 : store_want_stopped(&front->store, id, true, err); /* or it comes again */
	if (result < 0)
		return result;
	(void)snprintf(word, sizeof(word), "%d", signal);
	result = spawn_hull(front, "kill", id, word, NULL, err);
	if (result < 0)
		return error_add(err, "cannot kill container: %s", view.container.name);
	if (signal != SIGKILL)
		return 0;
	if (view.state == LIFE_PAUSED)
		ignore_failure(spawn_hull(front, "resume", id, NULL, NULL,
					  &ignored)); /* v1: killed once it is thawed */
	ignore_failure(operate_wait(front, id, KILL_WAIT_MS, &code, &ignored)); /* the signal was sent */
	if (view.container.auto_remove)
		await_shim(&view, SHIM_END_WAIT_MS); /* it removes the container */
	return 0;
}

int operate_pause(struct front *front, const char *id, bool pause, struct error *err)
{
	struct view view;
	int result = check(front, id, pause ? LIFE_PAUSE : LIFE_UNPAUSE, true, &view, err);

	if (result < 0)
		return result;
	result = spawn_hull(front, pause ? "pause" : "resume", id, NULL, NULL, err);
	return result < 0 ? error_add(err, "cannot %s container %s", pause ? "pause" : "unpause",
				      view.container.name)
			  : 0;
}

/* --- rm, rename ----------------------------------------------------------------------------------- */

/* A container whose records cannot be read can still be removed, by force. */
static int remove_damaged(struct front *front, const char *id, struct error *err)
{
	struct view view = { .state = LIFE_RUNNING };
	struct error ignored;

	memcpy(view.id, id, sizeof(view.id));
	ignore_failure(stop_by_shim(front, &view, 0, SIGKILL, &ignored)); /* there may be none */
	ignore_failure(
		spawn_hull(front, "delete", id, NULL, NULL, &ignored)); /* there may be nothing of it */
	parent_cgroup_remove();
	return store_drop(&front->store, id, err); /* its name is free without it */
}

int operate_remove(struct front *front, const char *id, bool force, struct error *err)
{
	autoclose int lock = -1;
	struct view view;
	struct error ignored;
	int result = check(front, id, force ? LIFE_REMOVE_FORCE : LIFE_REMOVE, true, &view, err);

	if (result < 0 && result != -EBUSY && result != -ENOENT && force)
		return remove_damaged(front, id, err);
	if (result < 0)
		return result;
	if (is_up(&view) || view.state == LIFE_RESTARTING)
		result = end(front, &view, 0, SIGKILL, err);
	if (result < 0)
		return result;
	await_shim(&view, SHIM_END_WAIT_MS); /* which removes it itself where --rm was given */
	result = store_lock(&front->store, id, &lock, err);
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	result = check(front, id, LIFE_REMOVE, false, &view, err); /* nobody has started it meanwhile */
	if (result < 0)
		return result;
	if (view.has_run || view.unknown_exit)
		ignore_failure(spawn_hull(front, "delete", id, NULL, NULL,
					  &ignored)); /* what a killed hull-shim left */
	parent_cgroup_remove();
	result = store_drop(&front->store, id, err);
	return result < 0 ? result : store_drop_name(&front->store, view.container.name, err);
}

int operate_rename(struct front *front, const char *id, const char *name, struct error *err)
{
	autoclose int lock = -1;
	struct store_container container;
	struct error ignored;
	int result = store_lock(&front->store, id, &lock, err);

	if (result == 0)
		result = store_container_load(&front->store, id, &front->arena, &container, err);
	if (result < 0)
		return result;
	if (text_equal(container.name, name))
		return error_set(err, 0, "renaming a container with the same name as its current name");
	result = store_claim_name(&front->store, name, id, err);
	if (result < 0)
		return result;
	const char *old = container.name;
	container.name = name;
	result = store_container_save(&front->store, &container, err);
	if (result < 0)
		ignore_failure(
			store_drop_name(&front->store, name, &ignored)); /* the reason is told already */
	return result < 0 ? result : store_drop_name(&front->store, old, err);
}
