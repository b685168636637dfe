/*
 * The settings of hull-net: /etc/hull/net.json. Every member may be missing; one that is not known is an
 *error.
 *
 *	{
 *		"pools": ["10.91.0.0/16"],
 *		"networks": {"hull0": {"subnet": "10.91.0.0/16", "gateway": "10.91.0.1", "mtu": 1500,
 *			"subnet6": "fd00:91::/64"}},
 *		"cni": {"lists": ["/etc/cni/net.d"], "plugins": ["/opt/cni/bin"], "timeout": 60}
 *	}
 */
#ifndef HULL_RUNTIME_NET_CONFIG_H
#define HULL_RUNTIME_NET_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/values.h"
#include "runtime/net/address.h"
#include "runtime/net/address6.h"

#define CONFIG_PATH "/etc/hull/net.json"
#define CONFIG_MTU 1500
#define CONFIG_MIN_MTU 576
#define CONFIG_MAX_MTU 65535
#define CONFIG_MIN_MTU6 1280 /* the kernel has no IPv6 on less */
/* A network has its own address, one for a container, and two that nobody has. */
#define CONFIG_MIN_PREFIX 8
#define CONFIG_MAX_PREFIX 30

/* What is known of a bridge network before it is made. */
struct config_network {
	const char *name;
	struct address_subnet subnet;   /* prefix 0: the first free pool */
	uint32_t gateway;               /* 0: the first address of the subnet */
	unsigned mtu;                   /* 0: CONFIG_MTU */
	struct address6_subnet subnet6; /* prefix 0: no IPv6 */
};

struct config {
	const struct address_subnet *pools; /* where networks without a subnet are made, in this order */
	size_t pool_count;
	const struct config_network *networks;
	size_t network_count;
	struct strings cni_lists, cni_plugins; /* directories */
	unsigned cni_timeout_s;                /* of one plugin */
};

/* @text is the document, NULL for the defaults; @name is its file's. Lives in @arena. Errors: -EINVAL. */
must_check int config_parse(const char *name, const char *text, size_t length, struct arena *arena,
			    struct config *ret, struct error *err);
/* The file @path, or the defaults where it is missing. Errors: those of open; -EPERM others may write to it.
 */
must_check int config_load(const char *path, struct arena *arena, struct config *ret, struct error *err);
/* What is set for the bridge @name: all of it 0 where nothing is. */
struct config_network config_network_of(const struct config *config, const char *name);
/* Whether the sizes agree. Errors: -EINVAL. */
must_check int config_check_network(const struct config_network *network, struct error *err);
/* A subnet that a network can be made in. Errors: -EINVAL too small or too large. */
must_check int config_parse_subnet(const char *text, struct address_subnet *ret, struct error *err);

#endif
