/*
 * The actions of state.h's table and what calls them: the ends of hull's commands, the container's end,
 * signals, clients, times. There is one keeper in a process; see keeper.h.
 */
#include "shim/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "shim/child.h"
#include "shim/clients.h"
#include "shim/ending.h"
#include "shim/keeper_inside.h"
#include "shim/log.h"
#include "shim/notify.h"
#include "shim/oom.h"
#include "shim/ports.h"
#include "shim/restart.h"
#include "shim/signals.h"
#include "shim/state.h"
#include "shim/streams.h"
#include "shim/terminal.h"
#include "shim/timers.h"

#include "base/banned.h"

#define DRAIN_MS 1000    /* a leaked process that holds a pipe delays the record no longer */
#define QUIET_MS 20      /* nothing came for so long: there is nothing more of the container's */
#define FOREIGN_MS 10000 /* for the exit of one that was taken up */
#define KILLED_MS 1000   /* what SIGKILL may need before hull is asked to help */
#define RECORD_MS 1000   /* between two tries where the disk is full */
#define RECORD_TRIES 30
#define TRIM_MS 1000 /* after the last burst of work */

struct keeper_inside keeper_inside;

void keeper_complain(const struct error *err)
{
	dprintf(STDERR_FILENO, "hull-shim: %s\n", err->text);
}

void keeper_fail(const struct error *err)
{
	if (keeper.ending.error != NULL)
		return;
	(void)snprintf(keeper.failure, sizeof(keeper.failure), "%s%s%s", err->text,
		       err->number != 0 ? ": " : "", err->number != 0 ? strerror(err->number) : "");
	keeper.ending.error = keeper.failure;
}

int keeper_spawn(enum hull_command command, const int *fds, struct error *err)
{
	keeper.command = command;
	return hull_spawn(command, keeper.options, fds, &keeper.child, &keeper.loop, err);
}

static void deleted(void)
{
	keeper_handle(keeper.again && !keeper.hold ? EVENT_AGAIN : EVENT_FINISHED);
}

static void act_delete(void)
{
	struct error err;

	if (child_runs(&keeper.child))
		return; /* a delete that was to help a kill: its end comes here again */
	if (keeper_spawn(HULL_DELETE, NULL, &err) < 0) {
		keeper_complain(&err);
		deleted();
	}
}

static void reap_orphans(void);

static void child_ended(struct loop_source *source, uint32_t events)
{
	struct error err;

	(void)source;
	(void)events;
	switch (keeper.command) {
	case HULL_CREATE:
		keeper_start_created();
		break;
	case HULL_START:
		keeper_start_started();
		break;
	case HULL_DELETE:
	case HULL_COMMAND_COUNT:
		if (child_reap(&keeper.child, &keeper.loop, hull_names[HULL_DELETE], &err) < 0)
			keeper_complain(&err);
		if (keeper.state == STATE_ENDED && keeper.recorded)
			deleted();
		break;
	}
	reap_orphans();
}

/* --- running and stopping ----------------------------------------------------------------------------- */

static void watch_init(void)
{
	struct error err;

	if (keeper.init.fd >= 0 && loop_watch(&keeper.loop, &keeper.init, EPOLLIN, &err) < 0)
		keeper_complain(&err);
	if (streams_release(&err) < 0)
		keeper_complain(&err);
}

static void tell_ready(const char *what, const char *text)
{
	if (keeper.ready_fd < 0)
		return;
	dprintf(keeper.ready_fd, "%s %s\n", what, text);
	(void)close(take_fd(&keeper.ready_fd)); /* told */
}

