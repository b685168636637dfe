/*
 * The order of things on the container side: one table for a container's process, one for exec.
 * A step that fails reports with its name and the process ends; hull undoes what is outside.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define PROT_READ_ONLY 1
#define MAP_PRIVATE_FILE 2

struct init_step {
	const char *name;
	int (*run)(struct init *init, struct error *err);
};

/*
 * From clone to exec. Until "enter root" names are those of the host (in a mount namespace of our
 * own); everything of the container's is reached beneath init->root.
 */
static const struct init_step create_steps[] = {
	{ "wait for hull", init_wait_go },
	{ "become user namespace root", init_become_user },
	{ "join cgroups", init_join_cgroups },
	{ "join namespaces", init_join_namespaces },
	{ "unshare namespaces", init_unshare_namespaces },
	{ "open host files", init_open_host },
	{ "session keyring", init_keyring },
	{ "loopback", init_loopback },
	{ "host name", init_hostname },
	{ "rootfs", init_open_root },
	{ "mounts", init_mounts },
	{ "devices", init_devices },
	{ "runtime hooks", init_runtime_hooks },
	{ "createContainer hooks", init_create_container_hooks },
	{ "working directory", init_make_cwd },
	{ "terminal", init_terminal },
	{ "standard streams", init_stdio },
	{ "sysctl", init_sysctls },
	{ "read-only paths", init_readonly_paths },
	{ "masked paths", init_masked_paths },
	{ "read-only mounts", init_readonly_mounts },
	{ "enter root", init_enter_root },
	{ "personality", init_personality },
	/* No directory, mount or namespace stays open from here on: CVE-2024-21626. */
	{ "close descriptors", init_close_descriptors },
	{ "environment", init_environment },
	{ "groups", init_groups },
	{ "enter working directory", init_enter_cwd },
	{ "find program", init_find_program },
	{ "rlimits", init_rlimits },
	/* What waits has no more rights than its program will have. */
	{ "credentials", init_credentials },
	{ "report created", init_created },
	{ "gate", init_gate },
	{ "startContainer hooks", init_start_container_hooks },
	{ "exec", init_execute },
};

/* From the joiner's clone to exec: the namespaces are entered, the root is the container's. */
static const struct init_step exec_steps[] = {
	{ "wait for hull", init_wait_go },
	{ "join cgroups", init_join_cgroups },
	{ "join namespaces", init_join_target },
	{ "become user namespace root", init_become_user },
	{ "session keyring", init_keyring },
	{ "terminal", init_exec_terminal },
	{ "standard streams", init_stdio },
	{ "personality", init_personality },
	{ "close descriptors", init_close_descriptors },
	{ "environment", init_environment },
	{ "groups", init_groups },
	{ "enter working directory", init_enter_cwd },
	{ "find program", init_find_program },
	{ "rlimits", init_rlimits },
	{ "credentials", init_credentials },
	{ "exec", init_execute },
};

static _Noreturn void fail(const struct init *init, struct error *err)
{
	sync_send_failed(init->peer, err);
	sys_exit(255);
}

#ifdef HULL_FAULTS
/* Builds with FAULTS=1 (runtime/container/faults.h): `hull-init steps` prints what there is to fail at. */
static void list_table(const char *table, const struct init_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *parts[] = { table, steps[i].name, "\n" };

		for (int part = 0; part < 3; part++)
			(void)sys_write(1, parts[part],
					string_length(parts[part])); /* the test counts them */
	}
}

static int run_step(struct init *init, const struct init_step *step, struct error *err)
{
	const char *fault = plan_text(init->plan, init->plan->fault_step);

	if (fault != NULL && string_equal(fault, step->name))
		return error_set(err, EIO, "injected fault at '%s'", step->name);
	return step->run(init, err);
}
#else
static int run_step(struct init *init, const struct init_step *step, struct error *err)
{
	return step->run(init, err);
}
#endif

