/*
 * create: from a bundle to a process that waits at the gate. The table below is the order; the
 * other half is runtime/init/steps.c. This process stays on the host throughout.
 */
#include "runtime/container/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/path.h"
#include "runtime/container/notify.h"
#include "runtime/container/plan.h"
#include "runtime/container/steps.h"
#include "runtime/container/sync.h"
#include "runtime/linux/namespaces.h"
#include "runtime/linux/sources.h"

#include "base/banned.h"

#define CGROUP_REMOVE_MS 2000

/* --- reading and deciding: nothing outside changes -------------------------------------------------- */

int creation_count_fds(unsigned preserve_fds, struct process_extra *ret, struct error *err)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t for_whom, listen_fds;
	struct error ignored;

	if (pid != NULL && count != NULL && number_parse_u64(pid, INT32_MAX, &for_whom, &ignored) == 0 &&
	    (pid_t)for_whom == getpid() && number_parse_u64(count, 1024, &listen_fds, &ignored) == 0) {
		ret->listen_fds = (unsigned)listen_fds;
		ret->listen_fdnames = getenv("LISTEN_FDNAMES");
	}
	ret->preserve_fds = preserve_fds + ret->listen_fds;
	if (ret->preserve_fds > fd_inherited())
		return error_set(err, 0, "unable to stat preserved-fd %u (of %u): %s", 3 + fd_inherited(),
				 ret->preserve_fds, "bad file descriptor");
	return 0;
}

static int read_bundle(void *data, struct error *err)
{
	struct creation *creation = data;
	autotext struct text bundle = TEXT_EMPTY;
	int result = path_absolute(creation->options->bundle, &bundle, err);

	if (result < 0)
		return result;
	creation->bundle = take_ptr(&bundle.data);
	autoclose int dir = open(creation->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "bundle \"%s\"", creation->bundle);
	return spec_load(dir, &creation->spec, &creation->document, &creation->document_length, err);
}

/*
 * The time now as RFC 3339 with nanoseconds, UTC. Counted here: gmtime_r reads the time zone's files
 * first. Years begin in March, so that the leap day is their last (a proleptic Gregorian calendar).
 */
static int format_now(char **ret, struct error *err)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
	long days = now.tv_sec / 86400 + 719468, seconds = now.tv_sec % 86400; /* days since 0000-03-01 */
	long era = days / 146097, day_of_era = days % 146097;
	long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	long month = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * month + 2) / 5 + 1;
	long year = year_of_era + era * 400 + (month >= 10);

	if (asprintf(ret, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%09ldZ", year, month < 10 ? month + 3 : month - 9, day,
		     seconds / 3600, seconds / 60 % 60, seconds % 60, now.tv_nsec) < 0) {
		*ret = NULL;
		return error_set(err, ENOMEM, "format the time");
	}
	return 0;
}

static int format_annotations(const struct spec_kvs *annotations, char **ret, struct error *err)
{
	autotext struct text json = TEXT_EMPTY;

	for (size_t i = 0; i < annotations->count; i++) {
		text_append(&json, i == 0 ? "{" : ",");
		text_append_json(&json, annotations->items[i].key);
		text_append(&json, ":");
		text_append_json(&json, annotations->items[i].value);
	}
	text_append(&json, annotations->count > 0 ? "}" : "");
	int result = text_done(&json, err);
	if (result == 0)
		*ret = take_ptr(&json.data);
	return result;
}

