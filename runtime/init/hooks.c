/*
 * Hooks of the container's namespaces: createContainer (paths of the host, before the pivot) and
 * startContainer (paths of the container, with no more rights than its process). Each gets the
 * state document on stdin, nothing of the host's environment, a deadline by the monotonic clock.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define SIGKILL_NUMBER 9
#define P_PIDFD_TYPE 3
#define WEXITED_FLAG 4
#define POLLIN_FLAG 1
#define OUTPUT_BYTES 256

struct hook_process {
	int pid;
	int pidfd;
	int output; /* read end: its stdout and stderr */
};

/* The state document with this process's pid as the container sees it. */
static long make_state(const struct plan *plan, const char *status)
{
	char number[24];
	const char *pieces[] = { plan_text(plan, plan->state_head), status,
				 "\",\"pid\":", string_number(number, (unsigned)sys_getpid(), 10),
				 plan_text(plan, plan->state_tail) };
	long fd = sys_call6(__NR_memfd_create, SYS_PTR("state"), MFD_NOEXEC_SEAL | 1, 0, 0, 0, 0);

	if (fd == -EINVAL) /* before Linux 6.3 */
		fd = sys_call6(__NR_memfd_create, SYS_PTR("state"), 1, 0, 0, 0, 0);
	for (size_t i = 0; fd >= 0 && i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t length = string_length(pieces[i]);
		long put = sys_write((int)fd, pieces[i], length);

		if (put != (long)length) {
			(void)sys_close((int)fd);
			return put < 0 ? put : -ENOSPC;
		}
	}
	if (fd >= 0)
		(void)sys_call6(__NR_lseek, fd, 0, 0, 0, 0, 0); /* a memfd can be rewound */
	return fd;
}

static const char *const *make_vector(const struct plan *plan, struct plan_list list, const char *first)
{
	const struct plan_text *texts = plan_items(plan, list);
	const char **vector = memory_take(sizeof(*vector) * (list.count + 2));
	size_t count = 0;

	if (vector == NULL)
		return NULL;
	if (list.count == 0 && first != NULL)
		vector[count++] = first;
	for (uint32_t i = 0; i < list.count; i++)
		vector[count++] = plan_text(plan, texts[i]);
	vector[count] = NULL;
	return vector;
}

/* In the child: the streams, the working directory and rights of a hook, then its program. */
static _Noreturn void execute_hook(const struct plan *plan, const struct plan_hook *hook, int state,
				   int output, bool final_rights, const char *const *argv,
				   const char *const *envp)
{
	struct error err;
	long result = sys_dup3(state, 0, 0);

	if (result >= 0)
		result = sys_dup3(output, 1, 0);
	if (result >= 0)
		result = sys_dup3(output, 2, 0);
	if (result >= 0)
		result = sys_chdir(final_rights ? "/" : plan_text(plan, plan->bundle));
	if (result >= 0 && final_rights && credentials_set_capabilities(plan, &err) < 0)
		sys_exit(126);
	if (result >= 0)
		(void)sys_umask(022);
	/* The descriptors kept for the program are not the hook's. */
	if (result >= 0)
		(void)sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (result >= 0)
		(void)sys_execve(plan_text(plan, hook->path), argv, envp);
	sys_exit(127);
}

static int start_hook(struct init *init, const struct plan_hook *hook, const char *status, bool final_rights,
		      struct hook_process *ret, struct error *err)
{
	const struct plan *plan = init->plan;
	const char *const *argv = make_vector(plan, hook->args, plan_text(plan, hook->path));
	const char *const *envp = make_vector(plan, hook->env, NULL);
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = 17 /* SIGCHLD */ };
	int pipe[2], pidfd = -1;

	if (argv == NULL || envp == NULL)
		return error_set(err, ENOMEM, "hook arguments");
	long state = make_state(plan, status);
	if (state < 0)
		return error_set(err, (int)-state, "state document");
	long result = sys_pipe2(pipe, O_CLOEXEC | O_NONBLOCK);
	if (result < 0)
		return error_set(err, (int)-result, "pipe");
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	long pid = sys_clone3(&args);
	if (pid == 0) {
		(void)sys_fcntl(pipe[1], F_SETFL, 0); /* a hook expects to block on a full pipe */
		execute_hook(plan, hook, (int)state, pipe[1], final_rights, argv, envp);
	}
	(void)sys_close((int)state);
	(void)sys_close(pipe[1]);
	if (pid < 0) {
		(void)sys_close(pipe[0]);
		return error_set(err, (int)-pid, "clone3");
	}
	*ret = (struct hook_process){ (int)pid, pidfd, pipe[0] };
	return 0;
}

