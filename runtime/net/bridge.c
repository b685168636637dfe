/* Networks of hull-net's own; see bridge.h. */
#include "runtime/net/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/net/aside.h"
#include "runtime/net/choose.h"
#include "runtime/net/firewall.h"
#include "runtime/net/hosts.h"
#include "runtime/net/netlink.h"
#include "runtime/net/network.h"
#include "runtime/net/probe.h"

#include "base/banned.h"

#define LINK_PREFIX "hv" /* of the host's ends, with ten digits after it */

/* --- the container's end ------------------------------------------------------------------------------- */

/* @ret_own: this process's own, to come back. */
static int enter(int namespace, int *ret_own, struct error *err)
{
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own < 0)
		return error_set(err, errno, "open \"/proc/self/ns/net\"");
	if (setns(namespace, CLONE_NEWNET) < 0)
		return error_set(err, errno, "enter the container's network namespace");
	*ret_own = take_fd(&own);
	return 0;
}

/* A connection to the network namespace @namespace. This process is back in its own when it returns. */
static int open_inside(int namespace, struct netlink *ret, struct error *err)
{
	autoclose int own = -1;
	struct netlink inside = { 0 };
	int result = enter(namespace, &own, err);

	if (result < 0)
		return result;
	result = netlink_open(&inside, err);
	if (setns(own, CLONE_NEWNET) < 0) {
		netlink_close(&inside);
		return error_set(err, errno, "return from the container's network namespace");
	}
	if (result == 0)
		*ret = inside;
	return result;
}

/* It has the address that it is given, and takes none, nor a route, from what others on the bridge say. */
static int prepare_ipv6(int namespace, const char *interface, struct error *err)
{
	char path[64 + IFNAMSIZ];
	autoclose int own = -1;
	int result = enter(namespace, &own, err);

	if (result < 0)
		return result;
	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", interface);
	result = fd_write_file_at(AT_FDCWD, path, "0", err);
	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
	if (result == 0)
		result = fd_write_file_at(AT_FDCWD, path, "0", err);
	if (setns(own, CLONE_NEWNET) < 0)
		return error_set(err, errno, "return from the container's network namespace");
	return result < 0 ? error_add(err, "prepare IPv6 of \"%s\"", interface) : 0;
}

static int attach6(struct netlink *inside, int namespace, const struct claim *claim, int index,
		   struct error *err)
{
	int result = prepare_ipv6(namespace, claim->interface, err);

	if (result == 0)
		result = netlink_add_address6(inside, index, &claim->address6, claim->prefix6, err);
	if (result == 0)
		result = netlink_add_default_route6(inside, index, &claim->gateway6, err);
	return result == -EEXIST ? 0 : result;
}

static int attach(struct netlink *netlink, const struct request *request, const struct claim *claim,
		  int bridge, unsigned mtu, struct error *err)
{
	const struct netlink_veth veth = {
		.name = claim->link,
		.master = bridge,
		.peer = claim->interface,
		.namespace = request->namespace,
		.mac = &claim->mac,
		.mtu = mtu,
	};
	autonetlink struct netlink inside = { 0 };
	struct netlink_link link;
	int result = netlink_add_veth(netlink, &veth, err);

	if (result == -EEXIST)
		return error_set(err, 0, "the container has an interface \"%s\" already", claim->interface);
	/* a container that asks the host for a port of its own: with br_netfilter the bridge itself sends it
	 * back */
	if (result == 0 && claim->ports.count > 0) {
		result = netlink_find_link(netlink, claim->link, &link, err);
		if (result == 0)
			result = netlink_set_hairpin(netlink, link.index, err);
	}
	if (result == 0)
		result = open_inside(request->namespace, &inside, err);
	if (result == 0)
		result = netlink_find_link(&inside, claim->interface, &link, err);
	if (result == 0)
		result = netlink_add_address(&inside, link.index, claim->address, claim->prefix, err);
	if (result == 0)
		result = netlink_set_up(&inside, link.index, NULL, err);
	if (result == 0)
		result = netlink_add_default_route(&inside, link.index, claim->gateway, err);
	if (result == -EEXIST) /* the first network's is the way out */
		result = 0;
	return result < 0 || address6_is_none(&claim->address6)
		       ? result
		       : attach6(&inside, request->namespace, claim, link.index, err);
}

