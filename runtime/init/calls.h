/*
 * The system calls hull-init makes, by name: thin inline wrappers over base/syscalls.h. Each
 * returns the kernel's value, a negative errno on failure. No code is linked.
 */
#ifndef HULL_RUNTIME_INIT_CALLS_H
#define HULL_RUNTIME_INIT_CALLS_H

#include <asm/stat.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <stdbool.h>

#include "base/syscalls.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef SFD_CLOEXEC
#define SFD_CLOEXEC 02000000
#endif
#define FD_CLOEXEC_FLAG 1

static inline long sys_open(int dir, const char *path, int flags, unsigned mode)
{
	return sys_call6(__NR_openat, dir, SYS_PTR(path), flags | O_CLOEXEC, mode, 0, 0);
}

static inline long sys_close(int fd)
{
	return sys_call6(__NR_close, fd, 0, 0, 0, 0, 0);
}

static inline long sys_read(int fd, void *buffer, size_t size)
{
	return sys_call6(__NR_read, fd, SYS_PTR(buffer), (long)size, 0, 0, 0);
}

static inline long sys_write(int fd, const void *buffer, size_t size)
{
	return sys_call6(__NR_write, fd, SYS_PTR(buffer), (long)size, 0, 0, 0);
}

static inline long sys_fstat(int fd, struct stat *st)
{
	return sys_call6(__NR_fstat, fd, SYS_PTR(st), 0, 0, 0, 0);
}

static inline long sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return sys_call6(__NR_newfstatat, dir, SYS_PTR(path), SYS_PTR(st), flags, 0, 0);
}

/* Magic number of the file system @fd is on, or a negative errno. */
static inline long sys_fs_magic(int fd)
{
	long buffer[32]; /* struct statfs; f_type is its first member on 64-bit machines */
	long result = sys_call6(__NR_fstatfs, fd, SYS_PTR(buffer), 0, 0, 0, 0);

	return result < 0 ? result : buffer[0];
}

static inline long sys_mkdir(int dir, const char *path, unsigned mode)
{
	return sys_call6(__NR_mkdirat, dir, SYS_PTR(path), mode, 0, 0, 0);
}

static inline long sys_mknod(int dir, const char *path, unsigned mode, unsigned long device)
{
	return sys_call6(__NR_mknodat, dir, SYS_PTR(path), mode, (long)device, 0, 0);
}

static inline long sys_symlink(const char *target, int dir, const char *path)
{
	return sys_call6(__NR_symlinkat, SYS_PTR(target), dir, SYS_PTR(path), 0, 0, 0);
}

static inline long sys_unlink(int dir, const char *path, int flags)
{
	return sys_call6(__NR_unlinkat, dir, SYS_PTR(path), flags, 0, 0, 0);
}

static inline long sys_readlink(int dir, const char *path, char *buffer, size_t size)
{
	return sys_call6(__NR_readlinkat, dir, SYS_PTR(path), SYS_PTR(buffer), (long)size, 0, 0);
}

static inline long sys_chown(int dir, const char *path, unsigned uid, unsigned gid, int flags)
{
	return sys_call6(__NR_fchownat, dir, SYS_PTR(path), uid, gid, flags, 0);
}

static inline long sys_fchown(int fd, unsigned uid, unsigned gid)
{
	return sys_call6(__NR_fchown, fd, uid, gid, 0, 0, 0);
}

static inline long sys_fchmod(int fd, unsigned mode)
{
	return sys_call6(__NR_fchmod, fd, mode, 0, 0, 0, 0);
}

static inline long sys_access(int dir, const char *path, int mode, int flags)
{
	return sys_call6(__NR_faccessat2, dir, SYS_PTR(path), mode, flags, 0, 0);
}

static inline long sys_fcntl(int fd, int command, long argument)
{
	return sys_call6(__NR_fcntl, fd, command, argument, 0, 0, 0);
}

static inline long sys_ioctl(int fd, unsigned long request, const void *argument)
{
	return sys_call6(__NR_ioctl, fd, (long)request, SYS_PTR(argument), 0, 0, 0);
}

static inline long sys_dup3(int from, int to, int flags)
{
	return sys_call6(__NR_dup3, from, to, flags, 0, 0, 0);
}

static inline long sys_pipe2(int *fds, int flags)
{
	return sys_call6(__NR_pipe2, SYS_PTR(fds), flags, 0, 0, 0, 0);
}

static inline long sys_chdir(const char *path)
{
	return sys_call6(__NR_chdir, SYS_PTR(path), 0, 0, 0, 0, 0);
}

