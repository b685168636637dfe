/*
 * Networks of hull-net's own: a bridge of the host, a subnet, a veth pair for each container. What is to be
 * is written down first (claim.h), then made; what is left by one that was killed in between is what the
 * claims say, and is taken up or unmade by the next one.
 */
#ifndef HULL_RUNTIME_NET_BRIDGE_H
#define HULL_RUNTIME_NET_BRIDGE_H

#include "base/error.h"
#include "runtime/net/front.h"
#include "runtime/net/request.h"
#include "runtime/net/state.h"

/*
 * Links of the host that are to go. They are removed when the lock is free: the kernel takes tens of
 * milliseconds for each.
 */
struct bridge_links {
	size_t count;
	const char **names; /* in front's arena */
};

/* Give @request's container its place; the lock is held, @view is what is kept, and gets the new claim. */
must_check int bridge_add(struct front *front, struct request *request, struct state_view *view,
			  struct error *err);
/*
 * Take every claim of a bridge that is not alive out of @view and of what is kept; the lock is held. Their
 * links go to @links, and their names out of the others' hosts files. The firewall is left to the caller.
 */
must_check int bridge_drop(struct front *front, struct state_view *view, struct bridge_links *links,
			   struct error *err);
/*
 * The lock is free. @wait: until they are gone; else a process of its own waits, and whoever called the hook
 * does not.
 */
void bridge_remove_links(const struct bridge_links *links, bool wait);
/* Whether all that @claim says is there. Errors: what is not. */
must_check int bridge_check(struct front *front, const struct state_view *view, const struct claim *claim,
			    struct error *err);
/* Networks that nobody is in, and links that belong to no claim; the lock is held. @pruned: of a network. */
must_check int bridge_prune(struct front *front, struct state_view *view, struct bridge_links *links,
			    void (*pruned)(const struct state_network *network, void *data), void *data,
			    struct error *err);

#endif
