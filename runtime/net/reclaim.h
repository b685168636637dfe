/* Undoing what dead containers have of CNI networks: plugins are called, which takes long. */
#ifndef HULL_RUNTIME_NET_RECLAIM_H
#define HULL_RUNTIME_NET_RECLAIM_H

#include "base/error.h"
#include "runtime/net/front.h"

/*
 * Undo @claim: this hull-net takes it, so that no other works on it, calls the plugins and removes it. The
 * lock is free before and after. A claim whose plugins fail stays, as that of a dead container.
 */
must_check int reclaim_cni(struct front *front, const struct claim *claim, struct error *err);
/* Who wants to know what became of dead claims; members may be NULL. */
struct reclaim_listener {
	void (*removed)(const struct claim *claim, void *data);
	void (*failed)(const struct error *why, void *data); /* NULL: told on standard error */
	void *data;
};

/* The same for every dead claim of a CNI network that nobody works on. */
must_check int reclaim_all_cni(struct front *front, const struct reclaim_listener *listener,
			       struct error *err);
/*
 * The same for one that cannot wait for plugins that hang: after RECLAIM_PATIENCE_MS a process beside this
 * one goes on with it. What it still works on counts as alive.
 */
must_check int reclaim_for_a_while(struct front *front, struct error *err);

#define RECLAIM_PATIENCE_MS 3000

#endif
