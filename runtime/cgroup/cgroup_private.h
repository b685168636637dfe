/*
 * What the files of runtime/cgroup/ share among themselves. Nobody outside includes it.
 */
#ifndef HULL_RUNTIME_CGROUP_CGROUP_PRIVATE_H
#define HULL_RUNTIME_CGROUP_CGROUP_PRIVATE_H

#include <stdarg.h>

#include "runtime/cgroup/cgroup.h"

struct bpf_insn;
struct text;

/* Every value of a cgroup file that is read at once fits here; lists of pids are read whole. */
#define CGROUP_VALUE_SIZE 4096

/* The container's directory in one hierarchy, held open. */
struct cgroup_dir {
	char *controllers; /* as in struct cgroup_hierarchy */
	char *mount_point;
	char *path;
	int fd;
	bool unified; /* version 2 */
	bool made;    /* by this cgroup_create */
	size_t kept;  /* length of the part of path that was there before it */
};

struct cgroup {
	size_t count;
	struct cgroup_dir dirs[CGROUP_MAX_HIERARCHIES];
};

/* --- paths.c ---------------------------------------------------------------------------------- */

/* cgroup_paths_make on the text of /proc/self/mountinfo and /proc/self/cgroup. */
must_check int cgroup_paths_decide(const char *mountinfo, const char *own_cgroups, const char *cgroups_path,
				   const char *id, struct cgroup_paths *ret, struct error *err);

/* --- cgroup.c --------------------------------------------------------------------------------- */

/* The directory of version 1 @controller, or NULL. */
const struct cgroup_dir *cgroup_find_v1(const struct cgroup *cgroup, const char *controller);
/* The version 2 directory, or NULL. */
const struct cgroup_dir *cgroup_find_v2(const struct cgroup *cgroup);
/* True where the comma-separated list @controllers has @name. */
bool cgroup_list_has(const char *controllers, const char *name);

/* --- file.c: one file of a cgroup directory --------------------------------------------------- */

