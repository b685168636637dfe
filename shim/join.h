/*
 * --network container:X: the network namespace of another container, which has another process each time it
 * is started: it is looked up, and put into the document, right before every hull create, those of a restart
 * policy among them.
 */
#ifndef HULL_SHIM_JOIN_H
#define HULL_SHIM_JOIN_H

#include "base/error.h"
#include "base/process.h"
#include "shim/store/store.h"

/*
 * @ret is whose namespace it is; pid 0: @container joins nobody. Its number may pass to a process of the
 * host's before hull has opened the namespace, so whoever called hull create asks join_check afterwards.
 * Errors: -EINVAL the other one does not run.
 */
must_check int join_network(const struct store *store, const struct store_container *container,
			    struct process_id *ret, struct error *err);
/* Errors: -ESRCH @joined has ended meanwhile: what was joined may have been anybody's. */
must_check int join_check(const struct process_id *joined, struct error *err);

#endif
