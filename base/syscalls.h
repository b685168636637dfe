/*
 * System calls without a libc: inline functions that return the kernel's value, a negative errno
 * on failure. Also the constants that the headers of Debian 12 (6.1) lack. No code is linked, so
 * hull-init includes it too.
 */
#ifndef HULL_BASE_SYSCALLS_H
#define HULL_BASE_SYSCALLS_H

#include <asm/unistd.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "hull runs on x86-64 and arm64; another architecture needs its system call here and its entry in runtime/init/start.c"
#endif

#define SYS_LONG(x) ((long)(x))
#define SYS_PTR(x) ((long)(uintptr_t)(x))

/* Linux 5.x and 6.x additions that old headers lack; the numbers are the same everywhere. */
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* Linux 6.3 */
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446UL /* Linux 6.9 */
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/*
 * Every signal back to its default, none blocked: handlers are gone with exec, but ignored signals
 * stay ignored (conmon ignores SIGPIPE). Also the two that a libc keeps for itself and hides; the
 * real-time signals after them are nobody's to ignore for others.
 */
static inline void sys_reset_signals(void)
{
	const unsigned long action[8] = { 0 }; /* SIG_DFL, no flags, empty mask */
	const unsigned long mask = 0;

	for (int signal = 1; signal <= 33; signal++)
		(void)sys_call6(__NR_rt_sigaction, signal, SYS_PTR(action), 0, 8, 0,
				0);                                          /* SIGKILL, SIGSTOP refuse */
	(void)sys_call6(__NR_rt_sigprocmask, 2, SYS_PTR(&mask), 0, 8, 0, 0); /* SIG_SETMASK; cannot fail */
}

static inline long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return sys_call6(__NR_close_range, first, last, flags, 0, 0, 0);
}

static inline long sys_openat2(int dir, const char *path, const void *how, size_t size)
{
	return sys_call6(__NR_openat2, dir, SYS_PTR(path), SYS_PTR(how), (long)size, 0, 0);
}

static inline long sys_pidfd_open(int pid, unsigned flags)
{
	return sys_call6(__NR_pidfd_open, pid, flags, 0, 0, 0, 0);
}

static inline long sys_pidfd_send_signal(int pidfd, int signal, const void *info, unsigned flags)
{
	return sys_call6(__NR_pidfd_send_signal, pidfd, signal, SYS_PTR(info), flags, 0, 0);
}

#endif
