/*
 * The nftables table `hull-net`, made of what is claimed and of nothing else. What was put into it last is
 * noted beside the claims, so that a container without published ports costs one question to the kernel, one
 * more port one small message, and anything else (a table that somebody flushed, a hull-net that was killed)
 * the whole table in one transaction. The only file that knows libnftables.
 */
#ifndef HULL_RUNTIME_NET_FIREWALL_H
#define HULL_RUNTIME_NET_FIREWALL_H

#include <stdbool.h>

#include "base/error.h"
#include "runtime/net/state.h"

/* Make the table what @view says; the lock is held. @anew: whatever is noted. Errors: of nftables. */
must_check int firewall_sync(const struct state *state, const struct state_view *view, bool anew,
			     struct error *err);
/* Whether the table is as it was left. Errors: -ENOENT it is not. */
must_check int firewall_check(const struct state *state, const struct state_view *view, struct error *err);
/* Whether there is a table, whoever made it. */
bool firewall_exists(void);

#endif
