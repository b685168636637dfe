/*
 * What hull opens of the host before a container in a user namespace is born, because its mapped
 * root could not: the rootfs and the sources of binds, as detached mounts; and id-mapped ones.
 */
#ifndef HULL_RUNTIME_LINUX_SOURCES_H
#define HULL_RUNTIME_LINUX_SOURCES_H

#include "base/error.h"
#include "runtime/plan/build.h"

/*
 * Open everything that the plan in @builder marks PLAN_MOUNT_HOST_MADE, and the rootfs for a new
 * user namespace (unless layers_open made one), into builder->head.fds. The descriptors stay open until
 * sources_close. Errors: those of open_tree and mount_setattr, with the path.
 */
must_check int sources_open(struct plan_builder *builder, struct error *err);
void sources_close(struct plan_fds *fds);

/*
 * A descriptor of a new user namespace with these maps, for MOUNT_ATTR_IDMAP; no process stays.
 * @plan gives the lists' place.
 */
must_check int sources_make_userns(const struct plan *plan, struct plan_list uid_map,
				   struct plan_list gid_map, int *ret_fd, struct error *err);
/* All lines of a map in one write, as the kernel wants them; @proc is /proc/PID. */
must_check int sources_write_map(int proc, const char *file, const struct plan *plan, struct plan_list map,
				 struct error *err);

#endif