/* Read once into @buffer, NUL-terminated, without the final newline. Errors: those of open, read. */
must_check int cgroup_file_read(int dir, const char *file, char *buffer, size_t room, struct error *err);
/* One write(2) of @value, or of printf text. Errors: those of open, write; EINTR is retried. */
must_check int cgroup_file_write(int dir, const char *file, const char *value, struct error *err);
must_check int cgroup_file_print(int dir, const char *file, struct error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same where failing is of no consequence, or is seen by what follows. */
bool cgroup_file_try(int dir, const char *file, const char *value);
bool cgroup_file_exists(int dir, const char *file);
/* An unsigned number; "max" is UINT64_MAX. */
must_check int cgroup_file_read_u64(int dir, const char *file, uint64_t *ret, struct error *err);
/* The number behind "@key " at the start of a line of @text, or @otherwise. */
uint64_t cgroup_file_key(const char *text, const char *key, uint64_t otherwise);
/* Between two looks at a file that has no event. */
void cgroup_file_sleep_ms(int ms);

/* --- controllers.c: what must hold before a directory can be used ----------------------------- */

/*
 * Version 2: enable all controllers for the directory @dir at @path, where it has fewer than the
 * hierarchy. What cannot be enabled is left out: the file that needs it will be missing.
 */
void cgroup_controllers_complete(int mount, int dir, const char *path);
/* The same for one controller of an open cgroup. */
void cgroup_controllers_enable_for(const struct cgroup_dir *dir, const char *controller);
/* True where @dir has @controller. */
bool cgroup_controllers_available(const struct cgroup_dir *dir, const char *controller);
/* Version 1: give every directory of @path without cpus and mems those of its parent. */
must_check int cgroup_controllers_copy_cpuset(int mount, int dir, const char *path, struct error *err);

/* --- limits.c, limits_v1.c, limits_v2.c ------------------------------------------------------- */

typedef int cgroup_limit_setter(const struct cgroup_dir *dir, const struct spec_resources *resources,
				struct text *warnings, struct error *err);
cgroup_limit_setter cgroup_limits_v1_memory_soft, cgroup_limits_v1_memory_hard, cgroup_limits_v1_cpu_weight,
	cgroup_limits_v1_cpu_bandwidth, cgroup_limits_v1_block_io, cgroup_limits_v1_net_class,
	cgroup_limits_v1_net_priorities;
cgroup_limit_setter cgroup_limits_v2_memory_soft, cgroup_limits_v2_memory_hard, cgroup_limits_v2_cpu_weight,
	cgroup_limits_v2_cpu_bandwidth, cgroup_limits_v2_block_io, cgroup_limits_v2_unified;

/* A line for @warnings, which may be NULL. */
void cgroup_limits_warn(struct text *warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * Write the limit @file of @controller. On version 2 a missing file first has its controller
 * enabled on the way. Errors: -ENOENT naming the controller, those of write.
 */
must_check int cgroup_limits_write(const struct cgroup_dir *dir, const char *controller, const char *file,
				   struct error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* cpu.shares as cpu.weight: 1 to 10000; 0 stays 0. */
uint64_t cgroup_limits_v2_weight(uint64_t shares);
/* blkio.weight 10 to 1000 as io.weight 1 to 10000. */
uint64_t cgroup_limits_v2_io_weight(uint64_t weight);
/*
 * memory.swap (memory plus swap) as memory.swap.max. @ret_set false: leave the file alone;
 * @ret -1: "max". Errors: -EINVAL as runc words it.
 */
must_check int cgroup_limits_v2_swap(int64_t swap, int64_t memory, bool *ret_set, int64_t *ret,
				     struct error *err);
/* A size of the form 2MB, 1GB. */
bool cgroup_limits_page_size_valid(const char *page_size);

/* --- devices.c -------------------------------------------------------------------------------- */

/* As BPF_DEVCG_ACC_* in linux/bpf.h. */
#define CGROUP_DEVICE_MKNOD 1
#define CGROUP_DEVICE_READ 2
#define CGROUP_DEVICE_WRITE 4
#define CGROUP_DEVICE_ALL 7
#define CGROUP_DEVICE_ANY UINT32_MAX /* as major or minor: all of them */

struct cgroup_device {
	bool allow;
	bool builtin; /* from hull's default list */
	char type;    /* 'a' (both), 'b', 'c' */
	uint32_t major, minor;
	unsigned access;
};

/* What is allowed when no item matches; of the items the last one that matches decides. */
struct cgroup_device_list {
	bool allow;
	size_t count;
	struct cgroup_device *items;
};

/* @rules, then the default list, without what has no effect. */
must_check int cgroup_devices_make(const struct spec_device_rule *rules, size_t count,
				   struct cgroup_device_list *ret, struct error *err);
/*
 * The same as version 1 can hold it: exceptions from the default, all of one kind.
 * Errors: -EINVAL a rule that would cut a hole into a wider one.
 */
must_check int cgroup_devices_fold_v1(const struct cgroup_device_list *list, struct cgroup_device_list *ret,
				      struct error *err);
void cgroup_devices_release(struct cgroup_device_list *list);
/* "c 1:3 rwm" */
void cgroup_devices_format(const struct cgroup_device *device, char *ret, size_t room);

/* --- devices_bpf.c ---------------------------------------------------------------------------- */

/* The program for @list; the caller frees *@ret. */
must_check int cgroup_devices_bpf_make(const struct cgroup_device_list *list, struct bpf_insn **ret,
				       size_t *ret_count, struct error *err);
/* The name under which a program is pinned: the list itself. False: too long to be pinned. */
bool cgroup_devices_bpf_name(const struct cgroup_device_list *list, char *ret, size_t room);
/* Load (or take from its pin) and attach. */
must_check int cgroup_devices_bpf_set(const struct cgroup_dir *dir, const struct cgroup_device_list *list,
				      struct error *err);

#endif
