/*
 * exec: one more process in a running container, through a joiner that enters its namespaces with
 * one call and clones the process into its cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "runtime/container/brief.h"
#include "runtime/container/create.h"
#include "runtime/container/files.h"
#include "runtime/container/foreground.h"
#include "runtime/container/plan.h"
#include "runtime/container/start.h"
#include "runtime/container/steps.h"
#include "runtime/container/sync.h"

#include "base/banned.h"

#define PROCESS_MAX_BYTES ((size_t)16 << 20)

/* An exec in the making. */
struct execution {
	const struct exec_options *options;
	struct opened opened;
	struct pidfd target;
	struct spec *spec;
	struct process_filter filter; /* of the container's profile, when it is not in spec */
	struct arena arena;
	const struct spec_process *process;
	struct spec_process made; /* where the command line says what to do */
	struct spec_capabilities capabilities;
	struct plan_builder builder;
	struct cgroup_paths cgroup_paths;
	struct cgroup *cgroup;
	int console_socket;
	int root; /* -1: its mount namespace has it */
	struct launch launch;
};

/* --- what to run ------------------------------------------------------------------------------------ */

static int read_process_file(struct execution *execution, struct error *err)
{
	const char *path = execution->options->process_file;
	autotext struct text bytes = TEXT_EMPTY;
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	/* Opened without waiting for a writer, read with: a shell's <(…) may be slow. */
	if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	int result = fd_read_all(fd, PROCESS_MAX_BYTES, path, &bytes, err);
	if (result == 0)
		result = spec_parse_process(path, bytes.data, bytes.length, &execution->arena,
					    &execution->process, err);
	if (result < 0)
		return result;
	/* What it does not say is inherited from the container's document. */
	execution->made = *execution->process;
	if (execution->made.capabilities == NULL && execution->spec->process != NULL)
		execution->made.capabilities = execution->spec->process->capabilities;
	execution->process = &execution->made;
	return 0;
}

/* @a followed by @b, in the arena. */
static int join_strings(struct arena *arena, const struct strings *a, const struct strings *b,
			struct strings *ret, struct error *err)
{
	const char **items = arena_alloc(arena, sizeof(*items) * (a->count + b->count + 1));

	if (items == NULL)
		return error_set(err, ENOMEM, "exec");
	for (size_t i = 0; i < a->count; i++)
		items[i] = a->items[i];
	for (size_t i = 0; i < b->count; i++)
		items[a->count + i] = b->items[i];
	*ret = (struct strings){ a->count + b->count, items };
	return 0;
}

/* "UID[:GID]", exactly: a half-read number must never become root (CVE-2026-30892). */
static int parse_user(const char *text, struct spec_user *user, struct error *err)
{
	autofree char *copy = strdup(text);
	uint64_t uid, gid = 0;

	if (copy == NULL)
		return error_set(err, ENOMEM, "user");
	char *colon = strchr(copy, ':');
	if (colon != NULL)
		*colon = '\0';
	int result = number_parse_u64(copy, UINT32_MAX - 1, &uid, err);
	if (result < 0)
		return error_add(err, "bad uid");
	if (colon != NULL) {
		result = number_parse_u64(colon + 1, UINT32_MAX - 1, &gid, err);
		if (result < 0)
			return error_add(err, "bad gid");
		user->gid = (uint32_t)gid;
	}
	user->uid = (uint32_t)uid;
	return 0;
}

/* --cap: bounding, effective, permitted; ambient only where the document has an inheritable list, and
 * never inheritable (CVE-2022-29162). */
static int add_capabilities(struct execution *execution, struct error *err)
{
	const struct exec_options *options = execution->options;
	struct spec_capabilities *sets = &execution->capabilities;

	if (execution->made.capabilities != NULL)
		*sets = *execution->made.capabilities;
	for (int i = 0; i < CAPSET_COUNT; i++) {
		bool wanted = i == CAPSET_BOUNDING || i == CAPSET_EFFECTIVE || i == CAPSET_PERMITTED ||
			      (i == CAPSET_AMBIENT && sets->sets[CAPSET_INHERITABLE].count > 0);
		int result = !wanted ? 0
				     : join_strings(&execution->arena, &sets->sets[i], &options->capabilities,
						    &sets->sets[i], err);

		if (result < 0)
			return result;
	}
	execution->made.capabilities = sets;
	return 0;
}

