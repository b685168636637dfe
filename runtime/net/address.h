/*
 * IPv4 addresses, subnets and MAC addresses as numbers and as text. Addresses are in host byte order, so that
 * the next one is one more.
 */
#ifndef HULL_RUNTIME_NET_ADDRESS_H
#define HULL_RUNTIME_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ADDRESS_TEXT_BYTES 16     /* "255.255.255.255" */
#define ADDRESS_MAC_TEXT_BYTES 18 /* "0a:00:00:00:00:00" */
#define ADDRESS_LOOPBACK UINT32_C(0x7f000000)

struct address_subnet {
	uint32_t network; /* its first address: no bit beyond the prefix is set */
	unsigned prefix;  /* 0 to 32 */
};

struct address_mac {
	uint8_t bytes[6];
};

/* Four decimal numbers and nothing else. Errors: -EINVAL. */
must_check int address_parse(const char *text, uint32_t *ret, struct error *err);
void address_format(uint32_t address, char room[ADDRESS_TEXT_BYTES]);
/* "10.91.0.0/16"; bits beyond the prefix are dropped. Errors: -EINVAL. */
must_check int address_parse_subnet(const char *text, struct address_subnet *ret, struct error *err);
/* Six bytes of two hexadecimal digits with colons between; of one station, not of a group. Errors: -EINVAL.
 */
must_check int address_parse_mac(const char *text, struct address_mac *ret, struct error *err);
void address_format_mac(const struct address_mac *mac, char room[ADDRESS_MAC_TEXT_BYTES]);

uint32_t address_mask(unsigned prefix);
bool address_contains(const struct address_subnet *subnet, uint32_t address);
/* Whether they have an address in common. */
bool address_overlap(const struct address_subnet *a, const struct address_subnet *b);
/* 127.0.0.0/8 */
bool address_is_loopback(uint32_t address);

#endif
