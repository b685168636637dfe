/*
 * IPv6 addresses and subnets. A container's is its network's prefix with the number at the end that its IPv4
 * address has in the IPv4 subnet: whoever has the one has the other, and nothing more has to be kept.
 */
#ifndef HULL_RUNTIME_NET_ADDRESS6_H
#define HULL_RUNTIME_NET_ADDRESS6_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ADDRESS6_TEXT_BYTES 46 /* INET6_ADDRSTRLEN */
#define ADDRESS6_MAX_PREFIX 96 /* 32 bits for what an IPv4 address can say */
#define ADDRESS6_MIN_PREFIX 16

struct address6 {
	uint8_t bytes[16]; /* all 0: none */
};

struct address6_subnet {
	struct address6 network; /* no bit beyond the prefix is set */
	unsigned prefix;         /* 0: none */
};

/* Errors: -EINVAL. */
must_check int address6_parse(const char *text, struct address6 *ret, struct error *err);
void address6_format(const struct address6 *address, char room[ADDRESS6_TEXT_BYTES]);
/*
 * "fd00:91::/64", one that containers can have: private (fc00::/7) or public (2000::/3), with a prefix of
 * ADDRESS6_MIN_PREFIX to ADDRESS6_MAX_PREFIX; bits beyond it are dropped. Errors: -EINVAL.
 */
must_check int address6_parse_subnet(const char *text, struct address6_subnet *ret, struct error *err);
bool address6_is_none(const struct address6 *address);
bool address6_same(const struct address6_subnet *a, const struct address6_subnet *b);
/* Whether they have an address in common; prefix 0 is all there are. */
bool address6_overlap(const struct address6_subnet *a, const struct address6_subnet *b);
/* Number @host of @subnet, or none where @subnet is none. */
struct address6 address6_of_host(const struct address6_subnet *subnet, uint32_t host);

#endif
