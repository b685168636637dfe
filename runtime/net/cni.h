/*
 * Networks of the Container Network Interface: lists of plugins below /etc/cni/net.d, each a program that
 *does one thing. What a claim keeps of them is enough to undo it after the list has changed:
 *
 *	"cni": {"list": the list as it was, "capabilities": {"portMappings": …}, "args": "…", "result": the
 *last answer}
 *
 * Source: github.com/containernetworking/cni, SPEC.md 1.0.
 */
#ifndef HULL_RUNTIME_NET_CNI_H
#define HULL_RUNTIME_NET_CNI_H

#include "base/error.h"
#include "runtime/net/front.h"
#include "runtime/net/request.h"

/* Fill @claim->cni from the list that is named after its network; nothing is started. Errors: -ENOENT. */
must_check int cni_prepare(struct front *front, const struct request *request, struct claim *claim,
			   struct error *err);
/*
 * Call the plugins for @claim, in order, and fill in what they answer; where one fails, the caller has
 * all undo it (reclaim.h). The lock is free: plugins take long.
 */
must_check int cni_add(struct front *front, const struct request *request, struct claim *claim,
		       struct error *err);
/* Call them in reverse to undo it, all of them even where one fails; the lock is free. Errors: the first. */
must_check int cni_remove(struct front *front, const struct claim *claim, struct error *err);
/* Ask them whether all is as it was. */
must_check int cni_check(struct front *front, const struct claim *claim, struct error *err);

#endif