static int make_process(struct execution *execution, struct error *err)
{
	const struct exec_options *options = execution->options;
	struct spec_process *made = &execution->made;
	int result = 0;

	if (options->args.count == 0)
		return error_set(err, 0, "exec args cannot be empty");
	if (execution->spec->process == NULL)
		return error_set(err, 0, "process property must not be empty");
	*made = *execution->spec->process;
	made->args = options->args;
	made->terminal = options->tty;
	if (!options->tty)
		made->console_size = NULL;
	made->oom_score_adj.set = false;
	if (options->cwd != NULL)
		made->cwd = options->cwd;
	if (options->no_new_privs)
		made->no_new_privileges = true;
	if (options->apparmor != NULL && options->apparmor[0] != '\0')
		made->apparmor_profile = options->apparmor;
	if (options->process_label != NULL && options->process_label[0] != '\0')
		return error_set(err, 0, "--process-label is not supported yet");
	if (options->user != NULL)
		result = parse_user(options->user, &made->user, err);
	if (result == 0 && options->additional_gid_count > 0) {
		made->user.additional_gids = options->additional_gids;
		made->user.additional_gid_count = options->additional_gid_count;
	}
	if (result == 0 && options->env.count > 0)
		result = join_strings(&execution->arena, &execution->spec->process->env, &options->env,
				      &made->env, err);
	if (result == 0 && options->capabilities.count > 0)
		result = add_capabilities(execution, err);
	execution->process = made;
	return result;
}

static int check_process(const struct execution *execution, const struct container_context *context,
			 struct error *err)
{
	const struct exec_options *options = execution->options;
	bool terminal = execution->process->terminal;

	if (execution->process->cwd == NULL || execution->process->cwd[0] != '/')
		return error_set(err, 0, "Cwd must be an absolute path");
	if (terminal && options->detach && options->console_socket == NULL)
		return error_set(err, 0,
				 "cannot allocate tty if %s will detach without setting console socket",
				 context->runtime_name);
	if (!terminal && options->console_socket != NULL)
		return error_set(err, 0, "cannot use console socket if %s will not detach or allocate tty",
				 context->runtime_name);
	return 0;
}

/* --- where to run --------------------------------------------------------------------------------- */

static bool list_has(const char *list, const char *name, size_t length)
{
	while (*list != '\0') {
		size_t part = strcspn(list, ",");

		if (part == length && strncmp(list, name, length) == 0)
			return true;
		list += part + (list[part] == ',');
	}
	return false;
}

/* --cgroup [CONTROLLER[,CONTROLLER]:]PATH: below the container's own cgroup. */
static int choose_cgroup(struct cgroup_paths *paths, const char *argument, struct error *err)
{
	const char *colon = strchr(argument, ':'), *sub = colon == NULL ? argument : colon + 1;

	if (strstr(sub, "..") != NULL)
		return error_set(err, 0, "bad sub cgroup path: %s", sub);
	for (size_t i = 0; i < paths->count; i++) {
		struct cgroup_hierarchy *item = &paths->items[i];
		bool chosen = colon == NULL;
		char *path;

		for (const char *name = argument; colon != NULL && !chosen && name < colon;) {
			size_t length = strcspn(name, ",:");

			chosen = list_has(item->controllers, name, length);
			name += length + 1;
		}
		if (!chosen)
			continue;
		if (asprintf(&path, "%s/%s", item->path, sub[0] == '/' ? sub + 1 : sub) < 0)
			return error_set(err, ENOMEM, "cgroup path");
		free(item->path);
		item->path = path;
		if (colon != NULL)
			return 0;
	}
	if (colon != NULL)
		return error_set(err, 0, "unknown controller %.*s in SubCgroupPaths", (int)(colon - argument),
				 argument);
	return 0;
}

static int open_cgroup(struct execution *execution, struct error *err)
{
	const struct strings *choices = &execution->options->cgroups;
	autotext struct text copy = TEXT_EMPTY;
	int result;

	if (choices->count == 0) {
		result = cgroup_open(&execution->opened.state.cgroups, &execution->cgroup, err);
		return result < 0 ? result
				  : cgroup_follow(execution->cgroup, execution->opened.state.init.pid, err);
	}
	cgroup_paths_format(&execution->opened.state.cgroups, &copy);
	result = text_done(&copy, err);
	if (result == 0)
		result = cgroup_paths_parse(copy.data, &execution->cgroup_paths, err);
	for (size_t i = 0; i < choices->count && result == 0; i++)
		result = choose_cgroup(&execution->cgroup_paths, choices->items[i], err);
	if (result == 0)
		result = cgroup_open(&execution->cgroup_paths, &execution->cgroup, err);
	return result;
}

static int find_container(struct execution *execution, const struct container_context *context,
			  struct error *err)
{
	enum container_status status;
	int result = state_open(context, execution->options->id, &execution->opened, err);

	if (result == 0)
		result = state_status(execution->opened.dir, &execution->opened.state, &status,
				      &execution->target, err);
	if (result < 0)
		return result;
	if (status == STATUS_STOPPED || execution->target.fd < 0)
		return error_set(err, 0, "cannot exec in a stopped container");
	if (status == STATUS_PAUSED && !execution->options->ignore_paused)
		return error_set(err, 0,
				 "cannot exec in a paused container (use --ignore-paused to override)");
	return brief_load(execution->opened.dir, &execution->spec, &execution->filter, err);
}

/* --- doing it ------------------------------------------------------------------------------------------ */

