/* Messages to the kernel; see netlink.h. Knows no names of hull-net's own. */
#include "runtime/net/netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define MESSAGE_BYTES 1024 /* of anything that is asked here */
#define ANSWER_BYTES 32768 /* the kernel fills at most this much at a time */

/* @attribute, or NULL where the message or nest that ends at @tail has no further one. */
static const struct nlattr *within(const struct nlattr *attribute, const void *tail)
{
	int left = (int)((const char *)tail - (const char *)attribute);

	return mnl_attr_ok(attribute, left) ? attribute : NULL;
}

static const struct nlattr *first_attribute(const struct nlmsghdr *message, size_t head_bytes)
{
	return within(mnl_nlmsg_get_payload_offset(message, head_bytes), mnl_nlmsg_get_payload_tail(message));
}

static const struct nlattr *next_attribute(const struct nlmsghdr *message, const struct nlattr *before)
{
	return within(mnl_attr_next(before), mnl_nlmsg_get_payload_tail(message));
}

static int open_bus(int bus, struct netlink *ret, struct error *err)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (socket == NULL)
		return error_set(err, errno, "open a netlink socket");
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int number = errno;

		(void)mnl_socket_close(socket); /* nothing was sent */
		return error_set(err, number, "bind a netlink socket");
	}
	*ret = (struct netlink){ .socket = socket };
	return 0;
}

int netlink_open(struct netlink *ret, struct error *err)
{
	return open_bus(NETLINK_ROUTE, ret, err);
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket != NULL)
		(void)mnl_socket_close(netlink->socket); /* every message was acknowledged */
	netlink->socket = NULL;
}

/*
 * While links come and go, the kernel says of nearly every list that it may not be of one moment, and libmnl
 * would drop the rest of it. What is looked for here does not change meanwhile.
 */
static void forgive_interruption(void *buffer, ssize_t length)
{
	int left = (int)length;

	for (struct nlmsghdr *message = buffer; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
}

/* Send @message, hand what answers it to @answer (NULL: nothing is expected). Returns 0 or a negative errno.
 */
static int talk(struct netlink *netlink, struct nlmsghdr *message, mnl_cb_t answer, void *data)
{
	char buffer[ANSWER_BYTES];
	unsigned port = mnl_socket_get_portid(netlink->socket);
	int more = MNL_CB_OK;

	message->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (more > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(netlink->socket, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		forgive_interruption(buffer, got);
		more = mnl_cb_run(buffer, (size_t)got, message->nlmsg_seq, port, answer, data);
		if (more < 0)
			return -errno;
	}
	return 0;
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;

	memset(buffer, 0, MESSAGE_BYTES);
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	return message;
}

/* --- links ----------------------------------------------------------------------------------------- */

static struct ifinfomsg *put_link(struct nlmsghdr *message, int index, bool up)
{
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = index;
	if (up)
		link->ifi_change = link->ifi_flags = IFF_UP;
	return link;
}

static void read_kind(const struct nlattr *info, struct netlink_link *into)
{
	const char *tail = (const char *)mnl_attr_get_payload(info) + mnl_attr_get_payload_len(info);
	const struct nlattr *attribute = within(mnl_attr_get_payload(info), tail);

	for (; attribute != NULL; attribute = within(mnl_attr_next(attribute), tail))
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			(void)snprintf(into->kind, sizeof(into->kind), "%s", mnl_attr_get_str(attribute));
}

static bool read_link(const struct nlmsghdr *message, struct netlink_link *ret)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	struct netlink_link link = { .index = head->ifi_index, .flags = head->ifi_flags };
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWLINK)
		return false;
	for (attribute = first_attribute(message, sizeof(*head)); attribute != NULL;
	     attribute = next_attribute(message, attribute)) {
		const void *payload = mnl_attr_get_payload(attribute);
		size_t length = mnl_attr_get_payload_len(attribute);

		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			(void)snprintf(link.name, sizeof(link.name), "%.*s", (int)length,
				       (const char *)payload);
			break;
		case IFLA_IFALIAS:
			(void)snprintf(link.alias, sizeof(link.alias), "%.*s", (int)length,
				       (const char *)payload);
			break;
		case IFLA_MASTER:
			link.master = (int)mnl_attr_get_u32(attribute);
			break;
		case IFLA_LINKINFO:
			read_kind(attribute, &link);
			break;
		case IFLA_ADDRESS:
			if (length == sizeof(link.mac.bytes))
				memcpy(link.mac.bytes, payload, length);
			break;
		default:
			break;
		}
	}
	*ret = link;
	return true;
}

