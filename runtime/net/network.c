/* Bridges and their subnets; see network.h. */
#include "runtime/net/network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/net/choose.h"

#include "base/banned.h"

#define ALIAS "hull-net" /* tells our bridges from those of others */
#define CONF6 "/proc/sys/net/ipv6/conf"
#define FORWARDING "/proc/sys/net/ipv4/ip_forward"

/* What is in the way of a new subnet. */
struct collecting {
	struct arena *arena;
	struct choose_taken *items;
	size_t count, room;
	bool failed;
};

static void collect(struct collecting *into, struct address_subnet subnet, const char *by)
{
	if (into->count == into->room) {
		size_t room = into->room == 0 ? 32 : into->room * 2;
		struct choose_taken *items = arena_alloc(into->arena, room * sizeof(*items));

		if (items == NULL) {
			into->failed = true;
			return;
		}
		if (into->count > 0)
			memcpy(items, into->items, into->count * sizeof(*items));
		into->items = items;
		into->room = room;
	}
	into->items[into->count++] = (struct choose_taken){ subnet, by };
}

/* A default route, whole or in halves as some tunnels set it, is in nobody's way. */
static void collect_route(int index, const struct address_subnet *to, void *data)
{
	(void)index; /* whatever it leads to */
	if (to->prefix >= CONFIG_MIN_PREFIX)
		collect(data, *to, "a route of the host");
}

static void collect_address(int index, uint32_t address, unsigned prefix, void *data)
{
	(void)index; /* whoever has it */
	collect(data, (struct address_subnet){ address & address_mask(prefix), prefix },
		"an address of the host");
}

/* The IPv6 subnet that is wanted, and what is in its way. */
struct search6 {
	const struct address6_subnet *wanted;
	bool found;
};

/* As with IPv4: a default route, and parts of it that are larger than a network can be, are in nobody's way.
 */
static void search_route6(int index, const struct address6_subnet *to, void *data)
{
	struct search6 *search = data;

	(void)index; /* whatever it leads to */
	search->found |= to->prefix >= ADDRESS6_MIN_PREFIX && address6_overlap(to, search->wanted);
}

static int check_subnet6(struct netlink *netlink, const struct state_view *view,
			 const struct config_network *wanted, struct error *err)
{
	struct search6 search = { .wanted = &wanted->subnet6 };
	char text[ADDRESS6_TEXT_BYTES];
	int result = netlink_each_route6(netlink, search_route6, &search, err);
	const char *by = "a route of the host";

	if (access(CONF6, F_OK) < 0)
		return error_set(err, 0, "network \"%s\": this host has no IPv6", wanted->name);
	for (size_t i = 0; i < view->networks.count && !search.found; i++) {
		const struct address6_subnet *other = &view->networks.items[i].subnet6;

		by = "another network";
		search.found = other->prefix != 0 && address6_overlap(other, search.wanted);
	}
	address6_format(&wanted->subnet6.network, text);
	if (result == 0 && search.found)
		result = error_set(err, 0, "network \"%s\": the subnet %s/%u overlaps %s", wanted->name, text,
				   wanted->subnet6.prefix, by);
	return result;
}

static int choose_new(struct front *front, struct netlink *netlink, const struct state_view *view,
		      const struct config_network *wanted, struct state_network *into, struct error *err)
{
	struct collecting collecting = { .arena = &front->arena };
	int result = netlink_each_route(netlink, collect_route, &collecting, err);

	if (result == 0)
		result = netlink_each_address(netlink, collect_address, &collecting, err);
	for (size_t i = 0; result == 0 && i < view->networks.count; i++)
		if (view->networks.items[i].subnet.prefix != 0)
			collect(&collecting, view->networks.items[i].subnet, "another network");
	if (result == 0 && collecting.failed)
		result = error_set(err, ENOMEM, "list the routes");
	if (result == 0 && wanted->subnet6.prefix != 0)
		result = check_subnet6(netlink, view, wanted, err);
	return result < 0
		       ? result
		       : choose_subnet(&front->config, wanted, collecting.items, collecting.count, into, err);
}

