/*
 * A container's directory below the state root, and the state file in it. Status is derived from
 * kernel facts and never stored: hull-init's lock, the process, the freezer.
 *
 *   <root>/<id>/  0700   state        who the container is (this file's format)
 *                        config.json  the document as it was at create
 *                        created      empty; locked by hull-init until it executes the program
 *                        gate         socket on which hull-init waits for start
 * The directory itself is locked (flock) during transitions.
 */
#ifndef HULL_RUNTIME_CONTAINER_STATE_H
#define HULL_RUNTIME_CONTAINER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/process.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/container.h"

enum {
	STATE_PUBLISHED = 1 << 0,  /* create has finished; without it the container is being created */
	STATE_SHARED_PID = 1 << 1, /* no pid namespace of its own: the cgroup says who belongs to it */
	STATE_POSTSTART = 1 << 2,  /* hooks that start and delete have to run */
	STATE_POSTSTOP = 1 << 3,
	STATE_NO_PROCESS = 1 << 4, /* the document has no process: start refuses */
	STATE_NOTIFY = 1 << 5,     /* start relays READY=1 to NOTIFY_SOCKET */
	STATE_KEYRING = 1 << 6,    /* a session keyring of its own, which exec joins by name */
};

struct state {
	uint32_t flags;         /* STATE_* */
	struct process_id init; /* of the container's first process; pid 0: none yet */
	uint64_t namespaces;    /* CLONE_NEW* in which it differs from the host: what exec enters */
	char *bundle, *rootfs;
	char *created;     /* RFC 3339, nanoseconds, UTC */
	char *annotations; /* JSON object, "" for none */
	struct cgroup_paths cgroups;
};

void state_release(struct state *state);

/* The root directory, made 0700 when @make. Errors: -ENOENT. */
must_check int state_open_root(const struct container_context *context, bool make, int *ret_fd,
			       struct error *err);
/* Errors: -ENOENT "container does not exist". */
must_check int state_open_directory(const struct container_context *context, const char *id, int *ret_fd,
				    struct error *err);
/*
 * Make <root>/<id> and open it. Before it is locked, others may delete it and make it anew: it belongs to
 * who holds its lock and makes hull-init's (state_lock_init) in it. Errors: -EEXIST "container with given
 * ID already exists".
 */
must_check int state_claim(int root_fd, const char *id, int *ret_fd, struct error *err);
/* Remove <root>/<id> with what hull put there. Missing is fine. */
must_check int state_drop(int root_fd, const char *id, struct error *err);

/* Written beside and renamed over the old one. */
must_check int state_save(int dir, const struct state *state, struct error *err);
/* Errors: -ENOENT no state file; -EINVAL not one of hull's or not trustworthy (owner, mode). */
must_check int state_load(int dir, struct state *ret, struct error *err);

/* Hold the container's lock: waits for other transitions. The lock ends with the descriptor. */
must_check int state_lock(int dir, int *ret_fd, struct error *err);
/*
 * Make and take the lock of hull-init; it lives as long as a copy of the descriptor. Errors: -EEXIST the
 * directory is another create's, as for state_claim.
 */
must_check int state_lock_init(int dir, int *ret_fd, struct error *err);

/*
 * What the container is doing now. @ret_pidfd, where not NULL, holds its process unless it is
 * stopped (then -1).
 */
must_check int state_status(int dir, const struct state *state, enum container_status *ret,
			    struct pidfd *ret_pidfd, struct error *err);

/* A directory opened, its state loaded. */
struct opened {
	int dir; /* -1: none */
	struct state state;
};
void opened_release(struct opened *opened);
#define auto_opened __attribute__((cleanup(opened_release)))
#define OPENED_EMPTY ((struct opened){ .dir = -1 })
/* Check the id, open, load. Errors: -ENOENT "container does not exist". */
must_check int state_open(const struct container_context *context, const char *id, struct opened *ret,
			  struct error *err);

#endif