void keeper_running(void)
{
	const struct keeper_options *o = keeper.options;
	char status[320];
	struct error err;
	int pid = keeper.run.container.pid;

	watch_init();
	keeper.began_ms = process_now_ms();
	if (keeper.run.started_ns == 0)
		keeper.run.started_ns = ending_now_ns();
	if (store_run_save(o->store, o->id, &keeper.run, &err) < 0)
		keeper_complain(&err);
	(void)snprintf(status, sizeof(status), "%d", pid);
	tell_ready("running", status);
	keeper.ever_ran = true;
	(void)snprintf(status, sizeof(status), "%sSTATUS=Container %s runs, process %d",
		       o->notify_fd < 0 ? "READY=1\n" : "", o->container->name, pid);
	notify_say(status);
	if (store_run_sync(o->store, o->id, &err) < 0)
		keeper_complain(&err);
}

static void signal_container(int signal)
{
	const struct pidfd pidfd = { .fd = keeper.init.fd };
	struct error ignored;

	if (pidfd.fd >= 0)
		ignore_failure(process_signal(&pidfd, signal, &ignored)); /* it may have ended */
}

static void act_hold(void)
{
	keeper.hold = true;
	if (keeper.state == STATE_CANCELLING && keeper.init.fd >= 0)
		signal_container(SIGKILL); /* it has not run yet */
}

static void act_signal(void)
{
	keeper.hold = true;
	watch_init();
	notify_say("STOPPING=1");
	signal_container(keeper.stop_signal);
	timers_set(TIMER_STOP, keeper.stop_seconds < 0 ? -1 : (int64_t)keeper.stop_seconds * 1000);
}

static void act_kill(void)
{
	watch_init();
	signal_container(SIGKILL);
	/* One that is frozen, or that waits in the kernel: hull knows how. */
	if (keeper.killed && !child_runs(&keeper.child))
		act_delete();
	keeper.killed = true;
	timers_set(TIMER_STOP, KILLED_MS);
}

/* --- the end -------------------------------------------------------------------------------------- */

/* Whoever is its parent now may take its time to reap it; only then is its code to be had. */
static bool is_exit_known(void)
{
	if (keeper.ours || keeper.init.fd < 0 || process_now_ms() >= keeper.drain_end_ms + FOREIGN_MS)
		return true;
	return ending_take_foreign(keeper.init.fd, &keeper.ending) != ENDING_NOT_YET;
}

/*
 * Reads on until the streams have ended or are quiet, at most DRAIN_MS, and the exit is known. The first look
 * and the last do not ask whether a client has room: what the pipes held at the end is in the log, and in the
 * clients' queues, however long they do not read. Only a process that was left behind may have more to say.
 */
static void look_at_rest(void)
{
	bool late = process_now_ms() >= keeper.drain_end_ms, first = keeper.first_look;

	keeper.first_look = keeper.heard = false;
	bool ended = streams_drain(first || late);
	bool more = !ended && !late && (keeper.heard || first || !clients_have_room());
	if (more || !is_exit_known()) {
		timers_set(TIMER_DRAIN, QUIET_MS);
		return;
	}
	timers_set(TIMER_RECORD, 0);
}

void keeper_drain(void)
{
	timers_set(TIMER_STOP, -1);
	ports_release(); /* the next one may have them */
	keeper.first_look = true;
	keeper.ending.finished_ns = ending_now_ns();
	keeper.ending.started_ns = keeper.run.started_ns;
	keeper.ending.container = keeper.run.container;
	keeper.drain_end_ms = process_now_ms() + DRAIN_MS;
	keeper.record_tries = 0;
	look_at_rest();
}

static void act_end(void)
{
	struct error ignored;

	if (keeper.ours)
		ending_take(keeper.init.fd, &keeper.ending);
	else
		keeper.ending.code = -1;
	keeper.ending.oom_killed = oom_seen(&keeper.oom);
	if (keeper.ending.error != NULL) { /* it was ended because it could not be started */
		keeper.ending.code = ending_failure_code(keeper.ending.error);
		keeper.ending.signal = 0;
	}
	ignore_failure(loop_watch(&keeper.loop, &keeper.init, 0, &ignored)); /* taking out cannot fail */
	keeper_drain();
}

static void act_fail(void)
{
	keeper.ending.code = ending_failure_code(keeper.ending.error);
	streams_close(); /* hull's message was in it */
	keeper_drain();
}