struct port_search {
	int master;
	bool found;
};

static void search_port(const struct netlink_link *link, void *data)
{
	struct port_search *search = data;

	search->found |= link->master == search->master;
}

/* A bridge that nothing is kept of: ours and empty it goes, anything else is not hull-net's to touch. */
static int clear_name(struct netlink *netlink, const char *name, struct error *err)
{
	struct netlink_link link;
	int result = netlink_find_link(netlink, name, &link, err);

	if (result == -ENODEV)
		return 0;
	if (result < 0)
		return result;
	if (!text_equal(link.kind, "bridge") || !text_equal(link.alias, ALIAS))
		return error_set(err, 0, "the interface \"%s\" exists and is not hull-net's", name);
	struct port_search search = { .master = link.index };
	result = netlink_each_link(netlink, search_port, &search, err);
	if (result == 0 && search.found)
		result = error_set(err, 0,
				   "the bridge \"%s\" has ports that nothing is known of: remove it by hand",
				   name);
	return result < 0 ? result : netlink_delete_link(netlink, name, err);
}

static int other_subnet(const struct state_network *network, struct error *err)
{
	return error_set(err, 0, "network \"%s\" exists with another subnet: prune it when it is empty",
			 network->name);
}

int network_find(struct front *front, struct netlink *netlink, const struct request *request,
		 struct state_view *view, struct state_network **ret, struct error *err)
{
	const struct config_network *wanted = &request->network;
	struct state_network *network = state_find_network(view, CLAIM_BRIDGE, request->claim.network);

	if (network != NULL && network->subnet.prefix != 0) {
		if (wanted->subnet.prefix != 0 && (wanted->subnet.prefix != network->subnet.prefix ||
						   wanted->subnet.network != network->subnet.network))
			return other_subnet(network, err);
		if (wanted->subnet6.prefix != 0 && !address6_same(&wanted->subnet6, &network->subnet6))
			return other_subnet(network, err);
		*ret = network;
		return 0;
	}
	struct state_network made = { .driver = CLAIM_BRIDGE, .name = request->claim.network };
	int result = clear_name(netlink, made.name, err);
	if (result == 0)
		result = choose_new(front, netlink, view, wanted, &made, err);
	if (result < 0)
		return result;
	if (network == NULL) {
		size_t count = view->networks.count;
		struct state_network *items = arena_alloc(&front->arena, (count + 1) * sizeof(*items));

		if (items == NULL)
			return error_set(err, ENOMEM, "make a network");
		if (count > 0)
			memcpy(items, view->networks.items, count * sizeof(*items));
		view->networks = (struct state_network_list){ count + 1, items };
		network = &items[count];
	}
	*network = made;
	*ret = network;
	return 0;
}

static int allow_forwarding(struct error *err)
{
	autotext struct text now = TEXT_EMPTY;
	int result = fd_read_file_at(AT_FDCWD, FORWARDING, 16, &now, err);

	if (result == 0 && text_starts(now.data == NULL ? "" : now.data, "0"))
		result = fd_write_file_at(AT_FDCWD, FORWARDING, "1", err);
	return result < 0 ? error_add(err, "let the host forward") : 0;
}

/* One setting of IPv6 of @interface of this network namespace. Errors: -ENOENT there is no such thing. */
static int set_ipv6(const char *interface, const char *name, const char *value, struct error *err)
{
	char path[96 + NAME_MAX];

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", interface, name);
	return fd_write_file_at(AT_FDCWD, path, value, err);
}

/*
 * Only IPv4 is given out here. Without this the host would believe what a container says of IPv6 routes on
 * the bridge (CVE-2020-13401), and be reached from there by addresses that no rule of ours knows.
 */
static int forbid_ipv6(const char *bridge, struct error *err)
{
	int result = set_ipv6(bridge, "disable_ipv6", "1", err);

	if (result == -ENOENT)
		return 0; /* the host has none */
	return result < 0 ? error_add(err, "keep IPv6 from the bridge \"%s\"", bridge) : 0;
}

