/* Addresses and ports that are still to be had; see choose.h. */
#include "runtime/net/choose.h"

#include <errno.h>
#include <inttypes.h>

#include "base/banned.h"

#define MAX_TRIES 64 /* for a port that the kernel proposes and a claim has */

/* --- subnets ----------------------------------------------------------------------------------------- */

static const struct choose_taken *overlapping(const struct address_subnet *subnet,
					      const struct choose_taken *taken, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (address_overlap(subnet, &taken[i].subnet))
			return &taken[i];
	return NULL;
}

int choose_subnet(const struct config *config, const struct config_network *wanted,
		  const struct choose_taken *taken, size_t count, struct state_network *network,
		  struct error *err)
{
	struct address_subnet subnet = wanted->subnet;
	char text[ADDRESS_TEXT_BYTES];

	for (size_t i = 0; subnet.prefix == 0 && i < config->pool_count; i++)
		if (overlapping(&config->pools[i], taken, count) == NULL)
			subnet = config->pools[i];
	if (subnet.prefix == 0)
		return error_set(err, 0,
				 "network \"%s\": every pool of addresses overlaps a route of the host",
				 network->name);
	const struct choose_taken *other = overlapping(&subnet, taken, count);
	if (other != NULL) {
		address_format(subnet.network, text);
		return error_set(err, 0, "network \"%s\": the subnet %s/%u overlaps %s", network->name, text,
				 subnet.prefix, other->by);
	}
	network->subnet = subnet;
	network->gateway = wanted->gateway == 0 ? subnet.network + 1 : wanted->gateway;
	network->mtu = wanted->mtu == 0 ? CONFIG_MTU : wanted->mtu;
	network->subnet6 = wanted->subnet6;
	network->last = 0;
	return 0;
}

/* --- addresses --------------------------------------------------------------------------------------- */

static const struct claim *holder(const struct state_network *network, const struct claim_list *claims,
				  uint32_t address)
{
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if (claim->alive && claim->address == address && claim->driver == network->driver &&
		    text_equal(claim->network, network->name))
			return claim;
	}
	return NULL;
}

int choose_address(const struct state_network *network, const struct claim_list *claims, uint32_t want,
		   uint32_t *ret, struct error *err)
{
	uint32_t first = network->subnet.network + 1;
	uint32_t last = (network->subnet.network | ~address_mask(network->subnet.prefix)) - 1;
	uint32_t address = network->last < first || network->last >= last ? first : network->last + 1;
	char text[ADDRESS_TEXT_BYTES];

	address_format(want, text);
	if (want != 0) {
		if (want < first || want > last || want == network->gateway)
			return error_set(err, 0, "network \"%s\": no container can have the address %s",
					 network->name, text);
		const struct claim *other = holder(network, claims, want);
		if (other != NULL)
			return error_set(err, 0, "network \"%s\": the address %s is already that of \"%s\"",
					 network->name, text, other->id);
		*ret = want;
		return 0;
	}
	for (uint32_t tried = 0; tried <= last - first; tried++) {
		if (address != network->gateway && holder(network, claims, address) == NULL) {
			*ret = address;
			return 0;
		}
		address = address == last ? first : address + 1;
	}
	return error_set(err, 0, "network \"%s\": no address is free", network->name);
}

/* --- ports ------------------------------------------------------------------------------------------- */

/* Every host port that somebody has at some address, so that most need no closer look. */
struct port_set {
	uint64_t bits[PUBLISH_PROTOCOL_COUNT][1024];
};

static void note(struct port_set *set, const struct publish_port *port)
{
	set->bits[port->protocol][port->host_port / 64] |= UINT64_C(1) << port->host_port % 64;
}

static bool noted(const struct port_set *set, const struct publish_port *port)
{
	return (set->bits[port->protocol][port->host_port / 64] >> port->host_port % 64 & 1) != 0;
}

static bool conflicts(const struct publish_list *list, const struct publish_port *port)
{
	for (size_t i = 0; i < list->count; i++)
		if (publish_conflict(&list->items[i], port))
			return true;
	return false;
}

struct choosing {
	const struct claim_list *claims;
	struct publish_list chosen; /* for this container, so far */
	struct port_set noted;
	choose_probe *probe;
};

static bool taken(const struct choosing *choosing, const struct publish_port *port)
{
	if (!noted(&choosing->noted, port))
		return false;
	for (size_t i = 0; i < choosing->claims->count; i++)
		if (choosing->claims->items[i].alive && conflicts(&choosing->claims->items[i].ports, port))
			return true;
	return conflicts(&choosing->chosen, port);
}

static int choose_any(const struct choosing *choosing, struct publish_port *port, struct error *err)
{
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		port->host_port = 0;
		int result = choosing->probe(port, err);

		if (result < 0 || !taken(choosing, port))
			return result;
	}
	return error_set(err, 0, "no port is free");
}

/* The first of the range that is free; the errors of the last. */
static int choose_port(const struct choosing *choosing, struct publish_port *port, struct error *err)
{
	char address[ADDRESS_TEXT_BYTES];
	int result = -EADDRINUSE;

	if (port->host_port == 0)
		return choose_any(choosing, port, err);
	address_format(port->host_ip, address);
	for (uint32_t number = port->host_port; result < 0 && number <= port->host_last; number++) {
		port->host_port = (uint16_t)number;
		if (taken(choosing, port))
			result =
				error_set(err, 0, "Bind for %s:%" PRIu16 " failed: port is already allocated",
					  address, port->host_port);
		else
			result = choosing->probe(port, err);
	}
	return result;
}

int choose_ports(const struct publish_list *wanted, const struct claim_list *claims, choose_probe *probe,
		 struct arena *arena, struct publish_list *ret, struct error *err)
{
	struct publish_port *ports = arena_alloc(arena, (wanted->count + 1) * sizeof(*ports));
	struct choosing choosing = { .claims = claims, .chosen = { 0, ports }, .probe = probe };

	if (ports == NULL)
		return error_set(err, ENOMEM, "choose ports");
	for (size_t i = 0; i < claims->count; i++)
		for (size_t at = 0; at < claims->items[i].ports.count; at++)
			note(&choosing.noted, &claims->items[i].ports.items[at]);
	for (size_t i = 0; i < wanted->count; i++) {
		ports[i] = wanted->items[i];
		int result = choose_port(&choosing, &ports[i], err);

		if (result < 0)
			return result;
		ports[i].host_last = ports[i].host_port;
		note(&choosing.noted, &ports[i]);
		choosing.chosen.count = i + 1;
	}
	*ret = choosing.chosen;
	return 0;
}