/* Without a mount namespace the container's root is a directory of ours: entered as at create. */
static int open_root(struct execution *execution, struct error *err)
{
	const struct state *state = &execution->opened.state;

	if ((state->namespaces & CLONE_NEWNS) != 0)
		return 0;
	execution->root = open(state->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (execution->root < 0)
		return error_set(err, errno, "rootfs \"%s\"", state->rootfs);
	execution->builder.head.fds.root = execution->root;
	return 0;
}

static int make_plan(struct execution *execution, const struct container_context *context, struct error *err)
{
	const struct exec_options *options = execution->options;
	autotext struct text warnings = TEXT_EMPTY;
	autoclose int root = -1;
	struct plan_exec_request request = { .spec = execution->spec,
					     .process = execution->process,
					     .id = options->id,
					     .namespaces = execution->opened.state.namespaces,
					     .keyring =
						     (execution->opened.state.flags & STATE_KEYRING) != 0 };
	int result = state_open_root(context, false, &root, err);

	request.extra.cache_dir = root;
	request.extra.filter = &execution->filter;
	request.extra.preserve_fds = options->preserve_fds;
	if (result == 0)
		result = files_count(options->preserve_fds, &request.extra, err);
	build_init(&execution->builder);
	if (result == 0)
		result = plan_make_exec(&request, &execution->builder, &warnings, err);
	if (result == 0)
		steps_log_warnings(context, &warnings);
	if (result == 0 && options->console_socket != NULL)
		result = files_connect(options->console_socket, &execution->console_socket, err);
	if (result == 0)
		result = open_cgroup(execution, err);
	if (result == 0)
		result = open_root(execution, err);
	if (result < 0)
		return result;
	execution->builder.head.fds.target = execution->target.fd;
	execution->builder.head.fds.console_socket = execution->console_socket;
	if (execution->cgroup != NULL)
		execution->builder.head.fds.cgroup = cgroup_birth_fd(execution->cgroup);
	return launch_prepare(&execution->launch, &execution->builder, execution->cgroup, err);
}

static int send_pidfd(struct execution *execution, struct error *err)
{
	autoclose int fd = -1;

	if (execution->options->pidfd_socket == NULL)
		return 0;
	int result = files_connect(execution->options->pidfd_socket, &fd, err);
	return result < 0 ? result : fd_send(fd, "setns", 5, &execution->launch.pidfd.fd, 1, err);
}

static int spawn(struct execution *execution, struct error *err)
{
	const struct plan *plan = (const struct plan *)(const void *)execution->builder.block.data;
	int result = launch_spawn(&execution->launch, plan, execution->cgroup, err);

	if (result == 0)
		result = launch_go(&execution->launch, plan, err);
	if (result == 0)
		result = start_follow(execution->launch.sync, err);
	if (result < 0)
		ignore_failure(error_add(err, "unable to start container process")); /* runc's words */
	if (result == 0)
		result = send_pidfd(execution, err);
	if (result == 0 && execution->options->pid_file != NULL)
		result = files_write_pid(execution->options->pid_file, execution->launch.pid, err);
	if (result < 0)
		launch_kill(&execution->launch);
	return result;
}

static int execute(struct execution *execution, const struct container_context *context, int *ret_status,
		   struct error *err)
{
	const struct exec_options *options = execution->options;
	struct foreground foreground = FOREGROUND_EMPTY;
	int result = find_container(execution, context, err);

	if (result == 0)
		result = options->process_file != NULL ? read_process_file(execution, err)
						       : make_process(execution, err);
	if (result == 0)
		result = check_process(execution, context, err);
	if (result == 0 && !options->detach) {
		result = foreground_prepare(&foreground, err);
		if (result == 0 && options->console_socket == NULL)
			execution->console_socket = take_fd(&foreground.console_theirs);
	}
	if (result == 0)
		result = make_plan(execution, context, err);
	if (result == 0)
		result = spawn(execution, err);
	if (result == 0 && !options->detach && execution->process->terminal &&
	    options->console_socket == NULL) {
		result = foreground_take_terminal(&foreground, err);
		if (result < 0)
			launch_kill(&execution->launch);
	}
	if (result == 0 && options->detach)
		*ret_status = 0;
	else if (result == 0)
		result = foreground_wait(&foreground, execution->launch.pid, &execution->launch.pidfd,
					 ret_status, err);
	foreground_release(&foreground);
	return result;
}

int container_exec(const struct container_context *context, const struct exec_options *options,
		   int *ret_status, struct error *err)
{
	struct execution execution = { .options = options,
				       .opened = OPENED_EMPTY,
				       .target = { -1 },
				       .console_socket = -1,
				       .root = -1,
				       .launch = LAUNCH_EMPTY };

	arena_init(&execution.arena, 0);
	int result = execute(&execution, context, ret_status, err);
	launch_release(&execution.launch);
	cleanup_close(&execution.console_socket);
	cleanup_close(&execution.root);
	cleanup_close(&execution.target.fd);
	cgroup_free(execution.cgroup);
	cgroup_paths_release(&execution.cgroup_paths);
	build_release(&execution.builder);
	spec_free(execution.spec);
	free(execution.filter.instructions);
	opened_release(&execution.opened);
	arena_release(&execution.arena);
	return result;
}
