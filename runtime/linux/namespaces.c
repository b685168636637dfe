/* Namespaces: from the document to the plan; see namespaces.h. */
#include "runtime/linux/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/linux/userns.h"

#include "base/banned.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* hull-init knows namespaces by these places in plan_fds.namespaces. */
_Static_assert(NS_PID == 0 && NS_NETWORK == 1 && NS_MOUNT == 2 && NS_IPC == 3 && NS_UTS == 4 &&
		       NS_USER == 5 && NS_CGROUP == 6 && NS_TIME == 7 && (int)NS_COUNT == PLAN_NS_MAX,
	       "runtime/init/namespaces.c counts on this order");

/* Only a child is born into these. */
#define JOINER_FLAGS ((uint64_t)(CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWTIME))

struct plan_list namespaces_plan_map(struct plan_builder *builder, const struct spec_id_mappings *mappings)
{
	/* The two structs have the same members in the same order. */
	_Static_assert(sizeof(struct plan_id_map) == sizeof(struct spec_id_mapping),
		       "id mappings are copied");
	return build_list(builder, mappings->items, sizeof(mappings->items[0]), mappings->count);
}

uint64_t namespaces_of(const struct spec *spec)
{
	uint64_t flags = 0;

	for (int i = 0; i < NS_COUNT; i++)
		if (spec->linux->namespaces.listed[i])
			flags |= spec_namespace_table[i].clone_flag;
	return flags;
}

int namespaces_plan(const struct spec *spec, bool born_in_cgroup, struct plan_builder *builder,
		    struct error *err)
{
	const struct spec_namespaces *namespaces = &spec->linux->namespaces;
	struct plan *plan = &builder->head;
	uint64_t new = 0, join = 0;

	for (int i = 0; i < NS_COUNT; i++) {
		if (!namespaces->listed[i])
			continue;
		if (namespaces->path[i] != NULL)
			join |= spec_namespace_table[i].clone_flag;
		else
			new |= spec_namespace_table[i].clone_flag;
	}
	if ((join & CLONE_NEWPID) != 0 && (new &CLONE_NEWUSER) != 0)
		return error_set(err, 0,
				 "linux: namespaces: a pid namespace joined by path cannot be combined with "
				 "a new user namespace: proc could not be mounted");

	plan->joiner_flags = join & JOINER_FLAGS;
	plan->join_flags = join & ~JOINER_FLAGS;
	plan->clone_flags = new;
	if ((new &CLONE_NEWUSER) != 0) {
		/* Made in the same clone, net and ipc would belong to nobody: the rest is unshared by
		 * hull-init once it is root of the user namespace. */
		plan->clone_flags = new &(CLONE_NEWUSER | CLONE_NEWPID);
		plan->unshare_flags = new & ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWPID);
		plan->flags |= PLAN_NEW_USER | PLAN_WAIT_GO;
		plan->uid_map = namespaces_plan_map(builder, &spec->linux->uid_mappings);
		plan->gid_map = namespaces_plan_map(builder, &spec->linux->gid_mappings);
	} else if ((new &CLONE_NEWCGROUP) != 0 && !born_in_cgroup) {
		/* After the last cgroup is joined, or its root is the wrong one. */
		plan->clone_flags = new & ~(uint64_t)CLONE_NEWCGROUP;
		plan->unshare_flags = CLONE_NEWCGROUP;
	}
	if (namespaces->listed[NS_USER])
		plan->flags |= PLAN_BIND_DEVICES;
	if (plan->joiner_flags != 0)
		plan->flags |= PLAN_JOINER;
	if ((new &CLONE_NEWNET) != 0)
		plan->flags |= PLAN_LOOPBACK;
	if (namespaces->listed[NS_MOUNT])
		plan->flags |= PLAN_HAS_MOUNT_NS;
	plan->hostname = build_text(builder, spec->hostname);
	plan->domainname = build_text(builder, spec->domainname);
	return 0;
}

/* Pivoting in the host's own mount namespace would move every process of the machine into the rootfs. */
static bool is_hosts_own(int fd)
{
	static const char *const hosts[] = { "/proc/self/ns/mnt", "/proc/1/ns/mnt" };
	struct stat st, host;

	if (fstat(fd, &st) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (stat(hosts[i], &host) == 0 && host.st_dev == st.st_dev && host.st_ino == st.st_ino)
			return true;
	return false;
}

int namespaces_open(const struct spec *spec, struct plan_fds *fds, struct error *err)
{
	const struct spec_namespaces *namespaces = &spec->linux->namespaces;

	for (int i = 0; i < NS_COUNT; i++) {
		const char *path = namespaces->path[i];

		if (!namespaces->listed[i] || path == NULL)
			continue;
		autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			return error_set(err, 0, "namespace \"%s\" does not exist", path);
		if (fd < 0)
			return error_set(err, errno, "open namespace \"%s\"", path);
		if (ioctl(fd, NS_GET_NSTYPE) != (int)spec_namespace_table[i].clone_flag)
			return error_set(err, 0, "\"%s\" is not a %s namespace", path,
					 spec_namespace_table[i].name);
		if (i == NS_MOUNT && is_hosts_own(fd))
			return error_set(err, 0,
					 "mount namespace \"%s\" is the host's: its root would be replaced",
					 path);
		/* engines that join one also tell how it was made */
		if (i == NS_USER && spec->linux->uid_mappings.count + spec->linux->gid_mappings.count > 0) {
			int result = userns_check_maps(spec, fd, err);

			if (result < 0)
				return result;
		}
		fds->namespaces[i] = take_fd(&fd);
	}
	return 0;
}
