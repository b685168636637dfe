/* hull container stop, restart, kill, pause, unpause: what changes running containers. */
#include "shim/container/command.h"

#include <signal.h>

#include "shim/container/operate.h"

#include "base/banned.h"

/* --- stop, restart -------------------------------------------------------------------------------- */

struct stop_values {
	struct opt_i64 timeout;
};

static const struct flag_row stop_rows[] = {
	FLAG(struct stop_values, timeout, INT, "time", 't', "SECONDS",
	     "how long to wait before it is killed (default: its own, 10)"),
	FLAG(struct stop_values, timeout, INT, "timeout", 0, "SECONDS", "the same"),
	{ 0 },
};

/* -1, for ever, is docker's word for no limit. */
static int64_t timeout_of(const struct stop_values *values)
{
	if (!values->timeout.set)
		return -1;
	return values->timeout.value < 0 ? INT32_MAX : values->timeout.value;
}

static int stop_one(struct front *front, const char *id, const void *data, struct error *err)
{
	return operate_stop(front, id, timeout_of(data), err);
}

static int stop_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)err;
	return front_each(front, args, true, stop_one, values);
}

const struct command cmd_stop = {
	.name = "stop",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.description = "The container's stop signal is sent, and SIGKILL when it has not ended in time. A "
		       "restart policy does\n"
		       "not start it again.\n",
	.options = stop_rows,
	.values_size = COMMAND_VALUES(struct stop_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = stop_run,
};

static int restart_one(struct front *front, const char *id, const void *data, struct error *err)
{
	int result = operate_stop(front, id, timeout_of(data), err);

	return result < 0 ? result : operate_start(front, id, -1, err);
}

static int restart_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)err;
	return front_each(front, args, true, restart_one, values);
}

const struct command cmd_restart = {
	.name = "restart",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Restart one or more containers",
	.options = stop_rows,
	.values_size = COMMAND_VALUES(struct stop_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = restart_run,
};

/* --- kill ----------------------------------------------------------------------------------------- */

struct kill_values {
	const char *signal;
};

static const struct flag_row kill_rows[] = {
	FLAG(struct kill_values, signal, TEXT, "signal", 's', "SIGNAL", "the signal (default: SIGKILL)"),
	{ 0 },
};

static int kill_one(struct front *front, const char *id, const void *data, struct error *err)
{
	return operate_kill(front, id, *(const int *)data, err);
}

static int kill_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct kill_values *given = values;
	int signal = given->signal == NULL ? SIGKILL : spec_signal_number(given->signal);

	if (signal <= 0)
		return error_set(err, 0, "Invalid signal: %s", given->signal);
	return front_each(front, args, true, kill_one, &signal);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Kill one or more running containers",
	.options = kill_rows,
	.values_size = COMMAND_VALUES(struct kill_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = kill_run,
};

/* --- pause, unpause ------------------------------------------------------------------------------- */

static int pause_one(struct front *front, const char *id, const void *data, struct error *err)
{
	(void)data;
	return operate_pause(front, id, true, err);
}

static int unpause_one(struct front *front, const char *id, const void *data, struct error *err)
{
	(void)data;
	return operate_pause(front, id, false, err);
}

static int pause_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)err;
	return front_each(front, args, true, pause_one, values);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Pause all processes within one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = pause_run,
};

static int unpause_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)values;
	(void)err;
	return front_each(front, args, true, unpause_one, NULL);
}

const struct command cmd_unpause = {
	.name = "unpause",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Unpause all processes within one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = unpause_run,
};