static inline long sys_fchdir(int fd)
{
	return sys_call6(__NR_fchdir, fd, 0, 0, 0, 0, 0);
}

static inline long sys_getcwd(char *buffer, size_t size)
{
	return sys_call6(__NR_getcwd, SYS_PTR(buffer), (long)size, 0, 0, 0, 0);
}

static inline long sys_chroot(const char *path)
{
	return sys_call6(__NR_chroot, SYS_PTR(path), 0, 0, 0, 0, 0);
}

static inline long sys_pivot_root(const char *new_root, const char *put_old)
{
	return sys_call6(__NR_pivot_root, SYS_PTR(new_root), SYS_PTR(put_old), 0, 0, 0, 0);
}

static inline long sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
			     const void *data)
{
	return sys_call6(__NR_mount, SYS_PTR(source), SYS_PTR(target), SYS_PTR(type), (long)flags,
			 SYS_PTR(data), 0);
}

static inline long sys_umount(const char *path, int flags)
{
	return sys_call6(__NR_umount2, SYS_PTR(path), flags, 0, 0, 0, 0);
}

static inline long sys_fsopen(const char *type, unsigned flags)
{
	return sys_call6(__NR_fsopen, SYS_PTR(type), flags, 0, 0, 0, 0);
}

static inline long sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux)
{
	return sys_call6(__NR_fsconfig, fd, command, SYS_PTR(key), SYS_PTR(value), aux, 0);
}

static inline long sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
	return sys_call6(__NR_fsmount, fd, flags, attributes, 0, 0, 0);
}

static inline long sys_open_tree(int dir, const char *path, unsigned flags)
{
	return sys_call6(__NR_open_tree, dir, SYS_PTR(path), flags, 0, 0, 0);
}

/* Attach the mount behind @mount at what @target is open on. */
static inline long sys_attach(int mount, int target)
{
	return sys_call6(__NR_move_mount, mount, SYS_PTR(""), target, SYS_PTR(""),
			 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH, 0);
}

static inline long sys_mount_setattr(int fd, unsigned flags, const struct mount_attr *attr)
{
	return sys_call6(__NR_mount_setattr, fd, SYS_PTR(""), AT_EMPTY_PATH | (long)flags, SYS_PTR(attr),
			 sizeof(*attr), 0);
}

static inline long sys_setns(int fd, unsigned long flags)
{
	return sys_call6(__NR_setns, fd, (long)flags, 0, 0, 0, 0);
}

static inline long sys_unshare(unsigned long flags)
{
	return sys_call6(__NR_unshare, (long)flags, 0, 0, 0, 0, 0);
}

static inline long sys_clone3(struct clone_args *args)
{
	return sys_call6(__NR_clone3, SYS_PTR(args), sizeof(*args), 0, 0, 0, 0);
}

static inline long sys_execve(const char *path, const char *const *argv, const char *const *envp)
{
	return sys_call6(__NR_execve, SYS_PTR(path), SYS_PTR(argv), SYS_PTR(envp), 0, 0, 0);
}

static inline long sys_wait4(int pid, int *status, int options)
{
	return sys_call6(__NR_wait4, pid, SYS_PTR(status), options, 0, 0, 0);
}

static inline long sys_kill(int pid, int signal)
{
	return sys_call6(__NR_kill, pid, signal, 0, 0, 0, 0);
}

static inline long sys_getpid(void)
{
	return sys_call6(__NR_getpid, 0, 0, 0, 0, 0, 0);
}

static inline long sys_setsid(void)
{
	return sys_call6(__NR_setsid, 0, 0, 0, 0, 0, 0);
}

static inline long sys_umask(unsigned mask)
{
	return sys_call6(__NR_umask, mask, 0, 0, 0, 0, 0);
}

static inline long sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c)
{
	return sys_call6(__NR_prctl, option, (long)a, (long)b, (long)c, 0, 0);
}

static inline long sys_mmap(size_t size, int protection, int flags, int fd)
{
	return sys_call6(__NR_mmap, 0, (long)size, protection, flags, fd, 0);
}

static inline long sys_clock_monotonic_ms(void)
{
	struct {
		long seconds, nanoseconds;
	} now = { 0, 0 };

	(void)sys_call6(__NR_clock_gettime, 1, SYS_PTR(&now), 0, 0, 0, 0); /* cannot fail */
	return now.seconds * 1000 + now.nanoseconds / 1000000;
}

static inline _Noreturn void sys_exit(int status)
{
	(void)sys_call6(__NR_exit_group, status, 0, 0, 0, 0, 0);
	for (;;) /* a filter of the program's forbids even that: no first process may spin for good */
		__builtin_trap();
}

#endif
