/*
 * The plan: everything that hull-init will do for one container process, decided. One flat block
 * without pointers: offsets from its start, so that it can be sealed in a memfd, mapped by
 * hull-init, and printed. Made by runtime/linux and runtime/container from a `const struct spec`;
 * carried out by runtime/init. The only header besides base/'s codeless ones that both sides share.
 *
 * hull and hull-init are one build (hull carries hull-init in its own text), so the block needs no
 * compatibility across versions; magic and size only catch a wrong descriptor.
 */
#ifndef HULL_RUNTIME_PLAN_PLAN_H
#define HULL_RUNTIME_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC 0x4c4c5548U /* "HULL" */

/* A NUL-terminated string in the block; offset 0: absent. */
struct plan_text {
	uint32_t offset;
};

/* @count items of one type, the type is named where the list is declared. */
struct plan_list {
	uint32_t offset, count;
};

/* --- mounts ------------------------------------------------------------------------------------ */

enum plan_mount_kind {
	PLAN_MOUNT_FS,        /* a new instance of a file system: fsopen, fsmount */
	PLAN_MOUNT_BIND,      /* a clone of a mounted tree: open_tree */
	PLAN_MOUNT_CGROUP_V1, /* a tmpfs with the container's directory of each controller bound in it */
	PLAN_MOUNT_REMOUNT,   /* change the attributes of what is mounted at the destination */
};

enum {
	PLAN_MOUNT_RECURSIVE = 1 << 0,     /* bind: the whole tree (rbind) */
	PLAN_MOUNT_LATE_READONLY = 1 << 1, /* becomes read-only after devices and mount points are made */
	PLAN_MOUNT_COPY_UP = 1 << 2,       /* tmpfs: starts with a copy of the directory it covers */
	PLAN_MOUNT_INHERIT_MODE = 1 << 3,  /* tmpfs without mode=: takes the covered directory's, else 1777 */
	PLAN_MOUNT_LEGACY = 1 << 4,        /* a value does not fit fsconfig(2): mount(2) with @data */
	PLAN_MOUNT_REAL_DIRECTORY = 1 << 5, /* proc, sysfs: the destination must not be a symlink */
	PLAN_MOUNT_IS_DEV = 1 << 6,         /* the destination is /dev */
	PLAN_MOUNT_HOST_MADE = 1 << 7,      /* hull opened the source: fd in plan_fds.sources[source_index] */
	PLAN_MOUNT_IDMAP = 1 << 8, /* id-mapped by uid_map and gid_map, or by the container's when empty */
	PLAN_MOUNT_IDMAP_TREE = 1 << 9, /* with everything mounted below it */
};

struct plan_param { /* fsconfig(2): a flag where @value is absent */
	struct plan_text key, value;
};

struct plan_mount {
	uint32_t kind;  /* enum plan_mount_kind */
	uint32_t flags; /* PLAN_MOUNT_* */
	struct plan_text destination, source, fstype, data;
	struct plan_list params;           /* struct plan_param */
	struct plan_list propagation;      /* uint64_t MS_*, applied in order */
	struct plan_list binds;            /* CGROUP_V1: struct plan_cgroup_bind */
	struct plan_list uid_map, gid_map; /* IDMAP: struct plan_id_map */
	uint32_t source_index, reserved;   /* HOST_MADE */
	uint64_t attr_set, attr_clr;       /* MOUNT_ATTR_* of this mount */
	uint64_t tree_set, tree_clr;       /* MOUNT_ATTR_* of the whole tree (rro, …) */
	uint64_t ms_flags;                 /* LEGACY: MS_* for mount(2) */
};

struct plan_cgroup_bind {
	struct plan_text name;   /* directory in the tmpfs: "memory", "cpu,cpuacct" */
	struct plan_text source; /* host directory */
	struct plan_list links;  /* struct plan_text: symlinks beside it, "cpu" -> "cpu,cpuacct" */
};

/* --- devices, paths ---------------------------------------------------------------------------- */

struct plan_device {
	struct plan_text path;
	uint32_t mode; /* S_IFCHR, S_IFBLK or S_IFIFO and permissions */
	uint32_t major, minor, uid, gid;
	uint32_t listed; /* in the document: an unlike node at its path is an error */
};

struct plan_link {
	struct plan_text path, target;
	uint32_t replace; /* remove what is there: /dev/ptmx */
};

struct plan_sysctl {
	struct plan_text file, value; /* below /proc/sys */
};

/* --- process ----------------------------------------------------------------------------------- */

struct plan_hook {
	struct plan_text path;
	struct plan_list args, env; /* struct plan_text */
	uint32_t timeout_s;         /* 0: none */
};

struct plan_rlimit {
	uint32_t resource, reserved;
	uint64_t soft, hard;
};

struct plan_id_map {
	uint32_t container_id, host_id, size;
};

