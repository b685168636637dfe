/*
 * The keeper itself, keeper.c and keeper_start.c, in a world that is made up: hull's commands, the
 * container's process, the disk, clients and both clocks do at random what they may do, in any order,
 * thousands of times. What must hold always is checked where it could break: a record before anybody is told,
 * one record and one end for each run, nothing after a stop, no two commands at once, an end to everything.
 *
 * SEED=N repeats a run; it is printed. LIVES=N: how many (default: 8000).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/process.h"
#include "shim/child.h"
#include "shim/clients.h"
#include "shim/ending.h"
#include "shim/hull.h"
#include "shim/keeper.h"
#include "shim/keeper_inside.h"
#include "shim/log.h"
#include "shim/notify.h"
#include "shim/oom.h"
#include "shim/restart.h"
#include "shim/signals.h"
#include "shim/streams.h"
#include "shim/terminal.h"
#include "shim/timers.h"
#include "tests/unit/check.h"

enum { PROCESS_FD = 4000, CHILD_FD, MASTER_FD, CONTAINER_PID = 4242 };
#define CALM_STEPS 400 /* from then on nothing new happens, and a stop is sent */
#define MOST_STEPS 6000
#define DISK_FULL_FOR_EVER 1000

enum process_state { PROCESS_NONE, PROCESS_HELD, PROCESS_RUNS, PROCESS_ENDED };

static struct world {
	uint64_t seed;
	int64_t now_ms, wall_ns;
	int steps;
	/* hull */
	enum hull_command command;
	bool child_fails;
	/* the container */
	enum process_state process;
	bool ignores_stop, frozen, leaks, taken;
	int32_t code;
	int64_t kill_from_ms;  /* not killed before; INT64_MAX: never */
	int64_t again_from_ms; /* not started again before */
	/* what the disk holds */
	int runs, records;
	int disk_full; /* tries */
	bool run_file, recorded;
	struct store_exit record;
	/* what was told */
	int told_ends, ready_fd;
	bool stopped, said_stopped, told_last, logging, drained;
	/* where the world may be left untidy */
	bool delete_failed, wanted_stopped;
	const struct clients_calls *clients;
	const struct streams_calls *streams;
	void (*got_signal)(int signal);
} world;

static uint64_t state_of_chance;