static void run_table(struct init *init, const struct init_step *steps, size_t count)
{
	struct error err;

	for (size_t i = 0; i < count; i++) {
		if (run_step(init, &steps[i], &err) < 0) {
			/* The last two speak in runc's words, which engines read: no context. */
			if (steps[i].run != init_find_program && steps[i].run != init_execute)
				(void)error_add(&err, "%s", steps[i].name);
			fail(init, &err);
		}
	}
}

/* What hull let us inherit must not live on in the program, nor in a hook. */
static void cloexec_inherited(const struct plan_fds *fds, uint32_t preserve_fds)
{
	const int32_t *all = &fds->sync;

	for (uint32_t i = 0; i < preserve_fds; i++)
		(void)sys_fcntl((int)(3 + i), F_SETFD,
				FD_CLOEXEC_FLAG); /* the last step opens them to the program */

	for (size_t i = 0; i < sizeof(*fds) / sizeof(*all); i++)
		if (all[i] >= 0)
			(void)sys_fcntl(all[i], F_SETFD, FD_CLOEXEC_FLAG); /* they are open: hull said so */
}

/*
 * The joiner: enters the namespaces that only children are born into, clones the process and is
 * done. The clone's parent is hull (CLONE_PARENT).
 */
static int join_and_clone(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	struct clone_args args = { .flags = plan->clone_flags | CLONE_PARENT };

	int result = namespaces_join(plan, plan->joiner_flags, err);
	if (result < 0)
		return result;
	if (plan->fds.cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint32_t)plan->fds.cgroup;
	}
	long pid = sys_clone3(&args);
	if (pid < 0)
		return error_set(err, (int)-pid, "clone3");
	if (pid > 0)
		sys_exit(0);
	/* The container's process goes on, where others see it: with nothing of the host's that it does not
	 * need. Its word comes first, so that no other comes before it. */
	if (plan->fds.cgroup >= 0)
		(void)sys_close(plan->fds.cgroup);
	sync_send(init, SYNC_JOINED, 0);
	return 0;
}

_Noreturn void steps_run(int plan_fd)
{
	struct init init = { .proc = -1, .root = -1, .null = -1 };
	struct stat st;
	struct error err;

#ifdef HULL_FAULTS
	if (plan_fd == 0) { /* "steps" is no number, and a plan is never standard input */
		list_table("create ", create_steps, sizeof(create_steps) / sizeof(create_steps[0]));
		list_table("exec ", exec_steps, sizeof(exec_steps) / sizeof(exec_steps[0]));
		sys_exit(0);
	}
#endif
	if (sys_fstat(plan_fd, &st) < 0)
		sys_exit(1);
	long block = sys_mmap((size_t)st.st_size, PROT_READ_ONLY, MAP_PRIVATE_FILE, plan_fd);
	init.plan = (const struct plan *)(uintptr_t)block;
	if ((block < 0 && block > -4096) || init.plan->magic != PLAN_MAGIC ||
	    init.plan->size != (uint32_t)st.st_size)
		sys_exit(1);
	(void)sys_close(plan_fd); /* the mapping stays */
	cloexec_inherited(&init.plan->fds, init.plan->preserve_fds);
	sys_reset_signals();
	(void)sys_umask(0); /* every mode below is meant as written */
	(void)sys_prctl(PR_SET_NAME, (unsigned long)(uintptr_t) "hull-init", 0,
			0); /* a name in ps, no more */
	init.peer = init.plan->fds.sync;

	if ((init.plan->flags & PLAN_JOINER) != 0 && join_and_clone(&init, &err) < 0) {
		(void)error_add(&err, "join namespaces");
		fail(&init, &err);
	}
	if (sys_setsid() < 0) {
		(void)error_set(&err, EPERM, "setsid");
		fail(&init, &err);
	}
	if (init.plan->kind == PLAN_EXEC)
		run_table(&init, exec_steps, sizeof(exec_steps) / sizeof(exec_steps[0]));
	else
		run_table(&init, create_steps, sizeof(create_steps) / sizeof(create_steps[0]));
	sys_exit(255); /* not reached: the last step executes or fails */
}
