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
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/container/brief.h"
#include "runtime/container/decide.h"
#include "runtime/container/files.h"
#include "runtime/container/notify.h"
#include "runtime/container/owner.h"
#include "runtime/container/steps.h"
#include "runtime/container/sync.h"
#include "runtime/linux/layers.h"
#include "runtime/linux/namespaces.h"
#include "runtime/linux/sources.h"

#include "base/banned.h"

#define CGROUP_REMOVE_MS 2000

static int read_bundle(void *data, struct error *err)
{
	return decide_bundle(data, err);
}

static int decide(void *data, struct error *err)
{
	return decide_plan(data, err);
}

static int open_host_files(void *data, struct error *err)
{
	struct creation *creation = data;
	struct stat st;

	if (creation->has_rootfs) /* what lies at root.path is for other runtimes */
		return namespaces_open(creation->spec, &creation->builder.head.fds, err);
	if (stat(creation->state.rootfs, &st) < 0)
		return error_set(err, errno, "rootfs \"%s\"", creation->state.rootfs);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "rootfs \"%s\"", creation->state.rootfs);
	return namespaces_open(creation->spec, &creation->builder.head.fds, err);
}

static int open_sources(void *data, struct error *err)
{
	struct creation *creation = data;

	int result = creation->has_rootfs ? owner_claim(&creation->rootfs, &creation->layer_lock, err) : 0;

	if (result == 0)
		result = layers_open(&creation->builder, err);
	return result < 0 ? result : sources_open(&creation->builder, err);
}

static int connect_console(void *data, struct error *err)
{
	struct creation *creation = data;

	if (creation->options->console_socket != NULL) {
		int result = files_connect(creation->options->console_socket, &creation->console_socket, err);

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
		result = state_lock_init(creation->dir, &creation->init_lock, err);
	if (result == -ENOENT || result == -EEXIST)
		return result; /* delete --force was faster: what has the name now is another's */
	if (result == 0)
		result = state_save(creation->dir, &creation->state, err);
	if (result == 0 && (creation->state.flags & STATE_NOTIFY) != 0)
		result = notify_make_directory(creation->dir, err);
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

	if (creation->cgroup != NULL)
		cgroup_undo(creation->cgroup, CGROUP_REMOVE_MS);
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
		result = cgroup_set_devices(creation->cgroup, resources->device_rules,
					    resources->device_rule_count, err);
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
	return launch_prepare(&creation->launch, &creation->builder, creation->cgroup, err);
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
	result = launch_go(&creation->launch, plan, err);
	if (result == 0) /* while it works */
		result = process_identify(creation->launch.pid, &creation->launch.pidfd,
					  &creation->state.init, err);
	if (result == 0)
		result = owner_record(creation->layer_lock, &creation->state.init, err);
	if (result < 0)
		kill_init(creation);
	return result;
}

/* The document as it is now, for exec and for the hooks of start and delete; while hull-init works. */
static int keep_document(void *data, struct error *err)
{
	struct creation *creation = data;
	autoclose int fd = openat(creation->dir, "config.json",
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "write config.json");
	int result = fd_write_all(fd, creation->document, creation->document_length, "config.json", err);
	if (result == 0 && creation->brief)
		result = brief_save(creation->dir, creation->spec, creation->document,
				    creation->document_length,
				    (const struct plan *)(const void *)creation->builder.block.data, err);
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
		result = hooks_run(&kinds[kind], (enum spec_hook_kind)kind, &creation->hooks_state,
				   "creating", creation->launch.pid, creation->bundle, NULL, err);
	if (result == 0)
		result = sync_send(creation->launch.sync, SYNC_HOOKS_DONE, err);
	return result;
}

static int wait_created(void *data, struct error *err)
{
	struct creation *creation = data;
	int result = (creation->builder.head.flags & PLAN_DIRECT) != 0
			     ? 0
			     : sync_expect(creation->launch.sync, SYNC_CREATED, NULL, err);

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
	int result =
		cgroup_set(creation->cgroup, creation->spec->linux->resources, CGROUP_FINAL, &warnings, err);
	if (result == 0)
		steps_log_warnings(creation->context, &warnings);
	return result;
}

/* A pidfd of the container's process to who asked for one (runc's protocol: the text names the kind). */
static int send_pidfd(struct creation *creation, struct error *err)
{
	autoclose int fd = -1;

	if (creation->options->pidfd_socket == NULL)
		return 0;
	int result = files_connect(creation->options->pidfd_socket, &fd, err);
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
		result = files_write_pid(creation->options->pid_file, creation->launch.pid, err);
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
	{ "keep document", keep_document, NULL },
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
	int result =
		steps_run(creation->context, create_steps, ARRAY_LEN(create_steps), creation, &done, err);
	if (result == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(create_steps); i++)
		if (create_steps[i].run == FIRST_HOOK_STEP && done >= i)
			ignore_failure(hooks_run(&creation->spec->hooks.kinds[HOOK_POSTSTOP], HOOK_POSTSTOP,
						 &creation->hooks_state, "stopped", 0, creation->bundle,
						 &warnings, &ignored)); /* each failure is in the warnings */
	steps_log_warnings(creation->context, &warnings);
	return result;
}

void creation_release(struct creation *creation)
{
	const int fds[] = { creation->console_socket, creation->root,    creation->dir,
			    creation->lock,           creation->gate_fd, creation->init_lock,
			    creation->layer_lock };

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
	creation.gate = creation.brief = true;
	result = creation_run(&creation, err);
	creation_release(&creation);
	return result;
}