struct plan_capabilities {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

/*
 * Descriptors that hull-init inherits, by number; -1: none. hull fills them just before the block
 * is sealed. hull-init's first act is to set close-on-exec on all of them again.
 */
enum { PLAN_NS_MAX = 8, PLAN_SOURCES_MAX = 256, PLAN_JOINS_MAX = 20 };
struct plan_fds {
	int32_t sync;           /* the conversation with hull (sync.h) */
	int32_t gate;           /* listening socket that start connects to; -1: START comes by sync */
	int32_t lock;           /* holds "created" until exec closes it */
	int32_t console_socket; /* connected; takes the terminal's master */
	int32_t target;         /* exec: pidfd of the container's init */
	int32_t cgroup;         /* version 2 directory for a joiner's clone, or -1 */
	int32_t root;           /* detached mount of the rootfs that hull made; PLAN_EXEC without a mount
				 * namespace: its directory; or -1 */
	int32_t joins[PLAN_JOINS_MAX];     /* version 1 cgroups: "0" is written to each */
	int32_t namespaces[PLAN_NS_MAX];   /* by enum spec_namespace: to be joined by path */
	int32_t sources[PLAN_SOURCES_MAX]; /* detached mounts that hull made */
};

enum plan_kind { PLAN_CREATE, PLAN_EXEC };

enum {
	PLAN_TERMINAL = 1 << 0,
	PLAN_NO_PIVOT = 1 << 1,
	PLAN_NEW_KEYRING = 1 << 2,
	PLAN_ROOT_READONLY = 1 << 3,
	PLAN_NO_NEW_PRIVS = 1 << 4,
	PLAN_LOOPBACK = 1 << 5, /* a new network namespace: bring lo up */
	PLAN_WAIT_GO = 1 << 6,  /* hull has something to do after clone (id maps) */
	PLAN_RUNTIME_HOOKS =
		1 << 7,             /* prestart or createRuntime: MOUNTS_READY and HOOKS_DONE are exchanged */
	PLAN_DEV_SETUP = 1 << 8,    /* /dev is not a bind mount: default nodes and links are made */
	PLAN_JOINER = 1 << 9,       /* pid, user or time namespaces are entered: a middle process clones */
	PLAN_NEW_USER = 1 << 10,    /* born in a new user namespace */
	PLAN_SETGROUPS = 1 << 11,   /* setgroups is allowed */
	PLAN_HAS_PROCESS = 1 << 12, /* the document has a process: R-051 */
	PLAN_HAS_MOUNT_NS = 1 << 13,
	PLAN_HOME_FROM_PASSWD = 1 << 14, /* no HOME in env: look it up */
	PLAN_PERSONALITY = 1 << 15,
	PLAN_CONSOLE_SIZE = 1 << 16,
	PLAN_USERXATTR = 1 << 19, /* the overlay of layers has its marks in user.overlay.* */
	PLAN_DIRECT = 1 << 18, /* run with nothing left to do in between: from the root to exec in one go */
	PLAN_BIND_DEVICES = 1 << 17, /* a user namespace cannot make nodes: the host's are bound */
};

struct plan {
	uint32_t magic, size; /* size: bytes of the whole block */
	uint32_t kind;        /* enum plan_kind */
	uint32_t flags;       /* PLAN_* */
	struct plan_fds fds;
	struct plan_text id;
	struct plan_text runtime_name;

	/* namespaces, CLONE_NEW* */
	uint64_t clone_flags;   /* of the one clone3 that makes the container's process */
	uint64_t unshare_flags; /* unshared by hull-init itself, after GO */
	uint64_t join_flags;    /* entered by hull-init, each by its own fd in fds.namespaces */
	uint64_t joiner_flags;  /* entered by the joiner before it clones (PLAN_EXEC: by fds.target) */
	uint64_t target_flags;  /* PLAN_EXEC: entered by the process itself after it is in its cgroup */
	struct plan_list uid_map, gid_map; /* struct plan_id_map */
	struct plan_list join_names;       /* struct plan_text: what fds.joins are */

	/* root file system */
	struct plan_text rootfs; /* absolute, on the host */
	struct plan_list
		layers; /* struct plan_text: it is an overlay of these that hull mounts, the topmost first */
	struct plan_text upper, work; /* of that overlay; absent: read-only */
	uint64_t host_propagation;    /* MS_* for "/" before anything is mounted */
	uint64_t root_propagation;    /* MS_* for "/" at the end, 0: none */
	struct plan_list mounts;      /* struct plan_mount */
	struct plan_list devices;     /* struct plan_device */
	struct plan_list links;       /* struct plan_link */
	struct plan_list masked;      /* struct plan_text */
	struct plan_list readonly;    /* struct plan_text */
	struct plan_list sysctls;     /* struct plan_sysctl */
	struct plan_text hostname, domainname;

	/* hooks that run in the container's namespaces */
	struct plan_list create_container_hooks, start_container_hooks; /* struct plan_hook */
	struct plan_text state_head; /* state document up to the status' opening quote */
	struct plan_text state_tail; /* from behind the pid to the end */
	struct plan_text bundle;     /* working directory of createContainer hooks */

	/* process */
	struct plan_text program;    /* args[0] */
	struct plan_list candidates; /* struct plan_text: paths tried in order */
	struct plan_list args, env;  /* struct plan_text */
	struct plan_text cwd;
	uint32_t uid, gid, umask;
	uint32_t personality;
	struct plan_list groups;  /* uint32_t */
	struct plan_list rlimits; /* struct plan_rlimit */
	struct plan_capabilities capabilities;
	struct plan_text oom_score_adj; /* as text for /proc/self/oom_score_adj */
	struct plan_list seccomp;       /* struct sock_filter */
	uint32_t seccomp_flags;
	uint32_t preserve_fds; /* 3 … 3+N-1 stay open */
	uint32_t console_rows, console_columns;
#ifdef HULL_FAULTS
	struct plan_text fault_step; /* of hull-init's tables: fails instead of running */
#endif
};

static inline const char *plan_text(const struct plan *plan, struct plan_text text)
{
	return text.offset == 0 ? NULL : (const char *)plan + text.offset;
}

static inline const void *plan_items(const struct plan *plan, struct plan_list list)
{
	return (const char *)plan + list.offset;
}

/* for (PLAN_EACH(struct plan_mount, mount, plan, plan->mounts)) */
#define PLAN_EACH(type, item, plan, list)                                                                    \
	const type *item = plan_items(plan, list), *item##_end = item + (list).count;                        \
	item < item##_end;                                                                                   \
	item++

#endif
