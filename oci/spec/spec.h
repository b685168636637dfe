/*
 * config.json of the OCI runtime specification 1.3 as const typed structs. spec_load reads and
 * checks a document; everyone after it sees `const struct spec *`. Strings and arrays live in the
 * spec's arena until spec_free. Absent is not zero: members that may be absent are opt_* or
 * pointers (NULL: absent).
 *
 * What is checked here is what the document says by itself (types, ranges, enums, requirements
 * between members). What needs the host (does the root exist) is checked by those who use it.
 * Unknown members are ignored. Rule numbers in messages and tests are those of the
 * specification digest the tests are named after.
 */
#ifndef HULL_OCI_SPEC_SPEC_H
#define HULL_OCI_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/values.h"

/* GNU C predefines it as 1; here it is the name of a member. */
#undef linux

struct json;

/* Small structs stay on one line. */
/* clang-format off */
struct spec_kv { const char *key, *value; };
struct spec_kvs { size_t count; const struct spec_kv *items; };

struct spec_id_mapping { uint32_t container_id, host_id, size; };
struct spec_id_mappings { size_t count; const struct spec_id_mapping *items; };

struct spec_root {
	const char *path;
	bool readonly;
};

struct spec_mount {
	const char *destination; /* never NULL */
	const char *source;
	const char *type;
	struct strings options;
	struct spec_id_mappings uid_mappings, gid_mappings;
};
struct spec_mounts { size_t count; const struct spec_mount *items; };

struct spec_console_size { uint16_t height, width; };

/* Names are kept as written, also those that spec_capability_number does not know. */
enum spec_capability_set {
	CAPSET_BOUNDING, CAPSET_EFFECTIVE, CAPSET_INHERITABLE, CAPSET_PERMITTED, CAPSET_AMBIENT, CAPSET_COUNT
};
struct spec_capabilities {
	struct strings sets[CAPSET_COUNT]; /* names as written */
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};
struct spec_rlimits { size_t count; const struct spec_rlimit *items; };

struct spec_user {
	uint32_t uid, gid;
	struct opt_u32 umask;
	size_t additional_gid_count;
	const uint32_t *additional_gids;
};

/* sched_setattr(2) */
struct spec_scheduler {
	uint32_t policy; /* SCHED_* */
	int32_t nice, priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* nanoseconds */
};

struct spec_io_priority { int class; int priority; };

struct spec_affinity { const char *initial, *final; };

struct spec_process {
	bool terminal;
	const struct spec_console_size *console_size; /* NULL unless terminal */
	const char *cwd;
	struct strings env;
	struct strings args;
	struct spec_rlimits rlimits;
	const char *apparmor_profile; /* NULL: none */
	const char *selinux_label;    /* NULL: none */
	const struct spec_capabilities *capabilities; /* NULL: absent */
	bool no_new_privileges;
	struct opt_i64 oom_score_adj;
	const struct spec_scheduler *scheduler;
	const struct spec_io_priority *io_priority;
	struct spec_affinity exec_cpu_affinity;
	struct spec_user user;
};

enum spec_hook_kind {
	HOOK_PRESTART, HOOK_CREATE_RUNTIME, HOOK_CREATE_CONTAINER, HOOK_START_CONTAINER, HOOK_POSTSTART,
	HOOK_POSTSTOP, HOOK_KIND_COUNT
};
extern const char *const spec_hook_names[HOOK_KIND_COUNT]; /* "prestart", … as in the document */
struct spec_hook {
	const char *path;
	struct strings args; /* whole argv; empty: argv[0] is the path */
	bool env_set;
	struct strings env;
	struct opt_u32 timeout; /* seconds, at least 1 */
};
struct spec_hook_list { size_t count; const struct spec_hook *items; };
struct spec_hooks { struct spec_hook_list kinds[HOOK_KIND_COUNT]; };

enum spec_namespace { NS_PID, NS_NETWORK, NS_MOUNT, NS_IPC, NS_UTS, NS_USER, NS_CGROUP, NS_TIME, NS_COUNT };
struct spec_namespace_row { const char *name, *proc_name; uint64_t clone_flag; };
extern const struct spec_namespace_row spec_namespace_table[NS_COUNT]; /* "network", "net", CLONE_NEWNET */
struct spec_namespaces {
	bool listed[NS_COUNT];
	const char *path[NS_COUNT]; /* NULL: a new one where listed */
};

struct spec_time_offset { bool set; int64_t secs; uint32_t nanosecs; };

struct spec_device {
	char type; /* 'c' (also for u), 'b', 'p' */
	const char *path;
	uint32_t major, minor;
	struct opt_u32 file_mode, uid, gid;
};
struct spec_devices { size_t count; const struct spec_device *items; };

struct spec_device_rule {
	bool allow;
	char type; /* 'a', 'b', 'c' */
	struct opt_u32 major, minor; /* unset: every */
	bool read, write, mknod;
};

struct spec_memory {
	struct opt_i64 limit, reservation, swap, kernel, kernel_tcp; /* bytes, -1: unlimited */
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};
struct spec_cpu {
	struct opt_u64 shares, burst, period, realtime_period;
	struct opt_i64 quota, realtime_runtime, idle; /* microseconds */
	const char *cpus, *mems;
};
struct spec_weight_device { uint32_t major, minor; struct opt_u16 weight, leaf_weight; };
struct spec_throttle_device { uint32_t major, minor; uint64_t rate; };
struct spec_throttle_devices { size_t count; const struct spec_throttle_device *items; };
struct spec_block_io {
	struct opt_u16 weight, leaf_weight;
	size_t weight_device_count;
	const struct spec_weight_device *weight_devices;
	struct spec_throttle_devices read_bps, write_bps, read_iops, write_iops;
};
struct spec_hugepage_limit { const char *page_size; uint64_t limit; };
struct spec_net_priority { const char *name; uint32_t priority; };
struct spec_rdma { const char *device; struct opt_u32 hca_handles, hca_objects; };