/* --- adding -------------------------------------------------------------------------------------------- */

static int fill_claim(struct front *front, const struct request *request, const struct state_view *view,
		      struct state_network *network, struct claim *into, struct error *err)
{
	uint8_t random[5];
	struct claim claim = request->claim;
	int result = choose_address(network, &view->claims, request->claim.address, &claim.address, err);

	if (result == 0)
		result = choose_ports(&request->publish, &view->claims, probe_port, &front->arena,
				      &claim.ports, err);
	for (size_t i = 0; result == 0 && network->subnet6.prefix != 0 && i < claim.ports.count; i++)
		if (claim.ports.items[i].host_ip == 0)
			result = probe_port6(&claim.ports.items[i], err);
	if (result < 0)
		return result;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_set(err, errno, "getrandom");
	claim.link = arena_format(&front->arena, LINK_PREFIX "%02x%02x%02x%02x%02x", random[0], random[1],
				  random[2], random[3], random[4]);
	if (claim.link == NULL)
		return error_set(err, ENOMEM, "name an interface");
	claim.gateway = network->gateway;
	claim.prefix = network->subnet.prefix;
	claim.address6 = address6_of_host(&network->subnet6, claim.address - network->subnet.network);
	claim.gateway6 = address6_of_host(&network->subnet6, claim.gateway - network->subnet.network);
	claim.prefix6 = network->subnet6.prefix;
	/* that of the address, so that nobody remembers another for it */
	if (!request->has_mac)
		claim.mac = (struct address_mac){
			{ 0x02, 0x68, (uint8_t)(claim.address >> 24), (uint8_t)(claim.address >> 16 & 0xff),
			  (uint8_t)(claim.address >> 8 & 0xff), (uint8_t)(claim.address & 0xff) }
		};
	claim.alive = true;
	network->last = request->claim.address == 0 ? claim.address : network->last;
	*into = claim;
	return 0;
}

static int append_claim(struct front *front, struct state_view *view, const struct claim *claim,
			struct error *err)
{
	size_t count = view->claims.count;
	struct claim *items = arena_alloc(&front->arena, (count + 1) * sizeof(*items));

	if (items == NULL)
		return error_set(err, ENOMEM, "note a claim");
	if (count > 0)
		memcpy(items, view->claims.items, count * sizeof(*items));
	items[count] = *claim;
	view->claims = (struct claim_list){ count + 1, items };
	return 0;
}

/* A port that is published on 127.0.0.1 too is reached from there only if the bridge may carry that address.
 */
static int allow_loopback(const struct claim *claim, struct error *err)
{
	char path[64 + IFNAMSIZ];
	bool needed = false;

	for (size_t i = 0; i < claim->ports.count; i++)
		needed |= claim->ports.items[i].host_ip == 0 ||
			  address_is_loopback(claim->ports.items[i].host_ip);
	if (!needed)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet", claim->network);
	int result = fd_write_file_at(AT_FDCWD, path, "1", err);
	return result < 0 ? error_add(err, "publish ports on 127.0.0.1") : 0;
}

/* What the written claim says, in the kernel and in files. */
static int carry_out(struct front *front, struct netlink *netlink, const struct request *request,
		     const struct state_view *view, const struct state_network *network,
		     const struct claim *claim, struct error *err)
{
	int bridge = 0;
	int result = network_ensure(netlink, network, &bridge, err);

	if (result == 0)
		result = attach(netlink, request, claim, bridge, network->mtu, err);
	if (result == 0)
		result = firewall_sync(&front->state, view, false, err);
	if (result == 0)
		result = allow_loopback(claim, err);
	if (result == 0 && request->resolver_path != NULL)
		result = hosts_write_resolver(request->resolver_path, &request->resolver, err);
	if (result == 0)
		hosts_sync(&view->claims, claim);
	return result;
}

/* Also where the claim was not written, or nothing was made of it. */
static void undo(struct front *front, struct netlink *netlink, const struct request *request,
		 struct state_view *view, const struct claim *claim)
{
	struct error ignored; /* the error that led here is told; the next hull-net finds what stays */