/* Wait for the end, reading what it says; the first OUTPUT_BYTES are kept. 0 or -ETIMEDOUT. */
static long wait_hook(const struct hook_process *process, uint32_t timeout_s, char *output, int *ret_status)
{
	struct {
		int fd;
		short events, revents;
	} polls[2] = {
		{ process->pidfd, POLLIN_FLAG, 0 },
		{ process->output, POLLIN_FLAG, 0 },
	};
	long deadline = sys_clock_monotonic_ms() + (long)timeout_s * 1000, kept = 0, result = 0;
	char waste[512];

	for (;;) {
		long left = timeout_s == 0 ? 1000000 : deadline - sys_clock_monotonic_ms();
		struct {
			long seconds, nanoseconds;
		} wait = { left / 1000, left % 1000 * 1000000 };

		if (left <= 0) {
			(void)sys_call6(__NR_pidfd_send_signal, process->pidfd, SIGKILL_NUMBER, 0, 0, 0, 0);
			result = -ETIMEDOUT;
			break;
		}
		(void)sys_call6(__NR_ppoll, SYS_PTR(polls), 2, SYS_PTR(&wait), 0, 8,
				0); /* woken early: asks again */
		if (polls[1].revents != 0) {
			long room = OUTPUT_BYTES - 1 - kept;
			long got = sys_read(process->output, room > 0 ? output + kept : waste,
					    room > 0 ? (size_t)room : sizeof(waste));

			if (room > 0 && got > 0)
				kept += got;
			if (got <= 0 && got != -EAGAIN)
				polls[1].fd = -1;
		}
		if (polls[0].revents != 0)
			break;
	}
	output[kept] = '\0';
	(void)sys_wait4(process->pid, ret_status, 0); /* our child, and it has ended or was killed */
	return result;
}

static int run_hook(struct init *init, const struct plan_hook *hook, const char *status, bool final_rights,
		    struct error *err)
{
	char output[OUTPUT_BYTES];
	struct hook_process process = { .pidfd = -1, .output = -1 };
	int code = 0;
	int result = start_hook(init, hook, status, final_rights, &process, err);

	if (result < 0)
		return result;
	long waited = wait_hook(&process, hook->timeout_s, output, &code);
	(void)sys_close(process.pidfd);
	(void)sys_close(process.output);
	if (waited == -ETIMEDOUT)
		return error_set(err, 0, "hook ran past specified timeout of %u.0s", hook->timeout_s);
	if ((code & 0x7f) != 0)
		return error_set(err, 0, "signal: %d, output: %s", code & 0x7f, output);
	if (code != 0)
		return error_set(err, 0, "exit status %d, output: %s", (code >> 8) & 0xff, output);
	return 0;
}

int hooks_run(struct init *init, struct plan_list hooks, const char *name, const char *status,
	      struct error *err)
{
	bool final_rights = string_equal(name, "startContainer");
	unsigned index = 0;

	for (PLAN_EACH(struct plan_hook, hook, init->plan, hooks)) {
		int result = run_hook(init, hook, status, final_rights, err);

		if (result < 0)
			return error_add(err, "error running %s hook #%u", name, index);
		index++;
	}
	return 0;
}

int init_runtime_hooks(struct init *init, struct error *err)
{
	if ((init->plan->flags & PLAN_RUNTIME_HOOKS) == 0)
		return 0;
	sync_send(init, SYNC_MOUNTS_READY, 0);
	return sync_expect(init, SYNC_HOOKS_DONE, err);
}

int init_create_container_hooks(struct init *init, struct error *err)
{
	return hooks_run(init, init->plan->create_container_hooks, "createContainer", "creating", err);
}

int init_start_container_hooks(struct init *init, struct error *err)
{
	return hooks_run(init, init->plan->start_container_hooks, "startContainer", "created", err);
}
