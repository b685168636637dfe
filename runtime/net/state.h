/*
 * What hull-net keeps below /run/hull/net, which is gone after a reboot as everything is that it tells of:
 *
 *	lock                             held while anything here is changed
 *	firewall                         what is in the nftables table, see firewall.h
 *	DRIVER/NETWORK/network           a bridge's subnet
 *	DRIVER/NETWORK/containers/ID     one claim
 *	DRIVER/NETWORK/new               a file that is being written
 *
 * Files are renamed into their places: they are whole or not there, whenever a hull-net is killed.
 */
#ifndef HULL_RUNTIME_NET_STATE_H
#define HULL_RUNTIME_NET_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/net/claim.h"

#define STATE_DEFAULT_ROOT "/run/hull/net"

struct state {
	int root, lock; /* descriptors; -1: not open, not held */
};

struct state_network {
	enum claim_driver driver;
	const char *name;
	struct address_subnet subnet; /* of a bridge; prefix 0: none */
	uint32_t gateway;
	uint32_t last; /* the address that was given out last; 0: none */
	unsigned mtu;
	struct address6_subnet subnet6; /* prefix 0: no IPv6 */
};

struct state_network_list {
	size_t count;
	struct state_network *items;
};

/* Everything that is kept, as it was at one moment. */
struct state_view {
	struct state_network_list networks;
	struct claim_list claims;
};

/* Make the directory @path and what it needs. */
must_check int state_open(const char *path, struct state *ret, struct error *err);
void state_close(struct state *state);
/* Wait until this hull-net is the only one that changes anything. */
must_check int state_lock(struct state *state, struct error *err);
void state_unlock(struct state *state);

/*
 * Read all of it into @arena. A file that is damaged is told on standard error and left out; a claim of
 * one is taken for that of a dead container.
 */
must_check int state_load(const struct state *state, struct arena *arena, struct state_view *ret,
			  struct error *err);
/* NULL: there is none. */
struct state_network *state_find_network(const struct state_view *view, enum claim_driver driver,
					 const char *name);
struct claim *state_find_claim(const struct state_view *view, enum claim_driver driver, const char *network,
			       const char *id);

must_check int state_write_claim(const struct state *state, const struct claim *claim, struct error *err);
must_check int state_write_network(const struct state *state, const struct state_network *network,
				   struct error *err);
/* That it was gone already is no error. */
must_check int state_remove_claim(const struct state *state, const struct claim *claim, struct error *err);
/* The network and its directories; no claim may be left. */
must_check int state_remove_network(const struct state *state, const struct state_network *network,
				    struct error *err);

/* Letters, digits, and the signs that runc allows in a container's id. Errors: -EINVAL. */
must_check int state_check_id(const char *id, struct error *err);
/* A network's name; of a bridge it is an interface's too. Errors: -EINVAL. */
must_check int state_check_network(enum claim_driver driver, const char *name, struct error *err);

#endif
