/*
 * How a container comes to run: hull create and what it leaves, hull start; or taking up one that a killed
 * shim has left. See keeper.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"
#include "shim/ending.h"
#include "shim/join.h"
#include "shim/keeper_inside.h"
#include "shim/log.h"
#include "shim/ports.h"
#include "shim/streams.h"
#include "shim/terminal.h"

#include "base/banned.h"

#define CLEAR_MS 10000 /* for removing what is left */

static struct process_id joined; /* whose network the container has, pid 0: nobody's */

void keeper_start_create(void)
{
	const struct store_container *container = keeper.options->container;
	struct error err;
	int fds[3] = { -1, -1, -1 };
	int result;

	keeper.ending = (struct store_exit){ 0 };
	keeper.recorded = keeper.killed = false;
	keeper.ours = true;
	keeper.run.container = (struct process_id){ 0 };
	keeper.run.started_ns = 0;
	result = store_run_save(keeper.options->store, keeper.options->id, &keeper.run, &err);
	if (result == 0)
		result = join_network(keeper.options->store, container, &joined, &err);
	if (result == 0 && container->terminal)
		result = terminal_listen(keeper.options->run_directory, &keeper.console, &err);
	if (result == 0)
		result = streams_prepare(container->terminal, container->open_stdin, fds, &err);
	if (result == 0 && unlinkat(keeper.options->run_directory, HULL_PID_FILE, 0) < 0 && errno != ENOENT)
		result = error_set(&err, errno, "remove the old pid file");
	if (result == 0)
		result = keeper_spawn(HULL_CREATE, fds, &err);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		cleanup_close(&fds[i]);
	if (result < 0) {
		keeper_fail(&err);
		keeper_handle(EVENT_CREATE_FAILED);
	}
}

/* hull create has succeeded: the container's process is our child from now, and held. */
static int take_container(struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct pidfd pidfd = { .fd = -1 };
	uint64_t pid;
	int result = fd_read_file_at(keeper.options->run_directory, HULL_PID_FILE, 64, &text, err);

	if (result == 0)
		result = number_parse_u64(text.data, INT32_MAX, &pid, err);
	if (result == 0)
		result = process_open((pid_t)pid, &pidfd, err);
	if (result < 0)
		return result;
	keeper.init.fd = pidfd.fd;
	result = process_identify((pid_t)pid, &pidfd, &keeper.run.container, err);
	if (result < 0)
		return result;
	if (keeper.options->container->terminal) {
		int master;

		result = terminal_receive(&keeper.console, &master, err);
		if (result == 0)
			result = streams_take_terminal(master, err);
		if (result < 0)
			return result;
	}
	return store_run_save(keeper.options->store, keeper.options->id, &keeper.run, err);
}

/* A container without them has its network all the same. */
static void hold_ports(void)
{
	struct error err;

	if (ports_hold(PORTS_NETWORKS, keeper.options->id, &err) < 0)
		keeper_complain(&err);
}

void keeper_start_created(void)
{
	struct error err;
	int result = child_reap(&keeper.child, &keeper.loop, hull_names[HULL_CREATE], &err);

	if (result < 0 && !keeper.options->container->terminal) {
		char said[ERROR_TEXT_SIZE / 2];

		streams_take_message(said, sizeof(said));
		if (said[0] != '\0')
			(void)error_set(&err, 0, "%s", said);
	}
	if (result == 0)
		result = join_check(&joined, &err);
	if (result == 0)
		result = take_container(&err);
	if (result == 0) {
		hold_ports();
		keeper_handle(EVENT_CREATED);
		return;
	}
	keeper_fail(&err);
	loop_forget(&keeper.loop, &keeper.init); /* hull delete --force ends it */
	keeper_handle(EVENT_CREATE_FAILED);
}

void keeper_start_start(void)
{
	struct error err, none;

	if (keeper_spawn(HULL_START, NULL, &err) < 0) {
		keeper_fail(&err);
		keeper_handle(EVENT_START_FAILED);
		return;
	}
	/* While hull starts: the program is not there yet. */
	if (keeper.oom.cgroup < 0 && oom_open(keeper.run.container.pid, &keeper.oom, &none) < 0)
		keeper.oom = OOM_NONE; /* a machine without the controller: nobody counts */
}

/* One that was taken up may have been started before: it lives, whatever hull start says. */
static bool is_taken_up_running(void)
{
	const struct pidfd pidfd = { .fd = keeper.init.fd };

	return !keeper.ours && !process_ended(&pidfd);
}

void keeper_start_started(void)
{
	struct error err;

	if (child_reap(&keeper.child, &keeper.loop, hull_names[HULL_START], &err) == 0 ||
	    is_taken_up_running()) {
		keeper_handle(EVENT_STARTED);
		return;
	}
	keeper_fail(&err);
	keeper_handle(EVENT_START_FAILED);
}

void keeper_start_adopt(const struct store_run *old)
{
	struct pidfd pidfd;
	struct error gone;

	keeper.run.container = old->container;
	keeper.run.started_ns = old->started_ns;
	keeper.run.restarts = old->restarts;
	keeper.ours = false;
	keeper.ever_ran = old->started_ns != 0;
	keeper.began_ms = process_now_ms();
	keeper.ending.output_lost = true;
	if (old->container.pid != 0 && process_find(&old->container, &pidfd, &gone) == 0) {
		static const char text[] =
			"hull-shim: taken up after its shim was lost, and without its output\n";

		keeper.init.fd = pidfd.fd;
		if (oom_open(old->container.pid, &keeper.oom, &gone) < 0)
			keeper.oom = OOM_NONE;
		log_write(2, text, sizeof(text) - 1);
		hold_ports();
		/* Where it was not said to run, it waits for its start or has just had it. */
		keeper.state = old->started_ns != 0 ? STATE_RUNNING : STATE_CREATED;
		if (old->started_ns != 0)
			keeper_running();
		else
			keeper_start_start();
		return;
	}
	if (ending_is_recorded(keeper.options->store, keeper.options->id, old, &keeper.ending)) {
		keeper.ending.error = NULL; /* told already, if there was one */
	} else {
		keeper.ending.code = -1;
		if (old->started_ns == 0) {
			(void)error_set(&gone, 0, "hull-shim was killed while the container was started");
			keeper_fail(&gone);
		}
	}
	keeper.state = STATE_ENDED;
	keeper_drain();
}

int keeper_start_clear(struct error *err)
{
	int64_t end = process_now_ms() + CLEAR_MS;
	int result = keeper_spawn(HULL_DELETE, NULL, err);

	while (result == 0 && child_runs(&keeper.child)) {
		if (process_now_ms() >= end)
			return error_set(err, ETIMEDOUT, "remove what is left of the last run");
		result = loop_turn(&keeper.loop, end, false, err);
	}
	return result;
}
