/* Addresses, subnets and MAC addresses: what is one, what is none, what overlaps. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "runtime/net/address.h"

static void test_addresses(void)
{
	static const char *const good[] = { "0.0.0.0", "10.91.0.2", "255.255.255.255" };
	static const char *const bad[] = { "",          "1",        "1.2.3",    "1.2.3.4.5",
					   "256.1.1.1", "1.2.3.4 ", "::1",      "1.2.3.4/8",
					   "0x1.2.3.4", "a.b.c.d",  "-1.2.3.4", "1..2.3" };
	char room[ADDRESS_TEXT_BYTES];
	uint32_t address;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CHECK(address_parse(good[i], &address, &err) == 0);
		address_format(address, room);
		CHECK_STR(room, good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK(address_parse(bad[i], &address, &err) < 0);
		CHECK_HAS(err.text, "invalid IP address");
	}
	CHECK(address_parse("127.9.9.9", &address, &err) == 0 && address_is_loopback(address));
	CHECK(address_parse("128.0.0.1", &address, &err) == 0 && !address_is_loopback(address));
}

static void test_subnets(void)
{
	static const char *const bad[] = {
		"",   "10.0.0.0", "10.0.0.0/",    "10.0.0.0/33", "10.0.0.0/-1",
		"/8", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/a",  "1111111111111111/8"
	};
	struct address_subnet a, b, whole;
	struct error err;

	CHECK(address_parse_subnet("10.91.7.9/16", &a, &err) == 0);
	CHECK_INT(a.network, 0x0a5b0000);
	CHECK_INT(a.prefix, 16);
	CHECK(address_contains(&a, 0x0a5bffff) && !address_contains(&a, 0x0a5c0000));
	CHECK(address_parse_subnet("10.91.128.0/30", &b, &err) == 0);
	CHECK(address_overlap(&a, &b) && address_overlap(&b, &a));
	CHECK(address_parse_subnet("10.92.0.0/16", &b, &err) == 0);
	CHECK(!address_overlap(&a, &b) && !address_overlap(&b, &a));
	CHECK(address_parse_subnet("0.0.0.0/0", &whole, &err) == 0);
	CHECK(address_overlap(&a, &whole) && address_overlap(&whole, &a));
	CHECK(address_parse_subnet("10.91.7.9/32", &b, &err) == 0);
	CHECK(address_contains(&b, 0x0a5b0709) && !address_contains(&b, 0x0a5b0708));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(address_parse_subnet(bad[i], &a, &err) < 0);
}

static void test_macs(void)
{
	static const char *const bad[] = { "",
					   "02:68:0a:5b:00",
					   "02:68:0a:5b:00:02:03",
					   "02-68-0a-5b-00-02",
					   "0g:68:0a:5b:00:02",
					   "01:00:5e:00:00:01",
					   "02:68:0a:5b:00:0",
					   "02:68:0a:5b:00:022" };
	char room[ADDRESS_MAC_TEXT_BYTES];
	struct address_mac mac;
	struct error err;

	CHECK(address_parse_mac("02:68:0A:5b:00:fF", &mac, &err) == 0);
	address_format_mac(&mac, room);
	CHECK_STR(room, "02:68:0a:5b:00:ff");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(address_parse_mac(bad[i], &mac, &err) < 0);
}

static const struct test tests[] = {
	{ "addresses", test_addresses },
	{ "subnets", test_subnets },
	{ "hardware addresses", test_macs },
};
TEST_MAIN(tests)