static bool is_wanted_again(void)
{
	const struct store_container *container = keeper.options->container;
	struct error err;
	bool stopped = false;

	if (keeper.hold || !keeper.ever_ran)
		return false;
	if (store_is_wanted_stopped(keeper.options->store, keeper.options->id, &stopped, &err) < 0)
		keeper_complain(&err);
	return !stopped && restart_wanted(container->restart, container->restart_max, keeper.ending.code,
					  keeper.run.restarts);
}

/* Nobody is told before the record is on the disk. */
static void record(void)
{
	const struct keeper_options *o = keeper.options;
	const char *error = keeper.ending.error;
	struct error err;

	log_end();
	int result = ending_save(o->store, o->id, &keeper.ending, &err);
	if (result < 0) {
		if (keeper.record_tries++ == 0)
			keeper_complain(&err);
		/* A container that was removed by force has no place for it any more. */
		if (result != -ENOENT && keeper.record_tries < RECORD_TRIES) {
			timers_set(TIMER_RECORD, RECORD_MS);
			return;
		}
	}
	keeper.recorded = true;
	streams_close();
	loop_forget(&keeper.loop, &keeper.init);
	cleanup_close(&keeper.console);
	keeper.console = -1;
	oom_close(&keeper.oom);
	keeper.again = is_wanted_again();
	if (error != NULL) {
		if (keeper.options->systemd) /* for the journal: no client asks */
			dprintf(STDERR_FILENO, "hull-shim: %s\n", error);
		clients_send(PROTOCOL_ERROR, 0, 0, error, strlen(error), 0);
		tell_ready("error", error);
	}
	clients_send(PROTOCOL_EXITED, keeper.ending.code, keeper.again, NULL, 0, PROTOCOL_WANT_EXIT);
	act_delete();
}

static void act_wait(void)
{
	struct error err;

	keeper.delay_ms = restart_delay_ms(keeper.delay_ms, process_now_ms() - keeper.began_ms);
	if (keeper.options->restart_delay_ms >= 0)
		keeper.delay_ms = keeper.options->restart_delay_ms;
	keeper.run.restarts++;
	keeper.run.container = (struct process_id){ 0 };
	if (store_run_save(keeper.options->store, keeper.options->id, &keeper.run, &err) < 0)
		keeper_complain(&err);
	timers_set(TIMER_RESTART, keeper.delay_ms);
}

static void act_finish(void)
{
	struct error err;

	if (keeper.again) /* they were told that it comes again */
		clients_send(PROTOCOL_EXITED, keeper.ending.code, 0, NULL, 0, PROTOCOL_WANT_EXIT);
	if (store_run_drop(keeper.options->store, keeper.options->id, &err) < 0)
		keeper_complain(&err);
	keeper.finished = true;
}

static void act_none(void)
{
}

void keeper_handle(enum state_event event)
{
	static void (*const actions[ACTION_COUNT])(void) = {
		[ACTION_NONE] = act_none,
		[ACTION_CREATE] = keeper_start_create,
		[ACTION_START] = keeper_start_start,
		[ACTION_RUNNING] = keeper_running,
		[ACTION_SIGNAL] = act_signal,
		[ACTION_KILL] = act_kill,
		[ACTION_END] = act_end,
		[ACTION_FAIL] = act_fail,
		[ACTION_HOLD] = act_hold,
		[ACTION_WAIT] = act_wait,
		[ACTION_FINISH] = act_finish,
	};
	struct state_row row = state_step(keeper.state, event);

	keeper.state = row.next;
	actions[row.action]();
}

/* --- what comes from outside ------------------------------------------------------------------------- */

static void init_ended(struct loop_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	keeper_handle(EVENT_EXITED);
}

static void stop(int32_t seconds, int32_t signal)
{
	const struct store_container *container = keeper.options->container;

	keeper.stop_seconds = seconds;
	keeper.stop_signal = signal > 0 && signal <= SIGRTMAX ? signal : container->stop_signal;
	keeper_handle(EVENT_STOP);
}