/* What later commands need to know without reading any JSON. */
static int decide_state(struct creation *creation, struct error *err)
{
	const struct spec *spec = creation->spec;
	struct state *state = &creation->state;
	const char *path = spec->root->path;

	state->namespaces = namespaces_of(spec);
	if (!spec->linux->namespaces.listed[NS_PID] || spec->linux->namespaces.path[NS_PID] != NULL)
		state->flags |= STATE_SHARED_PID;
	if (spec->hooks.kinds[HOOK_POSTSTART].count > 0)
		state->flags |= STATE_POSTSTART;
	if (spec->hooks.kinds[HOOK_POSTSTOP].count > 0)
		state->flags |= STATE_POSTSTOP;
	if (spec->process == NULL)
		state->flags |= STATE_NO_PROCESS;
	if (!creation->options->no_new_keyring)
		state->flags |= STATE_KEYRING;
	state->bundle = strdup(creation->bundle);
	if (state->bundle == NULL ||
	    asprintf(&state->rootfs, "%s%s%s", path[0] == '/' ? "" : creation->bundle, path[0] == '/' ? "" : "/", path) < 0) {
		state->rootfs = NULL;
		return error_set(err, ENOMEM, "state");
	}
	int result = format_now(&state->created, err);
	if (result == 0)
		result = format_annotations(&spec->annotations, &state->annotations, err);
	if (result == 0)
		result = cgroup_paths_make(spec->linux->cgroups_path, creation->options->id, &state->cgroups, err);
	return result;
}

static int check_terminal(const struct creation *creation, struct error *err)
{
	bool terminal = creation->spec->process != NULL && creation->spec->process->terminal;

	if (terminal && creation->console_socket < 0 && creation->options->console_socket == NULL)
		return error_set(err, 0, "cannot allocate tty if %s will detach without setting console socket",
				 creation->context->runtime_name);
	if (!terminal && creation->options->console_socket != NULL)
		return error_set(err, 0, "cannot use console socket if %s will not detach or allocate tty",
				 creation->context->runtime_name);
	return 0;
}

static int decide(void *data, struct error *err)
{
	struct creation *creation = data;
	const struct create_options *options = creation->options;
	autotext struct text warnings = TEXT_EMPTY;
	struct plan_request request = { .spec = creation->spec,
					.id = options->id,
					.bundle = creation->bundle,
					.cgroups = &creation->state.cgroups,
					.state = &creation->hooks_state,
					.no_pivot = options->no_pivot,
					.no_new_keyring = options->no_new_keyring };
	int result = check_terminal(creation, err);

	for (size_t i = 0; i < creation->spec->warnings.count; i++)
		steps_log(creation->context, LOG_WARNING, "%s", creation->spec->warnings.items[i]);
	if (result == 0)
		result = decide_state(creation, err);
	if (result == 0)
		result = hooks_state_make(options->id, creation->bundle, &creation->spec->annotations,
					  &creation->hooks_state, err);
	if (result == 0)
		result = creation_count_fds(options->preserve_fds, &request.extra, err);
	request.extra.cache_dir = creation->root;
	const char *notify = notify_wanted(creation->spec);
	autofree char *notify_directory = NULL;
	if (result == 0 && notify != NULL) {
		creation->state.flags |= STATE_NOTIFY;
		request.extra.notify_socket = NOTIFY_CONTAINER_SOCKET;
		if (asprintf(&notify_directory, "%s/%s/" NOTIFY_DIRECTORY, creation->context->root, options->id) < 0) {
			notify_directory = NULL;
			result = error_set(err, ENOMEM, "NOTIFY_SOCKET");
		}
		request.notify_directory = notify_directory;
	}
	if (result == 0)
		result = plan_make(&request, &creation->builder, &warnings, err);
	if (result == 0)
		steps_log_warnings(creation->context, &warnings);
	return result;
}

static int open_host_files(void *data, struct error *err)
{
	struct creation *creation = data;
	struct stat st;

	if (stat(creation->state.rootfs, &st) < 0)
		return error_set(err, errno, "rootfs \"%s\"", creation->state.rootfs);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "rootfs \"%s\"", creation->state.rootfs);
	return namespaces_open(creation->spec, &creation->builder.head.fds, err);
}

static int open_sources(void *data, struct error *err)
{
	struct creation *creation = data;

	return sources_open(&creation->builder, err);
}

