/* IPv6 addresses as bytes and text; see address6.h. No effects. */
#include "runtime/net/address6.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/number.h"

#include "base/banned.h"

int address6_parse(const char *text, struct address6 *ret, struct error *err)
{
	struct address6 address;

	if (inet_pton(AF_INET6, text, address.bytes) != 1)
		return error_set(err, 0, "invalid IPv6 address: %.64s", text);
	*ret = address;
	return 0;
}

void address6_format(const struct address6 *address, char room[ADDRESS6_TEXT_BYTES])
{
	(void)inet_ntop(AF_INET6, address->bytes, room, ADDRESS6_TEXT_BYTES); /* it fits */
}

static void drop_host(struct address6 *address, unsigned prefix)
{
	for (unsigned bit = prefix; bit < 128; bit++)
		address->bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

int address6_parse_subnet(const char *text, struct address6_subnet *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS6_TEXT_BYTES] = { 0 };
	struct address6_subnet subnet;
	uint64_t prefix = 0;

	if (slash == NULL || slash - text >= ADDRESS6_TEXT_BYTES)
		return error_set(err, 0, "invalid IPv6 subnet: %.64s", text);
	memcpy(address, text, (size_t)(slash - text));
	if (address6_parse(address, &subnet.network, err) < 0 ||
	    number_parse_u64(slash + 1, 128, &prefix, err) < 0)
		return error_add(err, "invalid IPv6 subnet: %.64s", text);
	if (prefix < ADDRESS6_MIN_PREFIX || prefix > ADDRESS6_MAX_PREFIX)
		return error_set(err, 0, "invalid IPv6 subnet: %.64s: its prefix is not between %d and %d",
				 text, ADDRESS6_MIN_PREFIX, ADDRESS6_MAX_PREFIX);
	if ((subnet.network.bytes[0] & 0xfeU) != 0xfc && (subnet.network.bytes[0] & 0xe0U) != 0x20)
		return error_set(err, 0, "invalid IPv6 subnet: %.64s: neither in fc00::/7 nor in 2000::/3",
				 text);
	subnet.prefix = (unsigned)prefix;
	drop_host(&subnet.network, subnet.prefix);
	*ret = subnet;
	return 0;
}

bool address6_is_none(const struct address6 *address)
{
	static const struct address6 none = { 0 };

	return memcmp(address, &none, sizeof(none)) == 0;
}

bool address6_same(const struct address6_subnet *a, const struct address6_subnet *b)
{
	return a->prefix == b->prefix && memcmp(&a->network, &b->network, sizeof(a->network)) == 0;
}

bool address6_overlap(const struct address6_subnet *a, const struct address6_subnet *b)
{
	unsigned prefix = a->prefix < b->prefix ? a->prefix : b->prefix;
	struct address6 one = a->network, other = b->network;

	drop_host(&one, prefix);
	drop_host(&other, prefix);
	return memcmp(&one, &other, sizeof(one)) == 0;
}

struct address6 address6_of_host(const struct address6_subnet *subnet, uint32_t host)
{
	struct address6 address = subnet->network;

	if (subnet->prefix == 0)
		return address;
	for (unsigned i = 0; i < 4; i++)
		address.bytes[15 - i] = (uint8_t)(host >> 8 * i & 0xff);
	return address;
}
