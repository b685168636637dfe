/*
 * The system calls that the processes of hull-unpack may make once they work; see confine.h. A plain list:
 * what a tree and its files need, memory without execution, messages over the sockets that are there, the
 * end. Nothing that starts a process, makes a socket, mounts, traces, or asks the kernel for anything else.
 * Two are there in part only: memory is never executed, and of fcntl only what concerns descriptors is left
 * (F_SETOWN and F_SETSIG would send any signal to any process).
 */
#include "oci/layer/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
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

/* Whose a row is. */
#define R (1U << CONFINE_READER)
#define D (1U << CONFINE_DECODER)
#define X (1U << CONFINE_EXTRACTOR)

/* The most frequent first: the filter is walked in this order. */
static const struct allowed {
	unsigned number, roles;
} allowed[] = {
	{ SYS_sendmsg, R | D | X },
	{ SYS_recvmsg, R | D | X },
	{ SYS_read, R | X },
#ifdef SYS_poll
	{ SYS_poll, R },
#endif
	{ SYS_ppoll, R },
	{ SYS_kill, R }, /* the two others, which are its children */
	{ SYS_wait4, R },
	{ SYS_write, X },
	{ SYS_openat, X },
	{ SYS_close, X },
	{ SYS_utimensat, X },
	{ SYS_newfstatat, X },
	{ SYS_openat2, X },
	{ SYS_fstat, X },
	{ SYS_fchown, X },
	{ SYS_fchmod, X },
	{ SYS_mkdirat, X },
	{ SYS_getdents64, X },
	{ SYS_symlinkat, X },
	{ SYS_readlinkat, X },
	{ SYS_fchownat, X },
	{ SYS_fchmodat, X },
	{ SYS_linkat, X },
	{ SYS_mknodat, X },
	{ SYS_unlinkat, X },
	{ SYS_renameat2, X }, /* a tree too deep to be removed at once */
	{ SYS_fsetxattr, X },
	{ SYS_pwrite64, X },
	{ SYS_ftruncate, X },
	{ SYS_lseek, X },
	{ SYS_umask, X },
	{ SYS_geteuid, X },
	{ SYS_getegid, X },
	{ SYS_sysinfo, X }, /* qsort asks how much memory it may take */
	{ SYS_munmap, R | D | X },
	{ SYS_mremap, R | D | X },
	{ SYS_madvise, R | D | X },
	{ SYS_brk, R | D | X },
	{ SYS_futex, R | D | X }, /* pthread_once(3) */
	{ SYS_clock_gettime, R | D | X },
	{ SYS_getrandom, R | D | X }, /* malloc of later glibcs */
	{ SYS_restart_syscall, R | D | X },
	{ SYS_rt_sigreturn, R | D | X },
	{ SYS_exit, R | D | X },
	{ SYS_exit_group, R | D | X },
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define MORE 17 /* instructions besides the list */

/* Without these the sockets and the memory would still do. */
static int drop_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0 } };

	return syscall(SYS_capset, &header, none) < 0 ? error_set(err, errno, "drop capabilities") : 0;
}

static struct sock_filter when(unsigned number, unsigned char equal, unsigned char other)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, equal, other);
}

int confine_calls(enum confine_role role, struct error *err)
{
	struct sock_filter code[2 * ARRAY_LEN(allowed) + MORE];
	unsigned short length = 0;
	int result = role == CONFINE_EXTRACTOR ? 0 : drop_capabilities(err);

	if (result < 0)
		return result;
	code[length++] = (struct sock_filter)LOAD(arch);
	code[length++] = when(ARCHITECTURE, 1, 0);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	code[length++] = (struct sock_filter)LOAD(nr);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if ((allowed[i].roles & 1U << role) == 0)
			continue;
		code[length++] = when(allowed[i].number, 0, 1);
		code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	if (role == CONFINE_EXTRACTOR) {
		code[length++] = when(SYS_fcntl, 0, 6);
		code[length++] = (struct sock_filter)LOAD(args[1]);
		code[length++] = when(F_DUPFD_CLOEXEC, 2, 0);
		code[length++] = when(F_SETFD, 1, 0); /* fdopendir(3) wants these two */
		code[length++] = when(F_GETFL, 0, 1);
		code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
		code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	}
	/* Memory is for data. The protection is the third argument of both; its low half, as all flags. */
	code[length++] = when(SYS_mmap, 1, 0);
	code[length++] = when(SYS_mprotect, 0, 3);
	code[length++] = (struct sock_filter)LOAD(args[2]);
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
#ifndef HULL_SANITIZED
	const struct sock_fprog program = { .len = length, .filter = code };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		return error_set(err, errno, "load the filter of system calls");
#else
	(void)code;
#endif
	return 0;
}