int creation_connect(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int place = open(path, O_PATH | O_CLOEXEC);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (place < 0)
		return error_set(err, errno, "socket \"%s\"", path);
	if (fd < 0)
		return error_set(err, errno, "socket");
	/* A path may be longer than the 108 bytes of sun_path. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", place);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, errno, "connect to socket \"%s\"", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int connect_console(void *data, struct error *err)
{
	struct creation *creation = data;

	if (creation->options->console_socket != NULL) {
		int result = creation_connect(creation->options->console_socket, &creation->console_socket, err);

		if (result < 0)
			return error_add(err, "console socket");
	}
	creation->builder.head.fds.console_socket = creation->console_socket;
	return 0;
}

/* --- making: every step has its undo ------------------------------------------------------------------ */

static int open_state_root(void *data, struct error *err)
{
	struct creation *creation = data;

	return state_open_root(creation->context, true, &creation->root, err);
}

static void drop_state_directory(void *data)
{
	struct creation *creation = data;
	struct error ignored;

	ignore_failure(state_drop(creation->root, creation->options->id, &ignored)); /* delete --force can */
}

static int claim_state_directory(void *data, struct error *err)
{
	struct creation *creation = data;
	int result = state_claim(creation->root, creation->options->id, &creation->dir, err);

	if (result < 0)
		return result;
	result = state_lock(creation->dir, &creation->lock, err);
	if (result == 0)
		result = state_save(creation->dir, &creation->state, err);
	if (result == 0) {
		autoclose int fd = openat(creation->dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

		result = fd < 0 ? error_set(err, errno, "write config.json") :
				  fd_write_all(fd, creation->document, creation->document_length, "config.json", err);
	}
	if (result == 0 && (creation->state.flags & STATE_NOTIFY) != 0)
		result = notify_make_directory(creation->dir, err);
	if (result == 0)
		result = state_lock_init(creation->dir, &creation->init_lock, err);
	if (result < 0)
		drop_state_directory(creation);
	else
		creation->builder.head.fds.lock = creation->init_lock;
	return result;
}

static int make_gate(void *data, struct error *err)
{
	struct creation *creation = data;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!creation->gate)
		return 0;
	creation->gate_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (creation->gate_fd < 0)
		return error_set(err, errno, "socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/gate", creation->dir);
	if (bind(creation->gate_fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(creation->gate_fd, 1) < 0)
		return error_set(err, errno, "make the gate");
	creation->builder.head.fds.gate = creation->gate_fd;
	return 0;
}

static void remove_cgroup(void *data)
{
	struct creation *creation = data;
	struct error ignored;

	ignore_failure(cgroup_remove(&creation->state.cgroups, CGROUP_REMOVE_MS, &ignored)); /* delete --force can */
}

static int create_cgroup(void *data, struct error *err)
{
	struct creation *creation = data;
	const struct spec_resources *resources = creation->spec->linux->resources;
	autotext struct text warnings = TEXT_EMPTY;

	if (creation->state.cgroups.count == 0)
		return 0;
	int result = cgroup_create(&creation->state.cgroups, &creation->cgroup, err);
	if (result < 0)
		return result;
	if (resources != NULL)
		result = cgroup_set_devices(creation->cgroup, resources->device_rules, resources->device_rule_count, err);
	if (result == 0)
		result = cgroup_set(creation->cgroup, resources, CGROUP_EARLY, &warnings, err);
	if (result == 0)
		steps_log_warnings(creation->context, &warnings);
	else
		remove_cgroup(creation);
	return result;
}

static int seal_plan(void *data, struct error *err)
{
	struct creation *creation = data;
	struct plan *plan = &creation->builder.head;

	if (creation->cgroup != NULL && (plan->flags & PLAN_JOINER) != 0)
		plan->fds.cgroup = cgroup_birth_fd(creation->cgroup); /* it is the joiner that clones */
	return launch_prepare(&creation->launch, &creation->builder, err);
}

static void kill_init(void *data)
{
	struct creation *creation = data;
	struct error ignored;

	launch_kill(&creation->launch);
	if (creation->cgroup != NULL) /* a hook of the container's may have left something */
		ignore_failure(cgroup_kill(creation->cgroup, &ignored));
}

static int start_init(void *data, struct error *err)
{
	struct creation *creation = data;
	const struct plan *plan = (const struct plan *)(const void *)creation->builder.block.data;
	int result = launch_spawn(&creation->launch, plan, creation->cgroup, err);

	if (result < 0)
		return result;
	/* hull-init alone holds these from here on: the lock says "created", the gate "refused". */
	(void)close(take_fd(&creation->init_lock));
	if (creation->gate_fd >= 0)
		(void)close(take_fd(&creation->gate_fd));
	result = launch_go(&creation->launch, plan, creation->cgroup, err);
	if (result == 0) /* while it works */
		result = process_identify(creation->launch.pid, &creation->launch.pidfd, &creation->state.init, err);
	if (result < 0)
		kill_init(creation);
	return result;
}

static int run_runtime_hooks(void *data, struct error *err)
{
	struct creation *creation = data;
	const struct spec_hook_list *kinds = creation->spec->hooks.kinds;

	if (kinds[HOOK_PRESTART].count + kinds[HOOK_CREATE_RUNTIME].count == 0)
		return 0;
	int result = sync_expect(creation->launch.sync, SYNC_MOUNTS_READY, NULL, err);
	for (int kind = HOOK_PRESTART; kind <= HOOK_CREATE_RUNTIME && result == 0; kind++)
		result = hooks_run(&kinds[kind], (enum spec_hook_kind)kind, &creation->hooks_state, "creating",
				   creation->launch.pid, creation->bundle, NULL, err);
	if (result == 0)
		result = sync_send(creation->launch.sync, SYNC_HOOKS_DONE, err);
	return result;
}

static int wait_created(void *data, struct error *err)
{
	struct creation *creation = data;
	int result = sync_expect(creation->launch.sync, SYNC_CREATED, NULL, err);

	if (result == -EPIPE && creation->cgroup != NULL && cgroup_oom_kills(creation->cgroup) > 0)
		result = error_set(err, 0, "container init was OOM-killed (memory limit too low?)");
	return result < 0 ? error_add(err, "unable to start container process") : 0;
}

static int set_final_limits(void *data, struct error *err)
{
	struct creation *creation = data;
	autotext struct text warnings = TEXT_EMPTY;

	if (creation->cgroup == NULL)
		return 0;
	int result = cgroup_set(creation->cgroup, creation->spec->linux->resources, CGROUP_FINAL, &warnings, err);
	if (result == 0)
		steps_log_warnings(creation->context, &warnings);
	return result;
}

int creation_write_pid_file(const char *path, pid_t pid, struct error *err)
{
	autofree char *directory = strdup(path);
	char number[16], temporary[300];

	if (directory == NULL)
		return error_set(err, ENOMEM, "pid file");
	char *slash = strrchr(directory, '/');
	const char *name = slash == NULL ? path : path + (slash - directory) + 1;
	if (slash != NULL)
		slash[slash == directory] = '\0';
	autoclose int dir = open(slash == NULL ? "." : directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "pid file \"%s\"", path);
	if ((size_t)snprintf(temporary, sizeof(temporary), ".%s", name) >= sizeof(temporary))
		return error_set(err, ENAMETOOLONG, "pid file \"%s\"", path);
	autoclose int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set(err, errno, "pid file \"%s\"", path);
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	int result = fd_write_all(fd, number, strlen(number), path, err);
	if (result == 0 && renameat(dir, temporary, dir, name) < 0)
		result = error_set(err, errno, "pid file \"%s\"", path);
	if (result < 0)
		(void)unlinkat(dir, temporary, 0); /* ours, and useless */
	return result;
}

/* A pidfd of the container's process to who asked for one (runc's protocol: the text names the kind). */
static int send_pidfd(struct creation *creation, struct error *err)
{
	autoclose int fd = -1;

	if (creation->options->pidfd_socket == NULL)
		return 0;
	int result = creation_connect(creation->options->pidfd_socket, &fd, err);
	if (result == 0)
		result = fd_send(fd, "standard", 8, &creation->launch.pidfd.fd, 1, err);
	return result < 0 ? error_add(err, "pidfd socket") : 0;
}

static int publish_state(void *data, struct error *err)
{
	struct creation *creation = data;
	int result = send_pidfd(creation, err);

	creation->state.flags |= STATE_PUBLISHED;
	if (result == 0)
		result = state_save(creation->dir, &creation->state, err);
	if (result == 0 && creation->options->pid_file != NULL)
		result = creation_write_pid_file(creation->options->pid_file, creation->launch.pid, err);
	return result;
}

/* Where the runtime hooks begin: from there on a failure ends with poststop hooks. */
#define FIRST_HOOK_STEP run_runtime_hooks

static const struct step create_steps[] = {
	{ "read bundle", read_bundle, NULL },
	{ "open state root", open_state_root, NULL },
	{ "decide", decide, NULL },
	{ "open host files", open_host_files, NULL },
	{ "connect console socket", connect_console, NULL },
	{ "claim state directory", claim_state_directory, drop_state_directory },
	{ "open mount sources", open_sources, NULL },
	{ "make gate", make_gate, NULL },
	{ "create cgroup", create_cgroup, remove_cgroup },
	{ "seal plan", seal_plan, NULL },
	{ "start init", start_init, kill_init },
	{ "runtime hooks", run_runtime_hooks, NULL },
	{ "wait until created", wait_created, NULL },
	{ "final limits", set_final_limits, NULL },
	{ "publish state", publish_state, NULL },
};

int creation_run(struct creation *creation, struct error *err)
{
	autotext struct text warnings = TEXT_EMPTY;
	struct error ignored;
	size_t done;

	build_init(&creation->builder);
	int result = steps_run(creation->context, create_steps, ARRAY_LEN(create_steps), creation, &done, err);
	if (result == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(create_steps); i++)
		if (create_steps[i].run == FIRST_HOOK_STEP && done >= i)
			ignore_failure(hooks_run(&creation->spec->hooks.kinds[HOOK_POSTSTOP], HOOK_POSTSTOP,
						 &creation->hooks_state, "stopped", 0, creation->bundle, &warnings,
						 &ignored)); /* each failure is in the warnings */
	steps_log_warnings(creation->context, &warnings);
	return result;
}

void creation_release(struct creation *creation)
{
	const int fds[] = { creation->console_socket, creation->root, creation->dir, creation->lock,
			    creation->gate_fd, creation->init_lock };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		cleanup_close(&fds[i]);
	struct plan_fds *opened = &creation->builder.head.fds;
	if (creation->builder.head.magic == PLAN_MAGIC) { /* else nothing was opened yet */
		for (int i = 0; i < PLAN_NS_MAX; i++)
			cleanup_close(&opened->namespaces[i]);
		sources_close(opened);
	}
	launch_release(&creation->launch);
	cgroup_free(creation->cgroup);
	state_release(&creation->state);
	build_release(&creation->builder);
	hooks_state_release(&creation->hooks_state);
	spec_free(creation->spec);
	free(creation->document);
	free(creation->bundle);
	*creation = CREATION_EMPTY;
}

int container_create(const struct container_context *context, const struct create_options *options,
		     struct error *err)
{
	struct creation creation = CREATION_EMPTY;
	int result = container_check_id(options->id, err);

	if (result < 0)
		return result;
	creation.context = context;
	creation.options = options;
	creation.gate = true;
	result = creation_run(&creation, err);
	creation_release(&creation);
	return result;
}

int container_plan_print(const struct container_context *context, const struct create_options *options,
			 struct text *ret, struct error *err)
{
	struct creation creation = CREATION_EMPTY;
	autotext struct text warnings = TEXT_EMPTY;
	const struct plan *plan;

	creation.context = context;
	creation.options = options;
	build_init(&creation.builder);
	int result = read_bundle(&creation, err);
	if (result == 0)
		result = decide_state(&creation, err);
	if (result == 0)
		result = hooks_state_make(options->id, creation.bundle, &creation.spec->annotations,
					  &creation.hooks_state, err);
	if (result == 0) {
		struct plan_request request = { .spec = creation.spec,
						.id = options->id,
						.bundle = creation.bundle,
						.cgroups = &creation.state.cgroups,
						.state = &creation.hooks_state,
						.no_pivot = options->no_pivot,
						.no_new_keyring = options->no_new_keyring,
						.extra = { .preserve_fds = options->preserve_fds,
							   .cache_dir = -1,
							   .for_print = true } };

		result = plan_make(&request, &creation.builder, &warnings, err);
	}
	if (result == 0)
		result = build_finish(&creation.builder, &plan, err);
	if (result == 0) {
		print_plan(plan, ret);
		result = text_done(ret, err);
	}
	creation_release(&creation);
	return result;
}
