/*
 * The door to cgroups: version 1, hybrid hosts (each controller where it lives) and version 2
 * behind one set of functions. Callers never see which it is.
 *
 * cgroup_paths are plain data (which directory in which hierarchy); they are decided without
 * effects, printed in the plan, and kept in the container's state. A struct cgroup holds the open
 * directories. Every file is opened beneath a held directory descriptor, without symlinks and
 * without crossing devices.
 */
#ifndef HULL_RUNTIME_CGROUP_CGROUP_H
#define HULL_RUNTIME_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/spec/spec.h"

#define CGROUP_MAX_HIERARCHIES 20

/* One mounted hierarchy and the container's directory in it. Strings are owned by the paths. */
struct cgroup_hierarchy {
	char *controllers; /* "cpu,cpuacct", "name=systemd"; "" for the version 2 hierarchy */
	char *mount_point; /* /sys/fs/cgroup/memory */
	char *path;        /* of the container, below mount_point, begins with "/" */
};

struct cgroup_paths {
	size_t count;
	struct cgroup_hierarchy items[CGROUP_MAX_HIERARCHIES];
};

/*
 * Decide where the container's cgroups are, from @cgroups_path (linux.cgroupsPath, NULL absent)
 * and @id, as runc does: absolute below each mount point; relative and absent below the caller's
 * own cgroup (version 1) or its parent (version 2). Reads /proc/self/{mountinfo,cgroup}; no effects.
 * A machine without any cgroup mount gives count 0.
 * Errors: -EINVAL a path that leaves the hierarchy or holds "..".
 */
must_check int cgroup_paths_make(const char *cgroups_path, const char *id, struct cgroup_paths *ret,
				 struct error *err);
void cgroup_paths_release(struct cgroup_paths *paths);
/* As lines "controllers\tmount point\tpath\n", and back. For the state file and for printing. */
struct text;
void cgroup_paths_format(const struct cgroup_paths *paths, struct text *ret);
must_check int cgroup_paths_parse(const char *text, struct cgroup_paths *ret, struct error *err);

struct cgroup;

/*
 * Create the directories (and, on version 2, enable controllers on the way), open them.
 * Directories that were there before are used but never removed by a failed create.
 * Errors: -EBUSY the cgroup has processes ("container's cgroup is not empty: N process(es) found"),
 * or is frozen ("container's cgroup unexpectedly frozen"); those of mkdir. On error nothing made
 * here is left.
 */
must_check int cgroup_create(const struct cgroup_paths *paths, struct cgroup **ret, struct error *err);
/* Open what exists; hierarchies that are gone are skipped. */
must_check int cgroup_open(const struct cgroup_paths *paths, struct cgroup **ret, struct error *err);
/*
 * For one more process: where the version 2 directory hands controllers down, no process may be in it
 * itself (a container with cgroups of its own, as systemd makes them). The directory that the
 * container's process @pid is in takes its place, when that lies below.
 */
must_check int cgroup_follow(struct cgroup *cgroup, pid_t pid, struct error *err);
/* Accepts NULL. Closes, removes nothing. */
void cgroup_free(struct cgroup *cgroup);

/* The version 2 directory for CLONE_INTO_CGROUP, borrowed; -1 where there is none. */
int cgroup_birth_fd(const struct cgroup *cgroup);
/*
 * Descriptors through which a process joins the version 1 directories: it writes "0" to each. A
 * process that moves itself through `tasks` needs no grace period of the whole machine, as moving
 * another by its pid does (several milliseconds). @ret_names, borrowed, says which they are.
 * Returns how many, at most CGROUP_MAX_HIERARCHIES; the caller closes them.
 */
must_check int cgroup_open_joins(const struct cgroup *cgroup, int ret_fds[static CGROUP_MAX_HIERARCHIES],
				 const char *ret_names[static CGROUP_MAX_HIERARCHIES], struct error *err);

/*
 * Apply limits; devices have their own function. CGROUP_EARLY: everything that does not hinder
 * setting the container up (cpuset, cpu weight and real-time budget, io, hugetlb, rdma, network,
 * the soft memory properties); before cgroup_join, because a real-time process enters no cgroup
 * without a budget. CGROUP_FINAL: the tight rest (memory and swap, cpu quota, pids, all of
 * `unified`), just before the gate. CGROUP_UPDATE: both, as `update`. A property the host's version
 * lacks is ignored with a line in @warnings (which may be NULL) or refused exactly as runc does. 0
 * and false mean absent, as engines use them, except for pids.limit and cpu.burst. @resources may
 * be NULL: then nothing is touched, and the caller does not apply device rules either.
 * Errors: -ENOENT a controller is missing (version 2), -EBUSY memory in use above a version 1 limit.
 */
enum cgroup_phase { CGROUP_EARLY, CGROUP_FINAL, CGROUP_UPDATE };
must_check int cgroup_set(const struct cgroup *cgroup, const struct spec_resources *resources,
			  enum cgroup_phase phase, struct text *warnings, struct error *err);
/* Whether CGROUP_FINAL has anything to do for @resources (NULL: no). */
bool cgroup_has_final(const struct spec_resources *resources);
/*
 * Apply device rules: @rules in order, then hull's default list (SPEC 5.3). Version 1 files, or an
 * eBPF program on version 2. A program with identical rules may be taken from a pin. Where the
 * kernel refuses because the caller is in a user namespace, that is no error.
 * Errors: -EINVAL version 1 cannot except a device from a wider rule ("cannot punch hole …").
 */
must_check int cgroup_set_devices(const struct cgroup *cgroup, const struct spec_device_rule *rules,
				  size_t count, struct error *err);

/*
 * Freeze every process and wait until the kernel reports it.
 * @timeout_ms: 0 waits forever.
 * Errors: -ETIMEDOUT some process would not freeze (it is thawed again); -EOPNOTSUPP no freezer.
 */
must_check int cgroup_freeze(const struct cgroup *cgroup, int timeout_ms, struct error *err);
must_check int cgroup_thaw(const struct cgroup *cgroup, struct error *err);
must_check int cgroup_is_frozen(const struct cgroup *cgroup, bool *ret, struct error *err);
/* The same without opening the whole cgroup. A cgroup that is gone is an error and not frozen. */
must_check int cgroup_paths_frozen(const struct cgroup_paths *paths, bool *ret, struct error *err);
/* SIGKILL to every process in the cgroup and below: cgroup.kill, or freeze + kill + thaw. */
must_check int cgroup_kill(const struct cgroup *cgroup, struct error *err);
/* Every pid in the cgroup and below; the caller frees. */
must_check int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_count, struct error *err);
/*
 * Take back what cgroup_create made, and only that: a directory that was there before stays. Waits
 * up to @timeout_ms for processes that are ending.
 */
void cgroup_undo(const struct cgroup *cgroup, int timeout_ms);
/*
 * Remove the directories with all below them, deepest first; EBUSY is retried for up to
 * @timeout_ms. Missing ones are fine.
 */
must_check int cgroup_remove(const struct cgroup_paths *paths, int timeout_ms, struct error *err);
/* How often the kernel's OOM killer has hit this cgroup; 0 where it cannot be told. */
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);

#endif
