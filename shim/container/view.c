/* A container as it is now; see view.h. */
#include "shim/container/view.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/words.h"
#include "shim/container/client.h"
#include "shim/container/spawn.h"

#include "base/banned.h"

static bool is_alive(const struct process_id *id)
{
	struct pidfd pidfd;
	struct error ignored;

	if (id->pid == 0 || process_find(id, &pidfd, &ignored) < 0)
		return false;
	(void)close(pidfd.fd); /* only asked whether it is there */
	return true;
}

static bool same_process(const struct process_id *a, const struct process_id *b)
{
	return a->pid == b->pid && a->start_time == b->start_time && text_equal(a->boot_id, b->boot_id);
}

/* Records that may be absent; a damaged one is an error. */
static int load_records(struct front *front, struct view *view, struct error *err)
{
	int result = store_container_load(&front->store, view->id, &front->arena, &view->container, err);

	if (result == -ENOENT) {
		(void)error_set(err, 0, "No such container: %s", view->id);
		return -ENOENT;
	}
	if (result < 0)
		return result;
	result = store_run_load(&front->store, view->id, &view->run, err);
	if (result < 0 && result != -ENOENT)
		return result;
	view->has_run = result == 0;
	result = store_exit_load(&front->store, view->id, &front->arena, &view->exit, err);
	if (result < 0 && result != -ENOENT)
		return result;
	view->has_exit = result == 0;
	return 0;
}

/* hull knows whether it is frozen; a runtime that cannot be asked leaves it running. */
static bool is_paused(const struct front *front, const char *id)
{
	autotext struct text text = TEXT_EMPTY;
	const struct json *document = NULL, *status = NULL;
	struct arena arena;
	struct error ignored;

	arena_init(&arena, 0);
	if (spawn_hull(front, "state", id, NULL, &text, &ignored) == 0 && text.length > 0 &&
	    json_parse(&arena, "state", text.data, text.length, &document, &ignored) == 0)
		status = json_get(document, "status");
	bool paused = status != NULL && text_equal(status->text, "paused");
	arena_release(&arena);
	return paused;
}

/* Neither process is there: how it ended, if somebody wrote that down. */
static enum lifecycle_state ended_state(struct view *view)
{
	bool started = view->has_run && view->run.container.pid != 0;

	if (started && !(view->has_exit && same_process(&view->exit.container, &view->run.container))) {
		view->unknown_exit = true;
		return LIFE_EXITED;
	}
	/* an exit record without a process: it could never be started */
	if (!view->has_exit || view->exit.container.pid == 0)
		return LIFE_CREATED;
	return LIFE_EXITED;
}

/* hull-shim is there, the container's process is not: it comes, it waits for its next start, or it has just
 * ended. */
static enum lifecycle_state between_state(struct front *front, struct view *view)
{
	enum protocol_state state;
	struct error ignored;

	if (client_ask(&front->store, view->id, &state, &ignored) < 0)
		return ended_state(view);
	if (state == PROTOCOL_WAITING_RESTART)
		return LIFE_RESTARTING;
	if (state == PROTOCOL_STOPPED)
		return ended_state(view);
	return view->has_exit && view->exit.container.pid != 0 ? LIFE_RESTARTING : LIFE_CREATED;
}

int view_load(struct front *front, const char *id, bool paused, struct view *ret, struct error *err)
{
	struct view view = { .state = LIFE_CREATED };

	memcpy(view.id, id, sizeof(view.id));
	int result = load_records(front, &view, err);
	if (result < 0)
		return result;
	bool runs = view.has_run && is_alive(&view.run.container);
	view.monitored = view.has_run && is_alive(&view.run.shim);
	if (runs)
		view.state = paused && is_paused(front, id) ? LIFE_PAUSED : LIFE_RUNNING;
	else if (view.monitored)
		view.state = between_state(front, &view);
	else
		view.state = ended_state(&view);
	*ret = view;
	return 0;
}

int view_find(struct front *front, const char *word, struct view *ret, struct error *err)
{
	char id[STORE_ID_DIGITS + 1];
	int result = store_find(&front->store, word, id, err);

	return result < 0 ? result : view_load(front, id, true, ret, err);
}

int view_process(const struct view *view, struct pidfd *ret, struct error *err)
{
	if (!view->has_run || view->run.container.pid == 0)
		return error_set(err, ESRCH, "container %s", view->container.name);
	return process_find(&view->run.container, ret, err);
}

int view_exit_code(const struct view *view)
{
	if (view->unknown_exit || (view->has_exit && view->exit.code < 0))
		return 255;
	if (view->has_exit && (view->state == LIFE_EXITED || view->state == LIFE_RESTARTING))
		return view->exit.code;
	/* docker's codes for a program that could not be started */
	if (view->has_exit && view->exit.error != NULL && view->exit.container.pid == 0)
		return view->exit.code > 0 ? view->exit.code : 127;
	return 0;
}

void view_status(const struct view *view, int64_t now_ns, struct text *ret)
{
	bool unknown = view->unknown_exit || (view->has_exit && view->exit.code < 0);

	switch (view->state) {
	case LIFE_RUNNING:
	case LIFE_PAUSED:
		text_append(ret, "Up ");
		words_duration(now_ns - view->run.started_ns, ret);
		if (view->state == LIFE_PAUSED)
			text_append(ret, " (Paused)");
		if (!view->monitored)
			text_append(ret, " (monitor lost)");
		return;
	case LIFE_RESTARTING:
	case LIFE_EXITED:
		text_append(ret, view->state == LIFE_EXITED ? "Exited " : "Restarting ");
		if (unknown)
			text_append(ret, "(unknown)");
		else
			text_format(ret, "(%d)", (int)view->exit.code);
		if (view->has_exit && !view->unknown_exit) {
			text_append(ret, " ");
			words_duration(now_ns - view->exit.finished_ns, ret);
			text_append(ret, " ago");
		}
		return;
	case LIFE_CREATED:
	case LIFE_STATE_COUNT:
		break;
	}
	text_append(ret, "Created");
}

void view_adopt(struct front *front, struct view *view)
{
	struct error ignored;

	if (view->monitored || (view->state != LIFE_RUNNING && view->state != LIFE_PAUSED))
		return;
	if (spawn_shim(front, view->id, -1, true, &ignored) == 0)
		view->monitored = store_run_load(&front->store, view->id, &view->run, &ignored) == 0;
}
