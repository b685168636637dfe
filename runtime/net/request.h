/*
 * What `add` is asked for: its options and, as an OCI hook, the state document on standard input. Checked,
 * with the container's network namespace open, before anything is changed.
 */
#ifndef HULL_RUNTIME_NET_REQUEST_H
#define HULL_RUNTIME_NET_REQUEST_H

#include <stdbool.h>

#include "base/flags.h"
#include "runtime/net/claim.h"
#include "runtime/net/config.h"
#include "runtime/net/front.h"
#include "runtime/net/hosts.h"

#define REQUEST_NETWORK "bridge" /* where --network is not given: the bridge REQUEST_BRIDGE */
#define REQUEST_BRIDGE "hull0"
#define REQUEST_INTERFACE "eth0"

struct request_values {
	const char *id, *network, *namespace, *interface, *mac, *ip, *subnet, *subnet6;
	const char *name, *hostname, *hosts, *resolver;
	struct opt_i64 pid, mtu;
	struct flag_list publish, aliases, dns, dns_search, dns_option;
};
/* For commands whose values are a struct request_values. */
extern const struct flag_row request_rows[];

/* Which container a hook, or a person, means. */
struct request_container {
	const char *id;
	const char *bundle; /* NULL: by hand */
	const char *status; /* NULL: by hand */
	pid_t pid;          /* 0: none */
};

struct request {
	struct claim claim; /* what is known of it before anything is chosen; address 0: any */
	bool has_mac;
	struct publish_list publish; /* as asked */
	struct config_network network;
	const char *resolver_path; /* NULL: none */
	struct hosts_resolver resolver;
	int namespace; /* open; -1: none */
};

/* @id, or where it is NULL what the state document on standard input says. In front's arena. */
must_check int request_read_container(struct front *front, const char *id, struct request_container *ret,
				      struct error *err);
/* "bridge", "bridge:NAME", "cni:NAME". Errors: -EINVAL. */
must_check int request_parse_network(struct front *front, const char *text, enum claim_driver *ret_driver,
				     const char **ret_name, struct error *err);
/* Borrows @values. */
must_check int request_read(struct front *front, const struct request_values *values, struct request *ret,
			    struct error *err);
void request_release(struct request *request);

#endif
