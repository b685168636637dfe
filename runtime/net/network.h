/*
 * The bridge of a network: which subnet it has, and that it is there.
 */
#ifndef HULL_RUNTIME_NET_NETWORK_H
#define HULL_RUNTIME_NET_NETWORK_H

#include "base/error.h"
#include "runtime/net/front.h"
#include "runtime/net/netlink.h"
#include "runtime/net/request.h"
#include "runtime/net/state.h"

/*
 * The network that @request wants, from @view, where it is added if it is new: then its subnet is chosen, and
 * its name is free on the host. Nothing is made yet. Errors: what is in the way.
 */
must_check int network_find(struct front *front, struct netlink *netlink, const struct request *request,
			    struct state_view *view, struct state_network **ret, struct error *err);
/* Make its bridge, as far as it is missing: an address, up, the host forwards. */
must_check int network_ensure(struct netlink *netlink, const struct state_network *network, int *ret_index,
			      struct error *err);

#endif