static void stop_as_configured(void)
{
	uint32_t seconds = keeper.options->container->stop_timeout_s;

	stop(seconds > INT32_MAX ? -1 : (int32_t)seconds, 0);
}

static void got_signal(int number)
{
	switch (number) {
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		stop_as_configured();
		break;
	case SIGCHLD:
		reap_orphans();
		break;
	case SIGHUP:
	case SIGUSR1:
	case SIGUSR2:
		if (keeper.options->systemd && keeper.state == STATE_RUNNING)
			signal_container(number);
		break;
	default:
		break; /* blocked, so that a stray one ends nobody */
	}
}

/*
 * We are the subreaper of what the container's processes leave. A child that is awaited has a pidfd and is
 * not taken here; while hull create is at work any of them may be the container.
 */
static void reap_orphans(void)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (keeper.state == STATE_CREATING || keeper.state == STATE_CANCELLING ||
		    waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		if ((child_runs(&keeper.child) && info.si_pid == keeper.child.pid) ||
		    (keeper.init.fd >= 0 && info.si_pid == keeper.run.container.pid))
			return; /* its own event comes, and calls this again */
		(void)waitid(P_PID, (id_t)info.si_pid, &info,
			     WEXITED | WNOHANG); /* an orphan's status is nobody's */
	}
}

static void notify_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	(void)notify_relay(source->fd); /* READY passes like the rest */
}

static void wrote(int stream, const char *bytes, size_t length)
{
	keeper.heard = true;
	log_write(stream, bytes, length);
	clients_send_output(stream == 1 ? PROTOCOL_STDOUT : PROTOCOL_STDERR, bytes, length);
}

static void answer_state(struct protocol_head *ret_state, struct protocol_head *ret_exited)
{
	static const enum protocol_state states[STATE_COUNT] = {
		[STATE_CREATING] = PROTOCOL_CREATING,       [STATE_CREATED] = PROTOCOL_CREATING,
		[STATE_CANCELLING] = PROTOCOL_CREATING,     [STATE_RUNNING] = PROTOCOL_RUNNING,
		[STATE_STOPPING] = PROTOCOL_RUNNING,        [STATE_ENDED] = PROTOCOL_STOPPED,
		[STATE_WAITING] = PROTOCOL_WAITING_RESTART, [STATE_STOPPED] = PROTOCOL_STOPPED,
	};

	/* Who hears of a stop stops nothing: it must not come again after that. */
	bool again = keeper.state == STATE_ENDED &&
		     (keeper.recorded ? keeper.again && !keeper.hold : is_wanted_again());

	ret_state->a = again ? PROTOCOL_WAITING_RESTART : (int32_t)states[keeper.state];
	ret_state->b = keeper.run.container.pid;
	if (keeper.state == STATE_ENDED && keeper.recorded)
		*ret_exited = (struct protocol_head){ PROTOCOL_EXITED, keeper.ending.code, keeper.again };
}

/* --- times ------------------------------------------------------------------------------------------ */

static void overdue(void)
{
	keeper_handle(EVENT_OVERDUE);
}

static void restart_due(void)
{
	keeper_handle(EVENT_DUE);
}

static void watchdog(void)
{
	notify_say("WATCHDOG=1");
	timers_set(TIMER_WATCHDOG, notify_watchdog_ms());
}

static void trim(void)
{
	keeper.light = true;
}

/* --- the beginning ------------------------------------------------------------------------------------ */

