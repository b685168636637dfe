/*
 * What hull-net asks of the kernel through netlink: links, addresses, routes, and whether its nftables table
 * is there. Each call is one message and its acknowledgement. The only file that knows libmnl.
 */
#ifndef HULL_RUNTIME_NET_NETLINK_H
#define HULL_RUNTIME_NET_NETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/net/address.h"
#include "runtime/net/address6.h"

struct mnl_socket;
/* A connection: to the network namespace that the thread was in when it was opened. */
struct netlink {
	struct mnl_socket *socket; /* NULL: closed */
	unsigned sequence;
};

struct netlink_link {
	int index, master; /* master 0: none */
	unsigned flags;    /* IFF_* */
	char name[IFNAMSIZ];
	char kind[16];  /* "bridge", "veth"; "" for hardware */
	char alias[64]; /* cut where it is longer */
	struct address_mac mac;
};

must_check int netlink_open(struct netlink *ret, struct error *err);
void netlink_close(struct netlink *netlink);
#define autonetlink __attribute__((cleanup(netlink_close)))

/* Errors: -ENODEV there is no such link. */
must_check int netlink_find_link(struct netlink *netlink, const char *name, struct netlink_link *ret,
				 struct error *err);
/* @seen for each link. */
must_check int netlink_each_link(struct netlink *netlink,
				 void (*seen)(const struct netlink_link *link, void *data), void *data,
				 struct error *err);
/* A bridge, down, without an address. Errors: -EEXIST the name is taken; -EOPNOTSUPP no such kind. */
must_check int netlink_add_bridge(struct netlink *netlink, const char *name, const struct address_mac *mac,
				  unsigned mtu, struct error *err);
/* Take the link up, and note @alias at it unless it is NULL. */
must_check int netlink_set_up(struct netlink *netlink, int index, const char *alias, struct error *err);

struct netlink_veth {
	const char *name;              /* of the end that stays */
	int master;                    /* the bridge that it is a port of */
	const char *peer;              /* name of the other end … */
	int namespace;                 /* … in this network namespace */
	const struct address_mac *mac; /* of the other end */
	unsigned mtu;
};
/* The peer is down. Errors: -EEXIST one of the names is taken; -EOPNOTSUPP no such kind. */
must_check int netlink_add_veth(struct netlink *netlink, const struct netlink_veth *veth, struct error *err);
/* Let the bridge send what comes from this port back to it. */
must_check int netlink_set_hairpin(struct netlink *netlink, int index, struct error *err);
/* Errors: -ENODEV it is gone. */
must_check int netlink_delete_link(struct netlink *netlink, const char *name, struct error *err);

/* Errors: -EEXIST it is there already. */
must_check int netlink_add_address(struct netlink *netlink, int index, uint32_t address, unsigned prefix,
				   struct error *err);
/* Errors: -EEXIST there is a default route already. */
must_check int netlink_add_default_route(struct netlink *netlink, int index, uint32_t gateway,
					 struct error *err);
/* The same for IPv6. The address is had at once: nobody is asked whether it is his. */
must_check int netlink_add_address6(struct netlink *netlink, int index, const struct address6 *address,
				    unsigned prefix, struct error *err);
must_check int netlink_add_default_route6(struct netlink *netlink, int index, const struct address6 *gateway,
					  struct error *err);
must_check int netlink_each_route6(struct netlink *netlink,
				   void (*seen)(int index, const struct address6_subnet *to, void *data),
				   void *data, struct error *err);
/* @seen for each address of a link. */
must_check int netlink_each_address(struct netlink *netlink,
				    void (*seen)(int index, uint32_t address, unsigned prefix, void *data),
				    void *data, struct error *err);
/* @seen for each unicast route of the main table, also a default one. */
must_check int netlink_each_route(struct netlink *netlink,
				  void (*seen)(int index, const struct address_subnet *to, void *data),
				  void *data, struct error *err);

/* A connection to nftables, for what follows. */
must_check int netlink_open_nftables(struct netlink *ret, struct error *err);
/*
 * The number that nftables gave the table @name of family inet when it was made.
 * Errors: -ENOENT there is none; others where there is no nftables.
 */
must_check int netlink_table_handle(struct netlink *netlink, const char *name, uint64_t *ret,
				    struct error *err);

#endif