struct spec_resources {
	size_t device_rule_count;
	const struct spec_device_rule *device_rules;
	struct spec_memory memory;
	struct spec_cpu cpu;
	struct opt_i64 pids_limit;
	struct spec_block_io block_io;
	size_t hugepage_count;
	const struct spec_hugepage_limit *hugepages;
	struct opt_u32 net_class_id;
	size_t net_priority_count;
	const struct spec_net_priority *net_priorities;
	size_t rdma_count;
	const struct spec_rdma *rdma;
	struct spec_kvs unified; /* file name -> value */
};

/* SECCOMP_RET_* actions by their specification names. */
enum spec_seccomp_action {
	SC_KILL_THREAD, SC_KILL_PROCESS, SC_TRAP, SC_ERRNO, SC_TRACE, SC_ALLOW, SC_LOG, SC_NOTIFY,
	SC_ACTION_COUNT
};
enum spec_seccomp_op { SC_NE, SC_LT, SC_LE, SC_EQ, SC_GE, SC_GT, SC_MASKED_EQ, SC_OP_COUNT };
struct spec_seccomp_arg { uint32_t index; uint64_t value, value_two; enum spec_seccomp_op op; };
struct spec_seccomp_rule {
	struct strings names;
	enum spec_seccomp_action action;
	struct opt_u32 errno_ret;
	size_t arg_count;
	const struct spec_seccomp_arg *args;
};
struct spec_seccomp {
	enum spec_seccomp_action default_action;
	struct opt_u32 default_errno_ret;
	struct strings architectures; /* SCMP_ARCH_* names, checked */
	bool flags_set;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_*; TSYNC is dropped: a single thread installs it */
	const char *listener_path, *listener_metadata;
	size_t rule_count;
	const struct spec_seccomp_rule *rules;
	bool uses_notify;
};

enum spec_propagation {
	PROPAGATION_UNSET, PROPAGATION_SHARED, PROPAGATION_SLAVE, PROPAGATION_PRIVATE, PROPAGATION_UNBINDABLE
};

struct spec_linux {
	struct spec_namespaces namespaces;
	struct spec_id_mappings uid_mappings, gid_mappings;
	struct spec_time_offset time_monotonic, time_boottime;
	struct spec_devices devices;
	const char *cgroups_path; /* NULL: absent or empty */
	const struct spec_resources *resources; /* NULL: absent */
	const struct spec_seccomp *seccomp;
	struct spec_kvs sysctl; /* key: path below /proc/sys ("net/ipv4/ip_forward", R-192), checked */
	enum spec_propagation rootfs_propagation;
	bool rootfs_propagation_recursive;
	struct strings masked_paths, readonly_paths;
	const char *mount_label;
	bool personality_set;
	uint32_t personality; /* personality(2) */
};

struct spec {
	struct arena *arena; /* owns everything below */
	const char *oci_version;
	const struct spec_root *root;       /* never NULL after spec_load */
	struct spec_mounts mounts;
	const struct spec_process *process; /* NULL: absent, then start refuses */
	const char *hostname, *domainname;
	struct spec_hooks hooks;
	struct spec_kvs annotations;
	const struct spec_linux *linux;     /* never NULL: an absent object reads as empty */
	/* What is accepted but worth a line in the log: a relative mount destination, a newer version. */
	struct strings warnings;
	/* Members that are valid but not carried out yet; the first makes create refuse by name. */
	struct strings unsupported;
	const struct json *json; /* the whole document, for what keeps original text */
};

/* clang-format on */

/* The one version that state and features report. */
#define SPEC_VERSION "1.3.0"
#define SPEC_VERSION_MIN "1.0.0"

/*
 * Parse and check the document @bytes; @name starts every message.
 * Errors: -EINVAL with the JSON path; -EFBIG larger than JSON_MAX_BYTES; -ENOMEM.
 */
must_check int spec_parse(const char *name, const char *bytes, size_t length, struct spec **ret,
			  struct error *err);
/*
 * Read config.json in the directory @bundle_fd: a regular file (a FIFO or device is refused without
 * blocking), at most JSON_MAX_BYTES. Also hands out the bytes (to be kept as the container's copy)
 * when @ret_bytes is not NULL; the caller frees them.
 */
must_check int spec_load(int bundle_fd, struct spec **ret, char **ret_bytes, size_t *ret_length,
			 struct error *err);
/* Accepts NULL. */
void spec_free(struct spec *spec);

/*
 * A document that holds one process object (exec --process) or one LinuxResources object (update
 * --resources). @ret_arena owns the result; the caller releases it with arena_release and frees it.
 */
must_check int spec_parse_process(const char *name, const char *bytes, size_t length, struct arena *arena,
				  const struct spec_process **ret, struct error *err);
must_check int spec_parse_resources(const char *name, const char *bytes, size_t length, struct arena *arena,
				    const struct spec_resources **ret, struct error *err);

/* "CAP_SYS_ADMIN" (any case, prefix optional) -> 21; -1 where the kernel's headers have no such name. */
int spec_capability_number(const char *name);
/* The reverse, "CAP_SYS_ADMIN"; NULL past the last. */
const char *spec_capability_name(unsigned number);
/* "RLIMIT_NOFILE" -> RLIMIT_NOFILE; -1 unknown. */
int spec_rlimit_number(const char *name);
const char *spec_rlimit_name(unsigned number);
/* "SIGTERM", "term", "15" -> 15, "SIGRTMIN+3" -> 37 as docker counts; -1 unknown. */
int spec_signal_number(const char *name);

#endif
