/* Claims of CNI networks that are to go; see reclaim.h. */
#include "runtime/net/reclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "runtime/net/aside.h"
#include "runtime/net/cni.h"
#include "runtime/net/hosts.h"

#include "base/banned.h"

/* As it is now: another hull-net may have taken or removed it. NULL: it is not there. The lock is held. */
static int look_again(struct front *front, const struct claim *claim, struct state_view *view,
		      struct claim **ret, struct error *err)
{
	int result = state_load(&front->state, &front->arena, view, err);

	if (result == 0)
		*ret = state_find_claim(view, claim->driver, claim->network, claim->id);
	return result;
}

/* @only_dead: not where somebody has taken it since @claim was read. @ret_done: it is gone by this call. */
static int reclaim(struct front *front, const struct claim *claim, bool only_dead, bool *ret_done,
		   struct error *err)
{
	struct state_view view = { 0 };
	struct claim *found = NULL;
	int result = state_lock(&front->state, err);

	if (result < 0)
		return result;
	result = look_again(front, claim, &view, &found, err);
	if (only_dead && found != NULL && found->alive)
		found = NULL;
	if (result == 0 && found != NULL)
		result = claim_take(found, err);
	if (result == 0 && found != NULL)
		result = state_write_claim(&front->state, found, err);
	state_unlock(&front->state);
	if (result < 0 || found == NULL)
		return result;

	struct claim taken = *found;
	result = cni_remove(front, &taken, err);
	if (result < 0)
		return error_add(err, "\"%s\" in the network \"cni:%s\"", taken.id, taken.network);

	result = state_lock(&front->state, err);
	if (result == 0)
		result = state_remove_claim(&front->state, &taken, err);
	if (result == 0)
		result = look_again(front, &taken, &view, &found, err);
	if (result == 0)
		hosts_sync(&view.claims, &taken);
	state_unlock(&front->state);
	*ret_done = result == 0;
	return result;
}

int reclaim_cni(struct front *front, const struct claim *claim, struct error *err)
{
	bool done = false;

	return reclaim(front, claim, false, &done, err);
}

static bool is_dead(const struct claim *claim)
{
	return claim->driver == CLAIM_CNI && !claim->alive;
}

/* Every claim; none where there never was one of CNI, as on most hosts. */
static int load_any(struct front *front, struct state_view *ret, struct error *err)
{
	if (faccessat(front->state.root, claim_driver_names[CLAIM_CNI], F_OK, 0) < 0)
		return 0;
	return state_load(&front->state, &front->arena, ret, err);
}

static void reclaim_dead(struct front *front, const struct state_view *view,
			 const struct reclaim_listener *listener)
{
	for (size_t i = 0; i < view->claims.count; i++) {
		struct claim *claim = &view->claims.items[i];
		struct error why;
		bool done = false;

		if (!is_dead(claim))
			continue;
		if (reclaim(front, claim, true, &done, &why) < 0) {
			if (listener->failed != NULL)
				listener->failed(&why, listener->data);
			else
				commands_fail(&why);
		} else if (done && listener->removed != NULL) {
			listener->removed(claim, listener->data);
		}
	}
}

int reclaim_all_cni(struct front *front, const struct reclaim_listener *listener, struct error *err)
{
	struct state_view view = { 0 };
	int result = load_any(front, &view, err);

	if (result == 0)
		reclaim_dead(front, &view, listener);
	return result;
}

/* --- beside ------------------------------------------------------------------------------------------ */

/* An error is smaller than PIPE_BUF: whole, or not there. Who went away misses it. */
static void pass_on(const struct error *why, void *data)
{
	_Static_assert(sizeof(*why) <= PIPE_BUF, "an error is one write");
	const int *pipe = data;

	(void)!write(*pipe, why, sizeof(*why));
}

/* Until the other process has closed its end of @pipe, or patience is at its end. */
static void hear(int pipe)
{
	int64_t deadline = process_now_ms() + RECLAIM_PATIENCE_MS;

	for (;;) {
		int64_t left = deadline - process_now_ms();
		struct pollfd polled = { .fd = pipe, .events = POLLIN };
		struct error why;
		int ready = left <= 0 ? 0 : poll(&polled, 1, (int)left);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0 || read(pipe, &why, sizeof(why)) != (ssize_t)sizeof(why))
			return;
		commands_fail(&why);
	}
}

int reclaim_for_a_while(struct front *front, struct error *err)
{
	struct state_view view = { 0 };
	int pipes[2], result = load_any(front, &view, err);
	bool any = false;

	for (size_t i = 0; i < view.claims.count; i++)
		any |= is_dead(&view.claims.items[i]);
	if (result < 0 || !any)
		return result;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	autoclose int in = pipes[0], out = pipes[1];
	pid_t pid = aside_fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		const struct reclaim_listener listener = { .failed = pass_on, .data = &out };

		cleanup_close(&in); /* the only reader is the other one, which may leave */
		reclaim_dead(front, &view, &listener);
		_exit(0);
	}
	cleanup_close(&out);
	out = -1;
	hear(in);
	return 0;
}
