/* create's parts that run shares: the same steps, with the conversation going on in one process. */
#ifndef HULL_RUNTIME_CONTAINER_CREATE_H
#define HULL_RUNTIME_CONTAINER_CREATE_H

#include "oci/spec/rootfs.h"
#include "runtime/container/container.h"
#include "runtime/container/launch.h"
#include "runtime/container/state.h"
#include "runtime/linux/hooks.h"
#include "runtime/linux/process.h"

/* A container in the making. */
struct creation {
	const struct container_context *context;
	const struct create_options *options;
	int console_socket; /* connected, -1: none */
	bool brief;         /* keep the document in brief for exec (brief.h): not worth it for a short run */
	bool gate;          /* make a gate for `start`; run goes on over the socket it has */

	struct spec *spec;
	struct rootfs rootfs; /* in the spec's arena */
	bool has_rootfs;      /* the root is an overlay of layers */
	char *document;       /* config.json as read */
	size_t document_length;
	char *bundle; /* absolute */
	struct hooks_state hooks_state;
	struct plan_builder builder;
	struct state state;
	int root, dir; /* state root, container directory */
	int lock, gate_fd, init_lock;
	int layer_lock; /* of the writable layer, see owner.h */
	struct cgroup *cgroup;
	struct launch launch;
};

/*
 * Everything up to CREATED and the published state. On error nothing is left, and poststop hooks
 * have run where runtime hooks had. @creation: context, options, console_socket and gate are set;
 * released by creation_release in any case.
 */
must_check int creation_run(struct creation *creation, struct error *err);
void creation_release(struct creation *creation);
#define CREATION_EMPTY                                                                                       \
	((struct creation){ .console_socket = -1,                                                            \
			    .root = -1,                                                                      \
			    .dir = -1,                                                                       \
			    .lock = -1,                                                                      \
			    .gate_fd = -1,                                                                   \
			    .init_lock = -1,                                                                 \
			    .layer_lock = -1,                                                                \
			    .launch = LAUNCH_EMPTY })

#endif