	if (claim->link != NULL) {
		ignore_failure(netlink_delete_link(netlink, claim->link, &ignored));
		ignore_failure(state_remove_claim(&front->state, claim, &ignored));
		if (view->claims.count > 0 && view->claims.items[view->claims.count - 1].link == claim->link)
			view->claims.count--;
	}
	ignore_failure(firewall_sync(&front->state, view, false, &ignored));
	hosts_sync(&view->claims, &request->claim);
}

int bridge_add(struct front *front, struct request *request, struct state_view *view, struct error *err)
{
	autonetlink struct netlink netlink = { 0 };
	struct state_network *network = NULL;
	struct claim claim = { 0 };
	int result = netlink_open(&netlink, err);

	if (result < 0)
		return result;
	result = network_find(front, &netlink, request, view, &network, err);
	if (result == 0)
		result = fill_claim(front, request, view, network, &claim, err);
	if (result == 0)
		result = state_write_network(&front->state, network, err);
	if (result == 0)
		result = state_write_claim(&front->state, &claim, err);
	if (result == 0)
		result = append_claim(front, view, &claim, err);
	if (result == 0)
		result = carry_out(front, &netlink, request, view, network, &claim, err);
	if (result < 0)
		undo(front, &netlink, request, view, &claim);
	else
		request->claim = claim;
	return result;
}

/* --- removing ------------------------------------------------------------------------------------------ */

static int note_link(struct front *front, struct bridge_links *links, const char *name, struct error *err)
{
	/* one more each time: few are dropped at once */
	const char **names = arena_alloc(&front->arena, (links->count + 1) * sizeof(*names));

	if (names == NULL)
		return error_set(err, ENOMEM, "note an interface");
	if (links->count > 0)
		memcpy(names, links->names, links->count * sizeof(*names));
	names[links->count] = name;
	*links = (struct bridge_links){ links->count + 1, names };
	return 0;
}

int bridge_drop(struct front *front, struct state_view *view, struct bridge_links *links, struct error *err)
{
	struct claim *dropped = arena_alloc(&front->arena, (view->claims.count + 1) * sizeof(*dropped));
	size_t kept = 0, count = 0;
	int result = 0;

	if (dropped == NULL)
		return error_set(err, ENOMEM, "drop claims");
	for (size_t i = 0; i < view->claims.count; i++) {
		const struct claim *claim = &view->claims.items[i];

		if (result < 0 || claim->alive || claim->driver != CLAIM_BRIDGE) {
			view->claims.items[kept++] = *claim;
			continue;
		}
		if (claim->link != NULL)
			result = note_link(front, links, claim->link, err);
		if (result == 0)
			result = state_remove_claim(&front->state, claim, err);
		dropped[count++] = *claim;
	}
	view->claims.count = kept;
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !text_equal(dropped[i].network, dropped[i - 1].network))
			hosts_sync(&view->claims, &dropped[i]);
	return result;
}

static void remove_links(const struct bridge_links *links)
{
	autonetlink struct netlink netlink = { 0 };
	struct error err;

	if (netlink_open(&netlink, &err) < 0) {
		commands_fail(&err);
		return;
	}
	/* most are gone: with the network namespace that had the other end */
	for (size_t i = 0; i < links->count; i++) {
		int result = netlink_delete_link(&netlink, links->names[i], &err);

		if (result < 0 && result != -ENODEV)
			commands_fail(&err);
	}
}

void bridge_remove_links(const struct bridge_links *links, bool wait)
{
	if (links->count == 0)
		return;
	pid_t pid = wait ? -1 : aside_fork();
	if (pid > 0)
		return;
	remove_links(links);
	if (pid == 0)
		_exit(0);
}

/* --- looking ------------------------------------------------------------------------------------------- */

struct address_search {
	int index;
	uint32_t address;
	bool found;
};

static void search_address(int index, uint32_t address, unsigned prefix, void *data)
{
	struct address_search *search = data;

	(void)prefix; /* the network's, which does not change */
	search->found |= index == search->index && address == search->address;
}

