/*
 * Confinement of hull-unpack; see confine.h. The order matters: a detached copy of the target's mount can be
 * made in the old mount namespace only, and attached in the new one; capabilities go last but for the filter.
 */
#include "oci/layer/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/syscalls.h"

#include "base/banned.h"

#define DETACH 2 /* MNT_DETACH: <sys/mount.h> and <linux/mount.h> exclude each other */
#define KEPT                                                                                                 \
	(1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID | 1U << CAP_SETFCAP)
_Static_assert(CAP_SETFCAP < 32 && CAP_MKNOD < 32, "all are in the first word");

static int set_limits(uint64_t max_file_bytes, uint64_t max_memory_bytes, struct error *err)
{
	struct rlimit file = { max_file_bytes, max_file_bytes }, core = { 0, 0 };
	struct rlimit memory = { max_memory_bytes, max_memory_bytes };

	/* A file over the limit is an error of write(2), not a signal. */
	(void)signal(SIGXFSZ, SIG_IGN); /* cannot fail */
	if (setrlimit(RLIMIT_FSIZE, &file) < 0 || setrlimit(RLIMIT_CORE, &core) < 0)
		return error_set(err, errno, "set limits");
#ifndef HULL_SANITIZED
	if (max_memory_bytes != 0 && setrlimit(RLIMIT_AS, &memory) < 0)
		return error_set(err, errno, "set limits");
#else
	(void)memory; /* the shadow memory alone is more */
#endif
	return 0;
}

/*
 * Standard input, output and error are the machine's /dev/null until here, whose mode and owner could be
 * changed through them: they become memory that is nobody else's.
 */
static int leave_null(struct error *err)
{
	int memory = memfd_create("nothing", MFD_CLOEXEC);

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
#ifdef HULL_SANITIZED
		if (fd == STDERR_FILENO)
			break; /* its reports */
#endif
		if (memory < 0 || (memory != fd && dup2(memory, fd) < 0))
			return error_set(err, errno, "leave /dev/null");
	}
	if (memory > STDERR_FILENO)
		(void)close(memory); /* it has three names more */
	return 0;
}

static int enter_root(int directory, int *ret_root, struct error *err)
{
	struct mount_attr attributes = { .attr_set =
						 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	/* by number: the C libraries of some hosts have no functions for these */
	long result = sys_call6(__NR_open_tree, directory, SYS_PTR(""),
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH, 0, 0, 0);

	if (result < 0)
		return error_set(err, (int)-result, "copy the mount of the target");
	autoclose int tree = (int)result;
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return error_set(err, errno, "enter namespaces of its own");
	/* Private, so that no mount travels back. */
	result = sys_call6(__NR_mount, 0, SYS_PTR("/"), 0, MS_REC | MS_PRIVATE, 0, 0);
	if (result < 0)
		return error_set(err, (int)-result, "make the mounts private");
	result = sys_call6(__NR_mount_setattr, tree, SYS_PTR(""), AT_EMPTY_PATH, SYS_PTR(&attributes),
			   sizeof(attributes), 0);
	if (result < 0)
		return error_set(err, (int)-result, "set the attributes of the target's mount");
	result = sys_call6(__NR_move_mount, tree, SYS_PTR(""), AT_FDCWD, SYS_PTR("/"),
			   MOVE_MOUNT_F_EMPTY_PATH, 0);
	if (result < 0)
		return error_set(err, (int)-result, "attach the target");
	if (fchdir(tree) < 0)
		return error_set(err, errno, "enter the target");
	/* On the first root of a machine (initramfs) there is nothing to pivot; it is only covered then. */
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		result = sys_call6(__NR_umount2, SYS_PTR("."), DETACH, 0, 0, 0, 0);
		if (result < 0)
			return error_set(err, (int)-result, "leave the old root");
	} else if (errno != EINVAL) {
		return error_set(err, errno, "change the root");
	}
	if (chroot(".") < 0)
		return error_set(err, errno, "change the root");
	*ret_root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_root < 0 || fchdir(*ret_root) < 0)
		return error_set(err, errno, "open the root");
	return 0;
}

static int drop_capabilities(bool makes_devices, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	/* Also from the set that an exec could give back, though the filter leaves no exec. */
	for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
		;
	if (errno != EINVAL) /* it was the one after the last */
		return error_set(err, errno, "drop capabilities");
	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "read capabilities");
	data[0].effective = data[0].permitted &= KEPT | (makes_devices ? 1U << CAP_MKNOD : 0);
	data[1].effective = data[1].permitted = 0;
	data[0].inheritable = data[1].inheritable = 0;
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, errno, "drop capabilities");
	return 0;
}

int confine_root(int directory, bool makes_devices, uint64_t max_file_bytes, uint64_t max_memory_bytes,
		 int *ret_root, struct error *err)
{
	autoclose int root = -1;
	int result = set_limits(max_file_bytes, max_memory_bytes, err);

	if (result == 0)
		result = leave_null(err);
	if (result == 0)
		result = enter_root(directory, &root, err);
	if (result == 0)
		result = drop_capabilities(makes_devices, err);
	if (result < 0)
		return error_add(err, "confine hull-unpack");
	/* What it cannot do, its memory should not help another to do. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "confine hull-unpack");
	*ret_root = take_fd(&root);
	return 0;
}