static uint64_t chance_next(void)
{
	uint64_t z = state_of_chance += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

static unsigned below(unsigned limit)
{
	return (unsigned)(chance_next() % limit);
}

static bool percent(unsigned of_hundred)
{
	return below(100) < of_hundred;
}

static int maybe_fail(unsigned of_hundred, int number, struct error *err)
{
	return percent(of_hundred) ? error_set(err, number, "made up") : 0;
}

/* --- clocks: the wall clock jumps, the other one does not ------------------------------------------------
 */

int64_t process_now_ms(void)
{
	return world.now_ms;
}

int64_t ending_now_ns(void)
{
	if (percent(20))
		world.wall_ns += ((int64_t)below(2000000) - 1000000) * 1000000000;
	return world.wall_ns + world.now_ms * 1000000 + 1;
}

/* --- the loop, where everything happens -------------------------------------------------------------------
 */

int loop_open(struct loop *ret, struct error *err)
{
	ret->epoll = -1;
	return maybe_fail(0, EMFILE, err);
}

void loop_close(struct loop *loop)
{
	(void)loop;
}

int loop_watch(const struct loop *loop, struct loop_source *source, uint32_t events, struct error *err)
{
	(void)loop;
	CHECK(source->fd >= 0 || source->events == events);
	source->events = events;
	return maybe_fail(0, ENOMEM, err);
}

void loop_forget(const struct loop *loop, struct loop_source *source)
{
	(void)loop;
	source->fd = -1;
	source->events = 0;
}

static void end_process(int32_t code)
{
	if (world.process != PROCESS_HELD && world.process != PROCESS_RUNS)
		return;
	world.process = PROCESS_ENDED;
	world.code = code;
}

static void write_pid_file(void)
{
	int fd = openat(keeper.options->run_directory, HULL_PID_FILE,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(dprintf(fd, "%d", CONTAINER_PID) > 0);
	close(fd);
}

static void command_ends(void)
{
	world.child_fails = percent(10);
	switch (world.command) {
	case HULL_CREATE:
		if (world.child_fails)
			break;
		CHECK_INT(world.process, PROCESS_NONE);
		world.process = PROCESS_HELD;
		world.taken = false;
		world.ignores_stop = percent(30);
		world.frozen = percent(5);
		write_pid_file();
		break;
	case HULL_START:
		if (world.process == PROCESS_ENDED) /* killed meanwhile */
			world.child_fails = true;
		else if (!world.child_fails)
			world.process = PROCESS_RUNS;
		else if (percent(50))
			end_process(1);
		break;
	case HULL_DELETE:
		world.delete_failed |= world.child_fails;
		if (!world.child_fails)
			end_process(137);
		if (!world.child_fails && keeper.state == STATE_ENDED)
			world.process = PROCESS_NONE;
		break;
	case HULL_COMMAND_COUNT:
		break;
	}
	keeper.child.source.ready(&keeper.child.source, EPOLLIN);
}

static void stop_it(void)
{
	int seconds = percent(20) ? -1 : (int)below(20);
	bool client = percent(50);

	if (!client)
		seconds = (int)keeper.options->container->stop_timeout_s;
	world.kill_from_ms = seconds < 0 ? INT64_MAX : world.now_ms + (int64_t)seconds * 1000;
	if (client)
		world.clients->stop(seconds, percent(30) ? SIGINT : 0);
	else
		world.got_signal(SIGTERM);
	world.stopped = true;
}

static void ask_state(void)
{
	struct protocol_head state = { 0 }, exited = { 0 };

	world.clients->state(&state, &exited);
	if (exited.type != 0)
		CHECK(world.recorded || world.disk_full >= DISK_FULL_FOR_EVER);
	world.said_stopped |= state.a == PROTOCOL_STOPPED;
	if (state.a == PROTOCOL_RUNNING)
		CHECK(world.process != PROCESS_NONE);
}

/* To the next time that is set, or not as far. */
static void time_passes(int64_t due_ms)
{
	int64_t most = due_ms < 0 ? 500 : due_ms > world.now_ms ? due_ms - world.now_ms : 0;

	world.now_ms += percent(60) ? most : (int64_t)below((unsigned)most + 1);
}

int loop_turn(const struct loop *loop, int64_t due_ms, bool light, struct error *err)
{
	bool calm = ++world.steps > CALM_STEPS, child = keeper.child.source.fd >= 0;

	(void)loop;
	(void)light;
	if (world.steps > MOST_STEPS)
		return error_set(err, 0, "it does not end, %s", state_names[keeper.state]);
	/* A pidfd that stays ready and that nobody heeds would be a loop without a rest. */
	CHECK(keeper.init.events == 0 || keeper.state == STATE_RUNNING || keeper.state == STATE_STOPPING);
	if (world.steps == CALM_STEPS || (calm && percent(2)))
		stop_it();
	switch (below(8)) {
	case 0:
	case 1:
		if (child)
			command_ends();
		break;
	case 2:
		if (world.process == PROCESS_RUNS && !calm)
			end_process((int32_t)below(3));
		break;
	case 3:
		if (world.process == PROCESS_ENDED && keeper.init.fd == PROCESS_FD && keeper.init.events != 0)
			keeper.init.ready(&keeper.init, EPOLLIN);
		break;
	case 4:
		if (!calm && percent(6))
			stop_it();
		break;
	case 5:
		ask_state();
		world.got_signal(SIGCHLD);
		break;
	case 6:
		if (world.process == PROCESS_RUNS)
			world.streams->wrote(1, "x", 1);
		else if (calm)
			time_passes(due_ms);
		break;
	default:
		time_passes(due_ms);
		break;
	}
	return 0;
}

/* --- hull, and the container's process -------------------------------------------------------------------
 */

const char *const hull_names[HULL_COMMAND_COUNT] = { "hull create", "hull start", "hull delete" };

void child_init(struct child *child, void (*ended)(struct loop_source *source, uint32_t events))
{
	*child = (struct child){ .source = { .fd = -1, .ready = ended }, .said = -1 };
}

bool child_runs(const struct child *child)
{
	return child->source.fd >= 0;
}

int hull_spawn(enum hull_command command, const struct keeper_options *options, const int *fds,
	       struct child *child, const struct loop *loop, struct error *err)
{
	(void)options;
	(void)fds;
	(void)loop;
	CHECK(!child_runs(child)); /* one at a time */
	switch (command) {
	case HULL_CREATE:
		CHECK(world.process == PROCESS_NONE || world.delete_failed);
		world.process = PROCESS_NONE;
		break;
	case HULL_START:
		CHECK(world.process == PROCESS_HELD || options->adopt);
		break;
	case HULL_DELETE:
	case HULL_COMMAND_COUNT:
		break;
	}
	if (percent(2)) {
		world.delete_failed |= command == HULL_DELETE;
		return error_set(err, EAGAIN, "made up");
	}
	world.command = command;
	child->source.fd = CHILD_FD;
	child->source.events = EPOLLIN;
	child->pid = 1; /* nobody's child */
	return 0;
}

int child_reap(struct child *child, const struct loop *loop, const char *name, struct error *err)
{
	CHECK(child_runs(child));
	loop_forget(loop, &child->source);
	child->pid = 0;
	return world.child_fails ? error_set(err, 0, "%s: made up", name) : 0;
}

int process_open(pid_t pid, struct pidfd *ret, struct error *err)
{
	int result = pid == CONTAINER_PID ? maybe_fail(2, EMFILE, err) : 0;

	if (result == 0)
		ret->fd = PROCESS_FD;
	return result;
}

int process_identify(pid_t pid, const struct pidfd *pidfd, struct process_id *ret, struct error *err)
{
	(void)pidfd;
	*ret = (struct process_id){ .pid = pid, .start_time = (uint64_t)world.runs };
	return pid == CONTAINER_PID ? maybe_fail(2, EMFILE, err) : 0;
}

int process_find(const struct process_id *id, struct pidfd *ret, struct error *err)
{
	if (id->pid != CONTAINER_PID || (world.process != PROCESS_HELD && world.process != PROCESS_RUNS))
		return error_set(err, ESRCH, "gone");
	ret->fd = PROCESS_FD;
	return 0;
}

bool process_ended(const struct pidfd *pidfd)
{
	(void)pidfd;
	return world.process != PROCESS_HELD && world.process != PROCESS_RUNS;
}

int process_signal(const struct pidfd *pidfd, int signal, struct error *err)
{
	CHECK_INT(pidfd->fd, PROCESS_FD);
	if (process_ended(pidfd))
		return error_set(err, ESRCH, "gone");
	if (world.process == PROCESS_RUNS && signal == SIGKILL)
		CHECK(world.now_ms >= world.kill_from_ms);
	if (world.frozen)
		return 0; /* hull thaws it */
	if (signal == SIGKILL || (!world.ignores_stop && world.process == PROCESS_RUNS && percent(70)))
		end_process(128 + signal);
	return 0;
}

/* --- the end, and the disk --------------------------------------------------------------------------------
 */

void ending_take(int pidfd, struct store_exit *ret)
{
	CHECK_INT(pidfd, PROCESS_FD);
	CHECK_INT(world.process, PROCESS_ENDED);
	CHECK(!world.taken);
	world.taken = true;
	ret->code = world.code;
	ret->signal = world.code > 128 ? world.code - 128 : 0;
}

enum ending_foreign ending_take_foreign(int pidfd, struct store_exit *ret)
{
	(void)pidfd;
	if (percent(50))
		return ENDING_NOT_YET;
	if (percent(30))
		return ENDING_NEVER;
	ret->code = world.code;
	return ENDING_KNOWN;
}

int32_t ending_failure_code(const char *error)
{
	return error == NULL ? -1 : 127;
}

int ending_reserve(int dir, struct error *err)
{
	(void)dir;
	return maybe_fail(0, ENOSPC, err);
}

void ending_unreserve(const struct store *store, const char *id)
{
	(void)store;
	(void)id;
}

int ending_save(const struct store *store, const char *id, const struct store_exit *exit, struct error *err)
{
	(void)store;
	(void)id;
	CHECK(!world.recorded);                                      /* once */
	CHECK(world.process != PROCESS_RUNS || exit->error != NULL); /* what has ended */
	CHECK(world.drained);                                        /* its output first */
	if (world.disk_full > 0) {
		world.disk_full -= world.disk_full < DISK_FULL_FOR_EVER;
		return error_set(err, ENOSPC, "made up");
	}
	world.recorded = true;
	world.records++;
	world.record = *exit;
	if (keeper.ours && exit->error == NULL)
		CHECK_INT(exit->code, world.taken ? world.code : -1);
	if (percent(20))
		world.disk_full = (int)below(20);
	return 0;
}

bool ending_is_recorded(const struct store *store, const char *id, const struct store_run *run,
			struct store_exit *ret)
{
	(void)store;
	(void)id;
	(void)run;
	if (percent(60))
		return false;
	*ret = (struct store_exit){ .code = 3 };
	return true;
}

int store_directory(const struct store *store, const char *id, int *ret_fd, struct error *err)
{
	(void)store;
	(void)id;
	*ret_fd = -1;
	return maybe_fail(0, ENOENT, err);
}

static void begin_run(void)
{
	CHECK(!world.stopped); /* a stop is the last word */
	CHECK(!world.said_stopped);
	CHECK(world.runs == world.records || world.disk_full >= DISK_FULL_FOR_EVER);
	CHECK(world.now_ms >= world.again_from_ms);
	world.recorded = world.drained = false;
	world.runs++;
}

int store_run_save(const struct store *store, const char *id, const struct store_run *run, struct error *err)
{
	(void)store;
	(void)id;
	if (keeper.state == STATE_CREATING && run->container.pid == 0)
		begin_run();
	world.run_file = true;
	return maybe_fail(2, ENOSPC, err);
}

int store_run_sync(const struct store *store, const char *id, struct error *err)
{
	(void)store;
	(void)id;
	return maybe_fail(2, EIO, err);
}

int store_run_load(const struct store *store, const char *id, struct store_run *ret, struct error *err)
{
	(void)store;
	(void)id;
	*ret = (struct store_run){ 0 };
	if (!world.run_file)
		return error_set(err, ENOENT, "none");
	/* hull-shim may have been killed before it had the number of what hull has just made. */
	ret->container.pid = world.process == PROCESS_RUNS || percent(80) ? CONTAINER_PID : 0;
	ret->started_ns = ret->container.pid != 0 && world.process != PROCESS_HELD;
	return 0;
}

/* What says that a run goes on goes last. */
int store_run_drop(const struct store *store, const char *id, struct error *err)
{
	(void)store;
	(void)id;
	CHECK(world.recorded || world.disk_full >= DISK_FULL_FOR_EVER);
	world.run_file = false;
	return maybe_fail(2, EIO, err);
}

int store_is_wanted_stopped(const struct store *store, const char *id, bool *ret, struct error *err)
{
	(void)store;
	(void)id;
	*ret = world.wanted_stopped;
	return maybe_fail(0, EIO, err);
}

/* --- who is told ------------------------------------------------------------------------------------------
 */

int clients_open(const struct loop *loop, int dir, const struct clients_calls *calls, struct error *err)
{
	(void)loop;
	(void)dir;
	world.clients = calls;
	return maybe_fail(0, EMFILE, err);
}

int clients_adopt(int fd, struct error *err)
{
	(void)fd;
	return maybe_fail(0, EMFILE, err);
}

void clients_send(uint32_t type, int32_t a, int32_t b, const char *bytes, size_t length, int32_t wants)
{
	(void)bytes;
	(void)length;
	(void)wants;
	CHECK(type == PROTOCOL_EXITED || type == PROTOCOL_ERROR);
	CHECK(world.recorded || world.disk_full >= DISK_FULL_FOR_EVER); /* the record first */
	CHECK(!world.told_last);
	if (world.recorded)
		CHECK_INT(type == PROTOCOL_EXITED ? a : world.record.code, world.record.code);
	if (type == PROTOCOL_EXITED && b == 0)
		world.told_last = true;
	if (type == PROTOCOL_EXITED && b != 0 && keeper.options->restart_delay_ms < 0)
		world.again_from_ms = world.now_ms + RESTART_FIRST_MS;
	world.told_ends += type == PROTOCOL_EXITED;
}

void clients_send_output(uint32_t type, const char *bytes, size_t length)
{
	(void)type;
	(void)bytes;
	(void)length;
	CHECK(!world.recorded); /* no output after the end */
}

bool clients_have_room(void)
{
	return percent(80);
}

void clients_input_free(void)
{
}

void clients_close(int dir)
{
	(void)dir;
}

int notify_open(struct error *err)
{
	return maybe_fail(0, EMFILE, err);
}

void notify_say(const char *lines)
{
	(void)lines;
}

int64_t notify_watchdog_ms(void)
{
	return 0;
}

bool notify_relay(int fd)
{
	(void)fd;
	return true;
}

int signals_open(const struct loop *loop, void (*got)(int signal), struct error *err)
{
	(void)loop;
	world.got_signal = got;
	return maybe_fail(0, EMFILE, err);
}

/* --- streams, log, memory ----------------------------------------------------------------------------------
 */

void streams_init(const struct loop *loop, const struct streams_calls *calls)
{
	(void)loop;
	world.streams = calls;
}

int streams_prepare(bool terminal, bool open_input, int ret_fds[3], struct error *err)
{
	(void)terminal;
	(void)open_input;
	ret_fds[0] = ret_fds[1] = ret_fds[2] = -1;
	return maybe_fail(1, EMFILE, err);
}

int streams_take_terminal(int master, struct error *err)
{
	CHECK_INT(master, MASTER_FD);
	return maybe_fail(1, EMFILE, err);
}

int streams_release(struct error *err)
{
	return maybe_fail(0, EMFILE, err);
}

bool streams_drain(bool all)
{
	(void)all;
	world.drained = true;
	if (world.leaks || percent(30))
		world.streams->wrote(1, "x", 1);
	return !world.leaks && percent(70);
}

void streams_take_message(char *ret, size_t room)
{
	(void)snprintf(ret, room, "%s", percent(50) ? "made up" : "");
}

size_t streams_input_room(void)
{
	return STREAMS_INPUT_BYTES;
}

void streams_put_input(const char *bytes, size_t length)
{
	(void)bytes;
	(void)length;
}

void streams_close_input(void)
{
}

void streams_resize(uint16_t rows, uint16_t columns)
{
	(void)rows;
	(void)columns;
}

void streams_resume(void)
{
}

void streams_close(void)
{
}

int terminal_listen(int dir, int *ret_fd, struct error *err)
{
	(void)dir;
	*ret_fd = -1;
	return maybe_fail(1, EMFILE, err);
}

int terminal_receive(int *listener, int *ret_master, struct error *err)
{
	(void)listener;
	*ret_master = MASTER_FD;
	return maybe_fail(1, EMFILE, err);
}

int log_open(int dir, const struct store_container *container, struct error *err)
{
	(void)dir;
	(void)container;
	world.logging = true;
	return maybe_fail(0, ENOSPC, err);
}

void log_write(int stream, const char *bytes, size_t length)
{
	(void)stream;
	(void)bytes;
	(void)length;
	CHECK(world.logging && !world.recorded);
}

void log_end(void)
{
}

void log_close(void)
{
	world.logging = false;
}

int oom_open(pid_t pid, struct oom *ret, struct error *err)
{
	(void)pid;
	*ret = OOM_NONE;
	return maybe_fail(10, ENOENT, err);
}

bool oom_seen(const struct oom *oom)
{
	(void)oom;
	return percent(5);
}

void oom_close(struct oom *oom)
{
	(void)oom;
}

/* --- a life
 * ------------------------------------------------------------------------------------------------- */

static int directory = -1;

/* One line at most, and an error not before its record. */
static void check_ready(void)
{
	char line[512] = "";
	ssize_t got = pread(world.ready_fd, line, sizeof(line) - 1, 0);

	CHECK(got >= 0);
	if (got > 0) {
		CHECK(strncmp(line, "running ", 8) == 0 || strncmp(line, "error ", 6) == 0);
		CHECK(strchr(line, '\n') == line + got - 1);
	}
}

static void live(uint64_t seed)
{
	struct store_container container = {
		.name = "made-up",
		.stop_signal = SIGTERM,
		.stop_timeout_s = 10,
		.terminal = (seed >> 3) % 4 == 0,
		.restart = (enum store_restart)(seed % RESTART_COUNT),
		.restart_max = (uint32_t)(seed >> 5) % 3,
	};
	struct keeper_options options = {
		.id = "id",
		.container = &container,
		.run_directory = directory,
		.client_fd = -1,
		.notify_fd = -1,
		.restart_delay_ms = seed % 2 == 0 ? -1 : 0,
		.adopt = (seed >> 8) % 5 == 0,
	};
	struct store_exit ending;
	struct error err = { 0 };

	state_of_chance = seed;
	keeper_inside = (struct keeper_inside){ 0 };
	world = (struct world){
		.seed = seed,
		.now_ms = 1000,
		.kill_from_ms = INT64_MAX,
		.wall_ns = 1700000000000000000,
		.leaks = percent(10),
		.disk_full = percent(90)   ? 0
			     : percent(50) ? (int)below(25)
					   : DISK_FULL_FOR_EVER,
		.wanted_stopped = percent(5),
		.run_file = options.adopt || percent(10),
		.ready_fd = memfd_create("ready", MFD_CLOEXEC),
	};
	if (options.adopt) {
		world.process = (enum process_state)below(PROCESS_ENDED + 1);
		world.runs = 1;
	}
	options.ready_fd = fcntl(world.ready_fd, F_DUPFD_CLOEXEC, 0);
	int result = keeper_run(&options, &ending, &err);

	if (result < 0) { /* only before anything was started */
		CHECK_STR(world.runs == 0 && !options.adopt ? "" : err.text, "");
		(void)close(options.ready_fd);
	} else {
		CHECK_INT(keeper.state, STATE_STOPPED);
		CHECK(world.told_last);
		CHECK(!world.run_file);
		CHECK(!world.logging);
		CHECK(!child_runs(&keeper.child));
		/* One that was stopped before its first run has a record all the same. */
		CHECK(world.disk_full >= DISK_FULL_FOR_EVER ||
		      world.records == (world.runs == 0 ? 1 : world.runs));
		CHECK(world.told_ends >= world.runs);
		if (world.recorded)
			CHECK_INT(ending.code, world.record.code);
		if (!world.delete_failed)
			CHECK(world.process == PROCESS_NONE || world.process == PROCESS_ENDED);
	}
	check_ready();
	(void)close(world.ready_fd);
}

static void test_lives(void)
{
	char path[] = "/tmp/hull-unit.XXXXXX";
	const char *given = getenv("SEED"), *number = getenv("LIVES");
	uint64_t seed;
	int lives = number != NULL ? atoi(number) : 8000, steps = 0, ends = 0;
	int errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(mkdtemp(path) != NULL);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (given != NULL)
		seed = strtoull(given, NULL, 10);
	else
		CHECK_INT(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	printf("# SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	dup2(null, STDERR_FILENO); /* the keeper complains of what is made up */
	for (int i = 0; i < lives && check_failures == 0; i++, seed++) {
		live(seed);
		steps += world.steps;
		ends += world.told_ends;
		if (check_failures > 0)
			printf("# SEED=%llu LIVES=1 repeats it\n", (unsigned long long)seed);
	}
	dup2(errors, STDERR_FILENO);
	printf("# %d lives, %d ends, %d steps\n", lives, ends, steps);
	(void)unlinkat(directory, HULL_PID_FILE, 0); /* the last life may have left none */
	(void)close(directory);
	(void)close(errors);
	(void)close(null);
	CHECK_INT(rmdir(path), 0);
}

static const struct test tests[] = {
	{ "lives in which anything happens at any time", test_lives },
};
TEST_MAIN(tests)
