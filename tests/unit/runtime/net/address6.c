/* IPv6 addresses as text and as bytes. */
#include "runtime/net/address6.h"

#include "base/cleanup.h"
#include "tests/unit/check.h"

static struct error err;

static struct address6_subnet subnet_of(const char *text)
{
	struct address6_subnet subnet = { .prefix = 0 };

	CHECK_INT(address6_parse_subnet(text, &subnet, &err), 0);
	return subnet;
}

static const char *text_of(struct address6 address)
{
	static char room[ADDRESS6_TEXT_BYTES];

	address6_format(&address, room);
	return room;
}

static void test_text(void)
{
	static const char *const bad[] = { "",        "fd00",     "fd00:::", "fd00::1/64",
					   "fd00::g", "10.0.0.1", " ::1",    "::1 " };
	struct address6 address;

	CHECK_INT(address6_parse("fd00:0:0::00a1", &address, &err), 0);
	CHECK_STR(text_of(address), "fd00::a1");
	CHECK(!address6_is_none(&address));
	CHECK_INT(address6_parse("::", &address, &err), 0);
	CHECK(address6_is_none(&address));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(address6_parse(bad[i], &address, &err) < 0);
}

static void test_subnets(void)
{
	static const char *const bad[] = { "fd00::",     "fd00::/",   "fd00::/15", "fd00::/97", "fd00::/129",
					   "fe80::/64",  "ff00::/64", "::/64",     "::1/96",    "10.0.0.0/24",
					   "fd00::/-64", "/64",       "fd00::/6x" };
	struct address6_subnet subnet = subnet_of("fd00:91:2:3:ffff::1/63"), none = { .prefix = 0 }, other;

	CHECK_STR(text_of(subnet.network), "fd00:91:2:2::");
	CHECK_INT(subnet.prefix, 63);
	CHECK_STR(text_of(subnet_of("2001:db8::/32").network), "2001:db8::");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK(address6_parse_subnet(bad[i], &subnet, &err) < 0);
		CHECK_HAS(err.text, "invalid IPv6 subnet");
	}
	subnet = subnet_of("fd00:91::/64");
	other = subnet_of("fd00:91::/48");
	CHECK(address6_overlap(&subnet, &other) && address6_overlap(&other, &subnet));
	CHECK(!address6_same(&subnet, &other) && address6_same(&subnet, &subnet));
	other = subnet_of("fd00:91:0:1::/64");
	CHECK(!address6_overlap(&subnet, &other));
	CHECK(address6_overlap(&subnet, &none));
}

static void test_hosts(void)
{
	const struct address6_subnet subnet = subnet_of("fd00:91::/64"), none = { .prefix = 0 };
	struct address6 address = address6_of_host(&none, 7);

	CHECK_STR(text_of(address6_of_host(&subnet, 2)), "fd00:91::2");
	CHECK_STR(text_of(address6_of_host(&subnet, 0x00fffffe)), "fd00:91::ff:fffe");
	CHECK(address6_is_none(&address));
}

static const struct test tests[] = {
	{ "text", test_text },
	{ "subnets", test_subnets },
	{ "hosts", test_hosts },
};
TEST_MAIN(tests)