static int open_all(struct error *err)
{
	static const struct clients_calls calls = {
		.state = answer_state,
		.input_room = streams_input_room,
		.input = streams_put_input,
		.stop = stop,
		.close_input = streams_close_input,
		.resize = streams_resize,
		.room = streams_resume,
	};
	static const struct streams_calls stream_calls = { .wrote = wrote,
							   .input_free = clients_input_free,
							   .has_room = clients_have_room };
	static void (*const fire[TIMER_COUNT])(void) = {
		[TIMER_STOP] = overdue,        [TIMER_DRAIN] = look_at_rest, [TIMER_RECORD] = record,
		[TIMER_RESTART] = restart_due, [TIMER_TRIM] = trim,          [TIMER_WATCHDOG] = watchdog,
	};
	const struct keeper_options *o = keeper.options;
	struct pidfd self;
	autoclose int dir = -1;
	int result = loop_open(&keeper.loop, err);

	if (result < 0)
		return result;
	keeper.init = (struct loop_source){ .fd = -1, .ready = init_ended };
	keeper.notify = (struct loop_source){ .fd = o->notify_fd, .ready = notify_ready };
	child_init(&keeper.child, child_ended);
	streams_init(&keeper.loop, &stream_calls);
	timers_init(fire);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "become subreaper");
	result = signals_open(&keeper.loop, got_signal, err);
	if (result == 0)
		result = process_open(getpid(), &self, err);
	if (result == 0) {
		result = process_identify(getpid(), &self, &keeper.run.shim, err);
		(void)close(self.fd); /* it was for its inode */
	}
	if (result == 0)
		result = store_directory(o->store, o->id, &dir, err);
	if (result == 0)
		result = log_open(dir, o->container, err);
	if (result == 0)
		result = ending_reserve(dir, err);
	if (result == 0)
		result = clients_open(&keeper.loop, o->run_directory, &calls, err);
	if (result == 0 && keeper.notify.fd >= 0)
		result = loop_watch(&keeper.loop, &keeper.notify, EPOLLIN, err);
	if (result == 0 && o->client_fd >= 0)
		result = clients_adopt(o->client_fd, err);
	return result;
}

static int begin(struct error *err)
{
	const struct keeper_options *o = keeper.options;
	struct store_run old;
	struct pidfd pidfd;
	struct error gone;
	int result = store_run_load(o->store, o->id, &old, &gone);

	keeper.state = STATE_STOPPED;
	if (o->adopt && result < 0)
		return error_set(err, 0, "there is nothing to take up: %s", gone.text);
	if (o->adopt) {
		keeper_start_adopt(&old);
		return 0;
	}
	if (result == 0 && old.container.pid != 0 && process_find(&old.container, &pidfd, &gone) == 0) {
		(void)close(pidfd.fd); /* only asked */
		return error_set(err, 0,
				 "container %s runs without a shim, as process %d; --adopt takes it up",
				 o->container->name, old.container.pid);
	}
	if (result != -ENOENT) { /* a record of a run, whole or damaged: something may be left of it */
		keeper.state = STATE_CREATING; /* a stop is heard from now */
		result = keeper_start_clear(err);
		if (result < 0)
			return result;
	}
	if (keeper.state == STATE_CANCELLING) {
		(void)error_set(&gone, 0, "the container was stopped before it was started");
		keeper_fail(&gone);
		keeper_handle(EVENT_CREATE_FAILED);
		return 0;
	}
	keeper.state = STATE_CREATING;
	keeper_start_create();
	return 0;
}

int keeper_run(const struct keeper_options *options, struct store_exit *ret_exit, struct error *err)
{
	keeper.options = options;
	keeper.console = -1;
	keeper.ready_fd = options->ready_fd;
	keeper.oom = OOM_NONE;
	int result = open_all(err);
	if (result == 0)
		result = begin(err);
	if (result == 0 && notify_watchdog_ms() > 0)
		timers_set(TIMER_WATCHDOG, 0);
	while (result == 0 && !keeper.finished) {
		bool light = keeper.light;

		keeper.light = false;
		result = loop_turn(&keeper.loop, timers_next_ms(), light, err);
		if (!timers_is_set(TIMER_TRIM) && !light)
			timers_set(TIMER_TRIM, TRIM_MS);
		timers_fire();
	}
	clients_close(options->run_directory);
	log_close();
	ending_unreserve(options->store, options->id);
	loop_close(&keeper.loop);
	*ret_exit = keeper.ending;
	return result;
}
