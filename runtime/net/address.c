/* Addresses as numbers and text; see address.h. No effects. */
#include "runtime/net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

#include "base/banned.h"

int address_parse(const char *text, uint32_t *ret, struct error *err)
{
	struct in_addr address;

	/* inet_pton takes four decimal numbers only, unlike inet_aton */
	if (inet_pton(AF_INET, text, &address) != 1)
		return error_set(err, 0, "invalid IP address: %.64s", text);
	*ret = ntohl(address.s_addr);
	return 0;
}

void address_format(uint32_t address, char room[ADDRESS_TEXT_BYTES])
{
	(void)snprintf(room, ADDRESS_TEXT_BYTES, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		       address >> 8 & 0xff, address & 0xff);
}

uint32_t address_mask(unsigned prefix)
{
	return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

int address_parse_subnet(const char *text, struct address_subnet *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT_BYTES] = { 0 };
	uint32_t network = 0;
	uint64_t prefix = 0;

	if (slash == NULL || slash - text >= ADDRESS_TEXT_BYTES)
		return error_set(err, 0, "invalid subnet: %.64s", text);
	memcpy(address, text, (size_t)(slash - text));
	if (address_parse(address, &network, err) < 0 || number_parse_u64(slash + 1, 32, &prefix, err) < 0)
		return error_add(err, "invalid subnet: %.64s", text);
	ret->prefix = (unsigned)prefix;
	ret->network = network & address_mask(ret->prefix);
	return 0;
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

int address_parse_mac(const char *text, struct address_mac *ret, struct error *err)
{
	struct address_mac mac = { 0 };
	bool good = strlen(text) == ADDRESS_MAC_TEXT_BYTES - 1;

	for (unsigned i = 0; good && i < sizeof(mac.bytes); i++) {
		const char *digits = text + (size_t)3 * i;

		good = isxdigit((unsigned char)digits[0]) && isxdigit((unsigned char)digits[1]) &&
		       digits[2] == (i == 5 ? '\0' : ':');
		if (good)
			mac.bytes[i] = (uint8_t)(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
	}
	if (!good)
		return error_set(err, 0, "invalid MAC address: %.64s", text);
	if ((mac.bytes[0] & 1) != 0)
		return error_set(err, 0, "invalid MAC address: %.64s is a group's", text);
	*ret = mac;
	return 0;
}

void address_format_mac(const struct address_mac *mac, char room[ADDRESS_MAC_TEXT_BYTES])
{
	const uint8_t *b = mac->bytes;

	(void)snprintf(room, ADDRESS_MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
		       b[4], b[5]);
}

bool address_contains(const struct address_subnet *subnet, uint32_t address)
{
	return (address & address_mask(subnet->prefix)) == subnet->network;
}

bool address_overlap(const struct address_subnet *a, const struct address_subnet *b)
{
	return address_contains(a, b->network) || address_contains(b, a->network);
}

bool address_is_loopback(uint32_t address)
{
	return (address & address_mask(8)) == ADDRESS_LOOPBACK;
}
