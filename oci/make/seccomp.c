/* The default seccomp profile; see seccomp.h. */
#include "oci/make/seccomp.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

/* Harmless for every container, on every architecture: names that one does not have are skipped. */
static const char always[] =
	"_llseek _newselect accept accept4 access adjtimex alarm arch_prctl arm_fadvise64_64 "
	"arm_sync_file_range bind brk cacheflush cachestat capget capset chdir chmod chown chown32 "
	"clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
	"clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect "
	"copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait "
	"epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat "
	"faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 "
	"fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork "
	"fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
	"ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat "
	"get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 "
	"geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid "
	"getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 "
	"getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 "
	"getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch "
	"io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit "
	"ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset "
	"landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr "
	"listxattrat llistxattr lremovexattr lseek lsetxattr lsm_get_self_attr lsm_list_modules "
	"lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir "
	"mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 modify_ldt mprotect mq_getsetattr "
	"mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
	"mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap "
	"name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open "
	"pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 "
	"prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev "
	"pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read readahead readdir readlink "
	"readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages "
	"removexattr removexattrat rename renameat renameat2 restart_syscall rmdir rseq "
	"rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
	"rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo s390_pci_mmio_read "
	"s390_pci_mmio_write s390_runtime_instr sched_get_priority_max sched_get_priority_min "
	"sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
	"semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list "
	"set_thread_area set_tid_address set_tls setfsgid setfsgid32 setfsuid setfsuid32 setgid "
	"setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid "
	"setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid "
	"setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaction sigaltstack "
	"signal signalfd signalfd4 sigpending sigprocmask sigreturn sigsuspend socketcall "
	"socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync "
	"sync_file_range sync_file_range2 syncfs syscall sysinfo tee tgkill time timer_create "
	"timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
	"timerfd timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 "
	"times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat utime utimensat "
	"utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev";

/* What a capability guards anyway is let through to it. */
static const struct {
	unsigned capability;
	const char *names;
} guarded[] = {
	{ CAP_DAC_READ_SEARCH, "open_by_handle_at" },
	{ CAP_SYS_ADMIN, "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount "
			 "mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd "
			 "setdomainname sethostname setns syslog umount umount2 unshare" },
	{ CAP_SYS_BOOT, "reboot" },
	{ CAP_SYS_CHROOT, "chroot" },
	{ CAP_SYS_MODULE, "delete_module finit_module init_module" },
	{ CAP_SYS_PACCT, "acct" },
	{ CAP_SYS_PTRACE, "kcmp pidfd_getfd process_madvise" },
	{ CAP_SYS_RAWIO, "ioperm iopl" },
	{ CAP_SYS_TIME, "clock_settime clock_settime64 settimeofday stime" },
	{ CAP_SYS_TTY_CONFIG, "vhangup" },
	{ CAP_SYS_NICE,
	  "get_mempolicy mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages" },
	{ CAP_SYSLOG, "syslog" },
	{ CAP_BPF, "bpf" },
	{ CAP_PERFMON, "perf_event_open" },
};

/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
#define NAMESPACE_FLAGS 0x7e020000U

static const char architectures[] =
#if defined(__x86_64__)
	"\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"";
#elif defined(__aarch64__)
	"\"SCMP_ARCH_AARCH64\", \"SCMP_ARCH_ARM\"";
#else
#error "the architectures of the default seccomp profile"
#endif

/* The names in @words as strings of a JSON array; they need no escaping. */
static void append_names(const char *words, bool *first, struct text *ret)
{
	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		if (length > 0)
			text_format(ret, "%s\"%.*s\"", *first ? "" : ", ", (int)length, words);
		*first = *first && length == 0;
		words += length + (words[length] == ' ');
	}
}

static void append_allowed(uint64_t capabilities, struct text *ret)
{
	bool first = true;

	text_append(ret, "{\"action\": \"SCMP_ACT_ALLOW\", \"names\": [");
	append_names(always, &first, ret);
	for (size_t i = 0; i < ARRAY_LEN(guarded); i++)
		if ((capabilities & (UINT64_C(1) << guarded[i].capability)) != 0)
			append_names(guarded[i].names, &first, ret);
	text_append(ret, "]}");
}

/* One call with a condition on its first argument. */
static void append_if(const char *name, uint64_t value, uint64_t mask, const char *operation,
		      struct text *ret)
{
	text_format(ret,
		    ",\n{\"action\": \"SCMP_ACT_ALLOW\", \"names\": [\"%s\"], \"args\": [{\"index\": 0, "
		    "\"value\": %llu, \"valueTwo\": %llu, \"op\": \"%s\"}]}",
		    name, (unsigned long long)value, (unsigned long long)mask, operation);
}

void seccomp_default(uint64_t capabilities, struct text *ret)
{
	/* Linux, BSD-like 32-bit address space, ADDR_NO_RANDOMIZE for neither: what execution domains need */
	static const uint64_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

	text_format(
		ret,
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1, \"architectures\": [%s],\n"
		"\"syscalls\": [",
		architectures);
	append_allowed(capabilities, ret);
	for (size_t i = 0; i < ARRAY_LEN(personalities); i++)
		append_if("personality", personalities[i], 0, "SCMP_CMP_EQ", ret);
	append_if("socket", 40, 0, "SCMP_CMP_NE", ret); /* AF_VSOCK reaches the hypervisor */
	if ((capabilities & (UINT64_C(1) << CAP_SYS_ADMIN)) == 0) {
		append_if("clone", NAMESPACE_FLAGS, 0, "SCMP_CMP_MASKED_EQ", ret);
		text_append(ret,
			    ",\n{\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38, \"names\": [\"clone3\"]}");
	}
	text_append(ret, "]}");
}