static int answer_link(const struct nlmsghdr *message, void *data)
{
	(void)read_link(message, data); /* nothing else answers */
	return MNL_CB_OK;
}

int netlink_find_link(struct netlink *netlink, const char *name, struct netlink_link *ret, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_GETLINK, NLM_F_ACK);
	struct netlink_link link = { 0 };

	(void)put_link(message, 0, false);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	int result = talk(netlink, message, answer_link, &link);
	if (result == 0 && link.index == 0)
		result = -ENODEV;
	if (result < 0)
		return error_set(err, -result, "look for the interface \"%s\"", name);
	*ret = link;
	return 0;
}

struct link_walk {
	void (*seen)(const struct netlink_link *link, void *data);
	void *data;
};

static int walk_link(const struct nlmsghdr *message, void *data)
{
	const struct link_walk *walk = data;
	struct netlink_link link;

	if (read_link(message, &link))
		walk->seen(&link, walk->data);
	return MNL_CB_OK;
}

int netlink_each_link(struct netlink *netlink, void (*seen)(const struct netlink_link *link, void *data),
		      void *data, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_GETLINK, NLM_F_DUMP);
	struct link_walk walk = { seen, data };

	(void)put_link(message, 0, false);
	int result = talk(netlink, message, walk_link, &walk);
	return result < 0 ? error_set(err, -result, "list the interfaces") : 0;
}

int netlink_add_bridge(struct netlink *netlink, const char *name, const struct address_mac *mac, unsigned mtu,
		       struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);

	(void)put_link(message, 0, false);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	/* one of its own: otherwise it takes its ports', and changes as they come and go */
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(mac->bytes), mac->bytes);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(message, info);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "make the bridge \"%s\"", name) : 0;
}

int netlink_set_up(struct netlink *netlink, int index, const char *alias, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_SETLINK, NLM_F_ACK);

	(void)put_link(message, index, true);
	if (alias != NULL)
		mnl_attr_put_strz(message, IFLA_IFALIAS, alias);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "take interface %d up", index) : 0;
}

int netlink_add_veth(struct netlink *netlink, const struct netlink_veth *veth, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);

	(void)put_link(message, 0, true);
	mnl_attr_put_strz(message, IFLA_IFNAME, veth->name);
	mnl_attr_put_u32(message, IFLA_MTU, veth->mtu);
	mnl_attr_put_u32(message, IFLA_MASTER, (uint32_t)veth->master);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	/* down: this end is made first, and without the other it cannot be up */
	(void)put_link(message, 0, false);
	mnl_attr_put_strz(message, IFLA_IFNAME, veth->peer);
	mnl_attr_put_u32(message, IFLA_MTU, veth->mtu);
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(veth->mac->bytes), veth->mac->bytes);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)veth->namespace);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "make the interface \"%s\"", veth->peer) : 0;
}

int netlink_set_hairpin(struct netlink *netlink, int index, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_SETLINK, NLM_F_ACK);

	put_link(message, index, false)->ifi_family = PF_BRIDGE;
	struct nlattr *port = mnl_attr_nest_start(message, IFLA_PROTINFO);
	mnl_attr_put_u8(message, IFLA_BRPORT_MODE, 1);
	mnl_attr_nest_end(message, port);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "set up port %d of the bridge", index) : 0;
}

