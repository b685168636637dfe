/* Undoing what dead containers have of CNI networks: plugins are called, which takes long. */
#ifndef HULL_RUNTIME_NET_RECLAIM_H
#define HULL_RUNTIME_NET_RECLAIM_H

#include "base/error.h"
#include "runtime/net/front.h"

/*
 * Undo @claim: this hull-net takes it, so that no other works on it, calls the plugins and removes it. The
 * lock is free before and after. A claim whose plugins fail stays, as that of a dead container.
 */
must_check int reclaim_cni(struct front *front, struct claim *claim, struct error *err);
/* The same for every dead claim of a CNI network; failures are told on standard error. @seen: of one undone.
 */
must_check int reclaim_all_cni(struct front *front, void (*seen)(const struct claim *claim, void *data),
			       void *data, struct error *err);

#endif
