/*
 * The system calls that hull-unpack may make once it reads a layer; see confine.h. A plain list: what a tree
 * and its files need, memory without execution, waiting of threads, the end. Nothing that starts a process,
 * makes a socket, mounts, traces, or asks the kernel for anything else. Two are there in part only: memory
 * is never executed, and of fcntl only what concerns descriptors is left (F_SETOWN and F_SETSIG would send
 * any signal to any process).
 */
#include "oci/layer/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* The most frequent first: the filter is walked in this order. */
static const unsigned allowed[] = {
	SYS_write,
	SYS_futex,
	SYS_openat,
	SYS_close,
	SYS_utimensat,
	SYS_read,
	SYS_newfstatat,
	SYS_openat2,
	SYS_fstat,
	SYS_fchown,
	SYS_fchmod,
	SYS_mkdirat,
	SYS_getdents64,
	SYS_symlinkat,
	SYS_readlinkat,
	SYS_fchownat,
	SYS_fchmodat,
	SYS_linkat,
	SYS_mknodat,
	SYS_unlinkat,
	SYS_renameat2, /* a tree too deep to be removed at once */
	SYS_fsetxattr,
	SYS_pwrite64,
	SYS_ftruncate,
	SYS_lseek,
	SYS_umask,
	SYS_geteuid,
	SYS_getegid,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_sendmsg, /* the answer */
	SYS_clock_gettime,
	SYS_getrandom, /* malloc of later glibcs */
	SYS_sched_yield,
	SYS_sysinfo, /* qsort asks how much memory it may take */
	SYS_restart_syscall,
	SYS_rt_sigprocmask, /* threads that begin and end */
	SYS_rt_sigreturn,
	SYS_set_robust_list,
	SYS_gettid,
#ifdef SYS_rseq
	SYS_rseq,
#endif
	SYS_exit,
	SYS_exit_group,
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define MORE 17 /* instructions besides the list */

int confine_calls(struct error *err)
{
	struct sock_filter code[2 * ARRAY_LEN(allowed) + MORE];
	unsigned short length = 0;

	code[length++] = (struct sock_filter)LOAD(arch);
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	code[length++] = (struct sock_filter)LOAD(nr);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 6);
	code[length++] = (struct sock_filter)LOAD(args[1]);
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD_CLOEXEC, 2, 0);
	/* fdopendir(3) wants these two. */
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETFD, 1, 0);
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_GETFL, 0, 1);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	/* Memory is for data. The protection is the third argument of both; its low half, as all flags. */
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0);
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3);
	code[length++] = (struct sock_filter)LOAD(args[2]);
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
#ifndef HULL_SANITIZED
	const struct sock_fprog program = { .len = length, .filter = code };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		return error_set(err, errno, "load the filter of system calls");
#else
	(void)code;
	(void)err;
#endif
	return 0;
}