int netlink_delete_link(struct netlink *netlink, const char *name, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_DELLINK, NLM_F_ACK);

	(void)put_link(message, 0, false);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "remove the interface \"%s\"", name) : 0;
}

/* --- addresses and routes -------------------------------------------------------------------------- */

int netlink_add_address(struct netlink *netlink, int index, uint32_t address, unsigned prefix,
			struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifa_family = AF_INET;
	head->ifa_prefixlen = (uint8_t)prefix;
	head->ifa_scope = RT_SCOPE_UNIVERSE;
	head->ifa_index = (uint32_t)index;
	mnl_attr_put_u32(message, IFA_LOCAL, htonl(address));
	mnl_attr_put_u32(message, IFA_ADDRESS, htonl(address));
	mnl_attr_put_u32(message, IFA_BROADCAST, htonl(address | ~address_mask(prefix)));
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "add the address") : 0;
}

int netlink_add_address6(struct netlink *netlink, int index, const struct address6 *address, unsigned prefix,
			 struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifa_family = AF_INET6;
	head->ifa_prefixlen = (uint8_t)prefix;
	head->ifa_scope = RT_SCOPE_UNIVERSE;
	head->ifa_flags = IFA_F_NODAD;
	head->ifa_index = (uint32_t)index;
	mnl_attr_put(message, IFA_LOCAL, sizeof(address->bytes), address->bytes);
	mnl_attr_put(message, IFA_ADDRESS, sizeof(address->bytes), address->bytes);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "add the IPv6 address") : 0;
}

static int add_default_route(struct netlink *netlink, int index, unsigned char family, const void *gateway,
			     size_t length, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->rtm_family = family;
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = RTPROT_BOOT;
	head->rtm_scope = RT_SCOPE_UNIVERSE;
	head->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(message, RTA_OIF, (uint32_t)index);
	mnl_attr_put(message, RTA_GATEWAY, length, gateway);
	int result = talk(netlink, message, NULL, NULL);
	return result < 0 ? error_set(err, -result, "add the default route") : 0;
}

int netlink_add_default_route(struct netlink *netlink, int index, uint32_t gateway, struct error *err)
{
	const uint32_t bytes = htonl(gateway);

	return add_default_route(netlink, index, AF_INET, &bytes, sizeof(bytes), err);
}

int netlink_add_default_route6(struct netlink *netlink, int index, const struct address6 *gateway,
			       struct error *err)
{
	return add_default_route(netlink, index, AF_INET6, gateway->bytes, sizeof(gateway->bytes), err);
}

struct address_walk {
	void (*seen)(int index, uint32_t address, unsigned prefix, void *data);
	void *data;
};

static int walk_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
	const struct address_walk *walk = data;
	const struct nlattr *attribute;

	if (message->nlmsg_type == RTM_NEWADDR && head->ifa_family == AF_INET)
		for (attribute = first_attribute(message, sizeof(*head)); attribute != NULL;
		     attribute = next_attribute(message, attribute))
			if (mnl_attr_get_type(attribute) == IFA_LOCAL)
				walk->seen((int)head->ifa_index, ntohl(mnl_attr_get_u32(attribute)),
					   head->ifa_prefixlen, walk->data);
	return MNL_CB_OK;
}

int netlink_each_address(struct netlink *netlink,
			 void (*seen)(int index, uint32_t address, unsigned prefix, void *data), void *data,
			 struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct address_walk walk = { seen, data };

	head->ifa_family = AF_INET;
	int result = talk(netlink, message, walk_address, &walk);
	return result < 0 ? error_set(err, -result, "list the addresses") : 0;
}

struct route_walk {
	void (*seen)(int index, const struct address_subnet *to, void *data);
	void *data;
};

