/*
 * hull-init: the container side. A freestanding program that hull starts from a sealed memfd right
 * after clone, before it enters any file system of the container's. It maps the plan, carries it
 * out step by step (steps.c), reports through the sync socket, waits at the gate and executes the
 * user's program. It links nothing: no libc, no allocator.
 *
 * One function per step, `int init_NAME(struct init *init, struct error *err)`; the step's name in
 * the table is the error's context.
 */
#ifndef HULL_RUNTIME_INIT_INIT_H
#define HULL_RUNTIME_INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/sync.h"

enum { INIT_LATE_MAX = 256, INIT_PATH_MAX = 4096 };

/* The few things that one step hands to a later one: descriptors, and what was looked up. */
struct init {
	const struct plan *plan;
	int peer;                /* the socket of the conversation: sync, later the gate's connection */
	int proc;                /* the host's procfs, verified; -1 once closed */
	int root;                /* the container's root: a mount of its own */
	int null;                /* the host's /dev/null, verified: covers masked files */
	int late[INIT_LATE_MAX]; /* mounts that become read-only at the end */
	unsigned late_count;
	const char *program; /* the candidate that was found */
	const char *const *argv;
	const char *const *envp;
};

/* --- support ----------------------------------------------------------------------------------- */

/* Memory that is never freed: anonymous pages. NULL when there is none. */
void *memory_take(size_t size);
size_t string_length(const char *text);
bool string_equal(const char *a, const char *b);
bool string_starts(const char *text, const char *prefix);
/* @a and @b joined in @buffer; false when they do not fit. */
bool string_join(char *buffer, size_t room, const char *a, const char *b);
/* @value in base @base (8 or 10); returns @buffer. 24 bytes suffice. */
char *string_number(char *buffer, unsigned long long value, unsigned base);

/* Like openat2(2) below @dir with RESOLVE_IN_ROOT and no magic links, asked again on EAGAIN. */
long root_open(int root, const char *path, int flags, unsigned long long more_resolve);
/*
 * Open what @path names in @root, made where missing: a directory when @directory, else an empty
 * file; parents are directories (0755). Dangling symlinks are followed inside the root.
 */
int root_make(int root, const char *path, bool directory, int *ret_fd, struct error *err);
/*
 * The directory of @path's last part, made where missing; @ret_name points into @path.
 * @no_symlinks: refuse a symlink on the way.
 */
int root_make_parent(int root, const char *path, bool no_symlinks, int *ret_fd, const char **ret_name,
		     struct error *err);

/* Send @step to the peer. A peer that is gone is no error here: the next expect sees it. */
void sync_send(struct init *init, enum sync_step step, int value);
/* Send FAILED with @err. */
void sync_send_failed(int peer, const struct error *err);
/* Wait for @step and nothing else. Errors: -EPIPE the peer closed, -EPROTO another step came. */
int sync_expect(struct init *init, enum sync_step step, struct error *err);

/*
 * Enter the namespaces @which (CLONE_NEW*): by the target's pidfd for PLAN_EXEC, else each by its
 * own descriptor in the plan, the user namespace first and the mount namespace last.
 */
int namespaces_join(const struct plan *plan, uint64_t which, struct error *err);

/* Run every hook of @hooks in order with the state document for @status on stdin. */
int hooks_run(struct init *init, struct plan_list hooks, const char *name, const char *status,
	      struct error *err);

/* The final capability sets of the process; permitted, effective, inheritable, then ambient. */
int credentials_set_capabilities(const struct plan *plan, struct error *err);

/* Copy the tree at the directory @from into the empty directory @to: modes, owners, times of what
 * it holds; devices and sockets too. Nothing is followed. */
int copyup_tree(int from, int to, struct error *err);

/* HOME of @uid from a passwd text, bounded; false when there is none. @text is changed. */
bool passwd_find_home(char *text, size_t length, unsigned uid, char *ret, size_t room);

/* --- steps, in the order of the tables ------------------------------------------------------------ */

int init_wait_go(struct init *init, struct error *err);
int init_open_host(struct init *init, struct error *err);
int init_become_user(struct init *init, struct error *err);
int init_join_cgroups(struct init *init, struct error *err);
int init_join_namespaces(struct init *init, struct error *err);
int init_unshare_namespaces(struct init *init, struct error *err);
int init_join_target(struct init *init, struct error *err);
int init_keyring(struct init *init, struct error *err);
int init_loopback(struct init *init, struct error *err);
int init_hostname(struct init *init, struct error *err);
int init_open_root(struct init *init, struct error *err);
int init_mounts(struct init *init, struct error *err);
int init_devices(struct init *init, struct error *err);
int init_runtime_hooks(struct init *init, struct error *err);
int init_create_container_hooks(struct init *init, struct error *err);
int init_make_cwd(struct init *init, struct error *err);
int init_terminal(struct init *init, struct error *err);
int init_sysctls(struct init *init, struct error *err);
int init_readonly_paths(struct init *init, struct error *err);
int init_masked_paths(struct init *init, struct error *err);
int init_readonly_mounts(struct init *init, struct error *err);
int init_enter_root(struct init *init, struct error *err);
int init_exec_terminal(struct init *init, struct error *err);
int init_stdio(struct init *init, struct error *err);
int init_personality(struct init *init, struct error *err);
int init_close_descriptors(struct init *init, struct error *err);
int init_environment(struct init *init, struct error *err);
int init_groups(struct init *init, struct error *err);
int init_enter_cwd(struct init *init, struct error *err);
int init_find_program(struct init *init, struct error *err);
int init_rlimits(struct init *init, struct error *err);
int init_credentials(struct init *init, struct error *err);
int init_created(struct init *init, struct error *err);
int init_gate(struct init *init, struct error *err);
int init_start_container_hooks(struct init *init, struct error *err);
int init_execute(struct init *init, struct error *err);

/*
 * Carry out the plan in @plan_fd; does not return. Called by start.c with nothing done yet.
 */
_Noreturn void steps_run(int plan_fd);

#endif
