/*
 * clone3 with a stack of its own. In the child nothing allocates, locks, or calls a libc: it makes
 * exactly hull-init's descriptors inheritable and executes hull-init.
 */
#include "runtime/linux/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/syscalls.h"

#include "base/banned.h"

#define STACK_BYTES 16384

struct child {
	const struct spawn_request *request;
	const char *const *argv;
	int error; /* errno of what failed, seen by the parent of a vfork child */
};

/*
 * long spawn_clone(struct clone_args *args, size_t size, void (*function)(void *), void *argument)
 * In the parent it returns the pid. In the child it calls @function on the new stack: a return
 * through the parent's frames would destroy them under CLONE_VM.
 */
long spawn_clone(struct clone_args *args, size_t size, void (*function)(void *), void *argument);
#if defined(__x86_64__)
__asm__(".text\n.globl spawn_clone\n.hidden spawn_clone\n.type spawn_clone,@function\nspawn_clone:\n"
	"	endbr64\n"
	"	mov %rdx, %r8\n"
	"	mov %rcx, %r9\n"
	"	mov $435, %eax\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jz 1f\n"
	"	ret\n"
	"1:	xor %ebp, %ebp\n"
	"	mov %r9, %rdi\n"
	"	call *%r8\n"
	"	hlt\n"
	".size spawn_clone, .-spawn_clone\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl spawn_clone\n.hidden spawn_clone\n.type spawn_clone,%function\nspawn_clone:\n"
	"	bti c\n"
	"	mov x9, x2\n"
	"	mov x10, x3\n"
	"	mov x8, #435\n"
	"	svc #0\n"
	"	cbz x0, 1f\n"
	"	ret\n"
	"1:	mov x29, #0\n"
	"	mov x0, x10\n"
	"	blr x9\n"
	"	brk #1\n"
	".size spawn_clone, .-spawn_clone\n");
#endif

/* New user namespace: wait until the maps are there, then become its root, so that exec keeps the
 * capabilities. Returns a negative errno. */
static inline long wait_for_maps(int fd, int peer)
{
	uint32_t word[2];

	(void)sys_call6(__NR_close, peer, 0, 0, 0, 0, 0); /* a copy: this child shares no descriptors */
	long got = sys_call6(__NR_read, fd, SYS_PTR(word), sizeof(word), 0, 0, 0);

	if (got != sizeof(word))
		return got < 0 ? got : -EPIPE;
	got = sys_call6(__NR_setresgid, 0, 0, 0, 0, 0, 0);
	return got < 0 ? got : sys_call6(__NR_setresuid, 0, 0, 0, 0, 0, 0);
}

/* A sanitizer's bookkeeping would be the parent's too, and is not undone by an exec. */
#define NO_SANITIZE __attribute__((no_sanitize("address", "undefined")))

/* Runs on a stack of its own in the parent's memory (or a copy of it). Raw system calls only. */
NO_SANITIZE static void child_main(void *data)
{
	struct child *child = data;
	const struct spawn_request *request = child->request;
	static const char *const environment[] = { NULL };
	long result = 0;

	if (request->wait_fd >= 0)
		result = wait_for_maps(request->wait_fd, request->wait_peer);
	for (size_t i = 0; i < request->keep_count && result >= 0; i++)
		if (request->keep[i] >= 0)
			result = sys_call6(__NR_fcntl, request->keep[i], F_SETFD, 0, 0, 0, 0);
	for (unsigned i = 0; i < request->preserve_fds && result >= 0; i++)
		result = sys_call6(__NR_fcntl, 3 + i, F_SETFD, 0, 0, 0, 0);
	if (result >= 0)
		result = sys_call6(__NR_fcntl, request->plan_fd, F_SETFD, 0, 0, 0, 0);
	if (result >= 0)
		result = sys_call6(__NR_execveat, request->program_fd, SYS_PTR(""), SYS_PTR(child->argv),
				   SYS_PTR(environment), AT_EMPTY_PATH, 0);
	child->error = (int)-result;
	for (;;)
		(void)sys_call6(__NR_exit, 127, 0, 0, 0, 0, 0);
}

int spawn_init(const struct spawn_request *request, pid_t *ret_pid, struct pidfd *ret_pidfd,
	       bool *ret_exec_refused, struct error *err)
{
	static _Alignas(16) char stack[STACK_BYTES]; /* one clone at a time; hull has one thread */
	char number[16];
	const char *argv[] = { "hull-init", number, NULL };
	struct child child = { .request = request, .argv = argv };
	int pidfd = -1;
	struct clone_args args = {
		.flags = request->flags | CLONE_PIDFD | (request->wait_fd < 0 ? CLONE_VM | CLONE_VFORK : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = sizeof(stack),
	};

	*ret_exec_refused = false;
	(void)snprintf(number, sizeof(number), "%d", request->plan_fd);
	if (request->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint32_t)request->cgroup_fd;
	}
	long pid = spawn_clone(&args, sizeof(args), child_main, &child);
	if (pid < 0)
		return error_set(err, (int)-pid, "clone3");
	ret_pidfd->fd = pidfd;
	if (child.error != 0) {
		int status;

		ignore_failure(process_reap(ret_pidfd, &status, err)); /* it has ended: the vfork is over */
		(void)sys_call6(__NR_close, pidfd, 0, 0, 0, 0, 0);
		*ret_exec_refused = child.error == EACCES || child.error == EPERM;
		return error_set(err, child.error, "execute hull-init");
	}
	*ret_pid = (pid_t)pid;
	return 0;
}