static int check_inside(const struct claim *claim, struct error *err)
{
	autoclose int namespace = open(claim->namespace.path, O_RDONLY | O_CLOEXEC);
	autonetlink struct netlink inside = { 0 };
	struct address_search search = { .address = claim->address };
	struct netlink_link link;
	struct stat st;

	if (namespace < 0 || fstat(namespace, &st) < 0)
		return error_set(err, errno, "open \"%s\"", claim->namespace.path);
	if (st.st_ino != claim->namespace.inode || st.st_dev != claim->namespace.device)
		return error_set(err, 0, "the container has another network namespace than before");
	int result = open_inside(namespace, &inside, err);
	if (result == 0)
		result = netlink_find_link(&inside, claim->interface, &link, err);
	if (result == 0 && (link.flags & IFF_UP) == 0)
		result = error_set(err, 0, "the interface \"%s\" is down", claim->interface);
	if (result == 0) {
		search.index = link.index;
		result = netlink_each_address(&inside, search_address, &search, err);
	}
	if (result == 0 && !search.found)
		result = error_set(err, 0, "the interface \"%s\" has lost its address", claim->interface);
	return result;
}

int bridge_check(struct front *front, const struct state_view *view, const struct claim *claim,
		 struct error *err)
{
	autonetlink struct netlink netlink = { 0 };
	struct netlink_link bridge, link;
	int result = netlink_open(&netlink, err);

	if (result == 0)
		result = netlink_find_link(&netlink, claim->network, &bridge, err);
	if (result == 0)
		result = netlink_find_link(&netlink, claim->link, &link, err);
	if (result == 0 && link.master != bridge.index)
		result = error_set(err, 0, "the interface \"%s\" is no port of \"%s\"", claim->link,
				   claim->network);
	if (result == 0)
		result = check_inside(claim, err);
	return result < 0 ? result : firewall_check(&front->state, view, err);
}

/* --- pruning ------------------------------------------------------------------------------------------- */

struct orphan_search {
	struct front *front;
	const struct state_view *view;
	const struct netlink_link *bridge;
	struct bridge_links *links;
	struct error *err;
	int result;
};

static void search_orphan(const struct netlink_link *link, void *data)
{
	struct orphan_search *search = data;

	if (search->result < 0 || link->master != search->bridge->index ||
	    !text_starts(link->name, LINK_PREFIX))
		return;
	for (size_t i = 0; i < search->view->claims.count; i++) {
		const char *known = search->view->claims.items[i].link;

		if (known != NULL && text_equal(known, link->name))
			return;
	}
	const char *name = arena_copy(&search->front->arena, link->name, strlen(link->name));
	search->result = name == NULL ? error_set(search->err, ENOMEM, "note an interface")
				      : note_link(search->front, search->links, name, search->err);
}

static bool in_use(const struct state_view *view, const struct state_network *network)
{
	for (size_t i = 0; i < view->claims.count; i++)
		if (view->claims.items[i].driver == network->driver &&
		    text_equal(view->claims.items[i].network, network->name))
			return true;
	return false;
}

/* The bridge of one network: its ports that are nobody's, and itself where nobody is left. */
static int prune_bridge(struct front *front, struct netlink *netlink, const struct state_view *view,
			const struct state_network *network, struct bridge_links *links, struct error *err)
{
	struct netlink_link bridge;
	int result = netlink_find_link(netlink, network->name, &bridge, err);

	if (result == -ENODEV)
		return 0;
	if (result < 0)
		return result;
	struct orphan_search search = { front, view, &bridge, links, err, 0 };
	result = netlink_each_link(netlink, search_orphan, &search, err);
	if (result == 0)
		result = search.result;
	if (result == 0 && !in_use(view, network) && text_equal(bridge.kind, "bridge"))
		result = netlink_delete_link(netlink, network->name, err);
	return result;
}

int bridge_prune(struct front *front, struct state_view *view, struct bridge_links *links,
		 void (*pruned)(const struct state_network *network, void *data), void *data,
		 struct error *err)
{
	autonetlink struct netlink netlink = { 0 };
	size_t kept = 0;
	int result = netlink_open(&netlink, err);

	for (size_t i = 0; i < view->networks.count; i++) {
		const struct state_network network = view->networks.items[i];
		bool empty = !in_use(view, &network);

		if (result == 0 && network.driver == CLAIM_BRIDGE)
			result = prune_bridge(front, &netlink, view, &network, links, err);
		if (result == 0 && empty)
			result = state_remove_network(&front->state, &network, err);
		if (result == 0 && empty)
			pruned(&network, data);
		else
			view->networks.items[kept++] = network;
	}
	view->networks.count = kept;
	return result;
}
