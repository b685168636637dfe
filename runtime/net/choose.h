/*
 * Which subnet, address and host ports a container gets, from what is taken. No effects but the probe's.
 */
#ifndef HULL_RUNTIME_NET_CHOOSE_H
#define HULL_RUNTIME_NET_CHOOSE_H

#include "base/arena.h"
#include "base/error.h"
#include "runtime/net/config.h"
#include "runtime/net/publish.h"
#include "runtime/net/state.h"

struct choose_taken {
	struct address_subnet subnet;
	const char *by; /* "the network \"hull0\"" */
};

/*
 * Complete @network, whose name is set, by @wanted: its subnet, or the first of @config's pools that overlaps
 * none of the @count @taken; its gateway and MTU. Errors: -EADDRINUSE.
 */
must_check int choose_subnet(const struct config *config, const struct config_network *wanted,
			     const struct choose_taken *taken, size_t count, struct state_network *network,
			     struct error *err);
/*
 * @want, or where it is 0 the first address after the one that was given out last that no living claim of
 * @network has. Errors: -EADDRINUSE it is taken, or all are; -EINVAL @want is none of the network's.
 */
must_check int choose_address(const struct state_network *network, const struct claim_list *claims,
			      uint32_t want, uint32_t *ret, struct error *err);

/*
 * Whether the host lets @port be had: where its host_port is 0, one is filled in. Errors: of bind(2), with
 * docker's words.
 */
typedef int choose_probe(struct publish_port *port, struct error *err);
/*
 * One host port for each of @wanted, in @arena: none that a living claim has, and @probe agrees.
 * Errors: those of @probe; -EADDRINUSE "Bind for … failed: port is already allocated", as docker says it.
 */
must_check int choose_ports(const struct publish_list *wanted, const struct claim_list *claims,
			    choose_probe *probe, struct arena *arena, struct publish_list *ret,
			    struct error *err);

#endif
