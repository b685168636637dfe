/* Detached mounts that hull makes on the host; see sources.h. */
#include "runtime/linux/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/syscalls.h"

#include "base/banned.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

int sources_write_map(int proc, const char *file, const struct plan *plan, struct plan_list map,
		      struct error *err)
{
	autotext struct text lines = TEXT_EMPTY;

	for (PLAN_EACH(struct plan_id_map, entry, plan, map))
		text_format(&lines, "%u %u %u\n", entry->container_id, entry->host_id, entry->size);
	int result = text_done(&lines, err);
	return result < 0 ? result : fd_write_file_at(proc, file, lines.data, err);
}

/* The process that holds the namespace while its maps are written; it does nothing but wait. */
static pid_t start_holder(struct pidfd *ret)
{
	int pidfd = -1;
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_PIDFD,
				   .pidfd = (uint64_t)(uintptr_t)&pidfd,
				   .exit_signal = SIGCHLD };
	pid_t parent = getpid();
	long pid = sys_call6(__NR_clone3, SYS_PTR(&args), sizeof(args), 0, 0, 0, 0);

	/* It has our descriptors, the container's lock among them: it must not outlive us. */
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent))
		_exit(1);
	if (pid == 0)
		for (;;)
			(void)sys_call6(__NR_ppoll, 0, 0, 0, 0, 0, 0); /* until SIGKILL */
	ret->fd = pidfd;
	return (pid_t)pid;
}

int sources_make_userns(const struct plan *plan, struct plan_list uid_map, struct plan_list gid_map,
			int *ret_fd, struct error *err)
{
	struct pidfd holder = { .fd = -1 };
	struct error ignored;
	char path[32];
	int status;
	pid_t pid = start_holder(&holder);

	if (pid < 0)
		return error_set(err, -pid, "make a user namespace");
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	autoclose int held = holder.fd;
	autoclose int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = proc < 0 ? error_set(err, errno, "open \"%s\"", path) : 0;
	if (result == 0)
		result = sources_write_map(proc, "uid_map", plan, uid_map, err);
	if (result == 0)
		result = sources_write_map(proc, "gid_map", plan, gid_map, err);
	int fd = result < 0 ? -1 : openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	if (result == 0 && fd < 0)
		result = error_set(err, errno, "open a user namespace");
	ignore_failure(process_signal(&holder, SIGKILL, &ignored)); /* it waits for nothing else */
	ignore_failure(process_reap(&holder, &status, &ignored));   /* our child, and it is dying */
	if (result == 0)
		*ret_fd = fd;
	return result;
}

static int open_tree_clone(const char *path, bool recursive, const struct plan *head, int *ret_fd,
			   struct error *err)
{
	struct mount_attr attr = { .propagation = head->host_propagation & ~(uint64_t)MS_REC };
	long fd = sys_call6(__NR_open_tree, AT_FDCWD, SYS_PTR(path),
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0), 0, 0, 0);

	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", path);
	autoclose int owned = (int)fd;
	/* A clone is a peer of the host's mount: what happens inside must not reach it unless asked for,
	 * and never from a user namespace (the kernel makes slaves when it copies mounts into one). */
	if ((head->flags & PLAN_NEW_USER) != 0 && attr.propagation == MS_SHARED)
		attr.propagation = MS_SLAVE;
	long result = sys_call6(__NR_mount_setattr, owned, SYS_PTR(""), AT_EMPTY_PATH | AT_RECURSIVE,
				SYS_PTR(&attr), sizeof(attr), 0);
	if (result < 0)
		return error_set(err, (int)-result, "set the propagation of \"%s\"", path);
	*ret_fd = take_fd(&owned);
	return 0;
}

static int map_ids(int fd, const struct plan *plan, const struct plan *head, const struct plan_mount *mount,
		   struct error *err)
{
	bool own = mount->uid_map.count > 0;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	autoclose int userns = -1;
	int result = sources_make_userns(plan, own ? mount->uid_map : head->uid_map,
					 own ? mount->gid_map : head->gid_map, &userns, err);

	if (result < 0)
		return result;
	attr.userns_fd = (uint32_t)userns;
	long set = sys_call6(__NR_mount_setattr, fd, SYS_PTR(""),
			     AT_EMPTY_PATH | ((mount->flags & PLAN_MOUNT_IDMAP_TREE) != 0 ? AT_RECURSIVE : 0),
			     SYS_PTR(&attr), sizeof(attr), 0);
	return set < 0 ? error_set(err, (int)-set, "map the ids of \"%s\"", plan_text(plan, mount->source))
		       : 0;
}

int sources_open(struct plan_builder *builder, struct error *err)
{
	struct plan *head = &builder->head;
	/* The block is not finished: its lists are in place, its head is still the builder's. */
	const struct plan *plan = (const struct plan *)(const void *)builder->block.data;
	int result = 0;

	if (head->fds.root < 0 && (head->flags & PLAN_NEW_USER) != 0 &&
	    (head->flags & PLAN_HAS_MOUNT_NS) != 0)
		result = open_tree_clone(plan_text(plan, head->rootfs), true, head, &head->fds.root, err);
	for (PLAN_EACH(struct plan_mount, mount, plan, head->mounts)) {
		if (result < 0 || (mount->flags & PLAN_MOUNT_HOST_MADE) == 0)
			continue;
		int32_t *fd = &head->fds.sources[mount->source_index];

		result = open_tree_clone(plan_text(plan, mount->source),
					 (mount->flags & PLAN_MOUNT_RECURSIVE) != 0, head, fd, err);
		if (result == 0 && (mount->flags & PLAN_MOUNT_IDMAP) != 0)
			result = map_ids(*fd, plan, head, mount, err);
	}
	return result;
}

void sources_close(struct plan_fds *fds)
{
	cleanup_close(&fds->root);
	fds->root = -1;
	for (int i = 0; i < PLAN_SOURCES_MAX; i++) {
		cleanup_close(&fds->sources[i]);
		fds->sources[i] = -1;
	}
}