static int walk_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);
	struct address_subnet to = { .prefix = head->rtm_dst_len };
	const struct route_walk *walk = data;
	const struct nlattr *attribute;
	int index = 0;

	if (message->nlmsg_type != RTM_NEWROUTE || head->rtm_family != AF_INET ||
	    head->rtm_table != RT_TABLE_MAIN || head->rtm_type != RTN_UNICAST || to.prefix > 32)
		return MNL_CB_OK;
	for (attribute = first_attribute(message, sizeof(*head)); attribute != NULL;
	     attribute = next_attribute(message, attribute)) {
		if (mnl_attr_get_type(attribute) == RTA_DST)
			to.network = ntohl(mnl_attr_get_u32(attribute)) & address_mask(to.prefix);
		else if (mnl_attr_get_type(attribute) == RTA_OIF)
			index = (int)mnl_attr_get_u32(attribute);
	}
	walk->seen(index, &to, walk->data);
	return MNL_CB_OK;
}

int netlink_each_route(struct netlink *netlink,
		       void (*seen)(int index, const struct address_subnet *to, void *data), void *data,
		       struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct route_walk walk = { seen, data };

	head->rtm_family = AF_INET;
	int result = talk(netlink, message, walk_route, &walk);
	return result < 0 ? error_set(err, -result, "list the routes") : 0;
}

struct route6_walk {
	void (*seen)(int index, const struct address6_subnet *to, void *data);
	void *data;
};

static int walk_route6(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);
	struct address6_subnet to = { .prefix = head->rtm_dst_len };
	const struct route6_walk *walk = data;
	const struct nlattr *attribute;
	int index = 0;

	if (message->nlmsg_type != RTM_NEWROUTE || head->rtm_family != AF_INET6 ||
	    head->rtm_table != RT_TABLE_MAIN || head->rtm_type != RTN_UNICAST || to.prefix > 128)
		return MNL_CB_OK;
	for (attribute = first_attribute(message, sizeof(*head)); attribute != NULL;
	     attribute = next_attribute(message, attribute)) {
		if (mnl_attr_get_type(attribute) == RTA_DST &&
		    mnl_attr_get_payload_len(attribute) == sizeof(to.network.bytes))
			memcpy(to.network.bytes, mnl_attr_get_payload(attribute), sizeof(to.network.bytes));
		else if (mnl_attr_get_type(attribute) == RTA_OIF)
			index = (int)mnl_attr_get_u32(attribute);
	}
	walk->seen(index, &to, walk->data);
	return MNL_CB_OK;
}

int netlink_each_route6(struct netlink *netlink,
			void (*seen)(int index, const struct address6_subnet *to, void *data), void *data,
			struct error *err)
{
	char buffer[MESSAGE_BYTES];
	struct nlmsghdr *message = begin(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct route6_walk walk = { seen, data };

	head->rtm_family = AF_INET6;
	int result = talk(netlink, message, walk_route6, &walk);
	return result < 0 ? error_set(err, -result, "list the IPv6 routes") : 0;
}

/* --- nftables -------------------------------------------------------------------------------------- */

static int answer_table(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attribute;
	uint64_t *handle = data;

	for (attribute = first_attribute(message, sizeof(struct nfgenmsg)); attribute != NULL;
	     attribute = next_attribute(message, attribute))
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_HANDLE)
			*handle = be64toh(mnl_attr_get_u64(attribute));
	return MNL_CB_OK;
}

int netlink_open_nftables(struct netlink *ret, struct error *err)
{
	int result = open_bus(NETLINK_NETFILTER, ret, err);

	return result < 0 ? error_add(err, "nftables") : 0;
}

int netlink_table_handle(struct netlink *netlink, const char *name, uint64_t *ret, struct error *err)
{
	char buffer[MESSAGE_BYTES];
	uint64_t handle = 0;

	struct nlmsghdr *message = begin(buffer, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, NLM_F_ACK);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = NFPROTO_INET;
	head->version = NFNETLINK_V0;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, name);
	int result = talk(netlink, message, answer_table, &handle);
	if (result < 0)
		return error_set(err, -result, "nftables: look for the table \"%s\"", name);
	*ret = handle;
	return 0;
}