/*
 * A host that forwards takes no default route from the routers around it, unless it is told to all the same:
 * every interface that does now shall go on with it.
 */
static int keep_routers(struct error *err)
{
	DIR *stream = opendir(CONF6);
	int result = 0;

	if (stream == NULL)
		return error_set(err, errno, "open \"" CONF6 "\"");
	for (const struct dirent *entry = readdir(stream); entry != NULL && result == 0;
	     entry = readdir(stream)) {
		autotext struct text now = TEXT_EMPTY;
		char path[32 + NAME_MAX];

		(void)snprintf(path, sizeof(path), "%s/accept_ra", entry->d_name);
		if (entry->d_name[0] == '.' || text_equal(entry->d_name, "all") ||
		    text_equal(entry->d_name, "default") ||
		    fd_read_file_at(dirfd(stream), path, 16, &now, err) < 0 || !text_starts(now.data, "1"))
			continue;
		result = set_ipv6(entry->d_name, "accept_ra", "2", err);
		if (result == -ENOENT)
			result = 0; /* the interface has gone */
	}
	(void)closedir(stream); /* only read */
	return result;
}

/* The bridge has an address, and believes nothing that a container says of routes (CVE-2020-13401). */
static int allow_ipv6(struct netlink *netlink, int index, const struct state_network *network,
		      struct error *err)
{
	struct address6 gateway =
		address6_of_host(&network->subnet6, network->gateway - network->subnet.network);
	autotext struct text now = TEXT_EMPTY;
	int result = set_ipv6(network->name, "accept_ra", "0", err);

	if (result == 0)
		result = set_ipv6(network->name, "disable_ipv6", "0", err);
	if (result == 0)
		result = netlink_add_address6(netlink, index, &gateway, network->subnet6.prefix, err);
	if (result == -EEXIST)
		result = 0;
	if (result == 0)
		result = fd_read_file_at(AT_FDCWD, CONF6 "/all/forwarding", 16, &now, err);
	if (result == 0 && text_starts(now.data, "0")) {
		result = keep_routers(err);
		if (result == 0)
			result = set_ipv6("all", "forwarding", "1", err);
	}
	return result < 0 ? error_add(err, "IPv6 of the bridge \"%s\"", network->name) : 0;
}

/* An address that belongs to nobody's hardware. */
static int make_mac(struct address_mac *ret, struct error *err)
{
	if (getrandom(ret->bytes, sizeof(ret->bytes), 0) != (ssize_t)sizeof(ret->bytes))
		return error_set(err, errno, "getrandom");
	ret->bytes[0] = (uint8_t)((ret->bytes[0] & 0xfcU) | 2U);
	return 0;
}

/* It is marked last: one with the mark is whole. */
int network_ensure(struct netlink *netlink, const struct state_network *network, int *ret_index,
		   struct error *err)
{
	struct netlink_link link;
	struct address_mac mac;
	struct error ignored; /* whether it is there is seen by what follows */
	int result = netlink_find_link(netlink, network->name, &link, err);

	if (result == -ENODEV) {
		result = make_mac(&mac, err);
		if (result == 0)
			result = netlink_add_bridge(netlink, network->name, &mac, network->mtu, err);
		if (result == 0)
			result = netlink_find_link(netlink, network->name, &link, err);
	}
	if (result < 0)
		return result;
	*ret_index = link.index;
	if (text_equal(link.alias, ALIAS) && (link.flags & IFF_UP) != 0)
		return 0;
	result = netlink_add_address(netlink, link.index, network->gateway, network->subnet.prefix, &ignored);
	if (result < 0 && result != -EEXIST) {
		*err = ignored;
		return error_add(err, "the bridge \"%s\"", network->name);
	}
	result = network->subnet6.prefix == 0 ? forbid_ipv6(network->name, err)
					      : allow_ipv6(netlink, link.index, network, err);
	if (result == 0)
		result = allow_forwarding(err);
	return result < 0 ? result : netlink_set_up(netlink, link.index, ALIAS, err);
}
