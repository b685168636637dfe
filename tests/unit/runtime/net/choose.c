/* Which subnet, address and port is given out. */
#include "tests/unit/check.h"

#include <errno.h>

#include "base/cleanup.h"
#include "runtime/net/choose.h"

static struct claim claim_of(const char *network, uint32_t address, bool alive)
{
	return (struct claim){ .network = network, .id = "other", .address = address, .alive = alive };
}

static struct state_network small(void)
{
	/* 10.0.0.0/29: 1 is the gateway, 2 to 6 are containers', 7 is everybody's */
	return (struct state_network){ .name = "n", .subnet = { 0x0a000000, 29 }, .gateway = 0x0a000001 };
}

static void test_addresses(void)
{
	struct state_network network = small();
	struct claim claims[8];
	struct claim_list list = { 0, claims };
	uint32_t address;
	struct error err;

	CHECK(choose_address(&network, &list, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000002);
	/* all that there are, each once */
	for (uint32_t want = 0x0a000002; want <= 0x0a000006; want++) {
		CHECK(choose_address(&network, &list, 0, &address, &err) == 0);
		CHECK_INT(address, want);
		claims[list.count++] = claim_of("n", address, true);
		network.last = address;
	}
	CHECK(choose_address(&network, &list, 0, &address, &err) < 0);
	CHECK_HAS(err.text, "no address is free");
	/* the place of a dead one, and of one in another network */
	claims[2].alive = false;
	CHECK(choose_address(&network, &list, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000004);
	claims[2].alive = true;
	claims[4].network = "other";
	CHECK(choose_address(&network, &list, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000006);
	claims[4].network = "n";
	claims[4].driver = CLAIM_CNI;
	CHECK(choose_address(&network, &list, 0, &address, &err) == 0);
}

static void test_next_address(void)
{
	struct state_network network = small();
	const struct claim_list none = { 0 };
	uint32_t address;
	struct error err;

	/* not the one that was just given back: somebody may still know whose it was */
	network.last = 0x0a000004;
	CHECK(choose_address(&network, &none, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000005);
	network.last = 0x0a000006;
	CHECK(choose_address(&network, &none, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000002);
	/* a gateway in the middle; what is written down may be of another subnet */
	network.gateway = 0x0a000003;
	network.last = 0x0a000002;
	CHECK(choose_address(&network, &none, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000004);
	network.last = 0xffffffff;
	CHECK(choose_address(&network, &none, 0, &address, &err) == 0);
	CHECK_INT(address, 0x0a000001);
}

static void test_wanted_address(void)
{
	static const uint32_t bad[] = { 0x0a000000, 0x0a000001, 0x0a000007, 0x0a000008, 0x01010101 };
	struct state_network network = small();
	struct claim claims[] = { claim_of("n", 0x0a000003, true), claim_of("n", 0x0a000004, false) };
	struct claim_list list = { ARRAY_LEN(claims), claims };
	uint32_t address;
	struct error err;

	CHECK(choose_address(&network, &list, 0x0a000005, &address, &err) == 0);
	CHECK_INT(address, 0x0a000005);
	CHECK(choose_address(&network, &list, 0x0a000004, &address, &err) == 0);
	CHECK(choose_address(&network, &list, 0x0a000003, &address, &err) < 0);
	CHECK_HAS(err.text, "the address 10.0.0.3 is already that of \"other\"");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK(choose_address(&network, &list, bad[i], &address, &err) < 0);
		CHECK_HAS(err.text, "no container can have");
	}
}

static void test_subnets(void)
{
	static const struct address_subnet pools[] = { { 0x0a5b0000, 16 }, { 0x0a5c0000, 16 } };
	static const struct choose_taken taken[] = { { { 0x0a5b0500, 24 }, "a route" },
						     { { 0x0a5c0000, 15 }, "another" } };
	const struct config config = { .pools = pools, .pool_count = 2 };
	struct config_network wanted = { 0 };
	struct state_network network = { .name = "n" };
	struct error err;

	CHECK(choose_subnet(&config, &wanted, taken, 0, &network, &err) == 0);
	CHECK_INT(network.subnet.network, 0x0a5b0000);
	CHECK_INT(network.gateway, 0x0a5b0001);
	CHECK_INT(network.mtu, 1500);
	CHECK(choose_subnet(&config, &wanted, taken, 1, &network, &err) == 0);
	CHECK_INT(network.subnet.network, 0x0a5c0000);
	CHECK(choose_subnet(&config, &wanted, taken, 2, &network, &err) < 0);
	CHECK_HAS(err.text, "every pool");
	wanted = (struct config_network){ .subnet = { 0x0a5b0000, 16 }, .gateway = 0x0a5b0909, .mtu = 9000 };
	CHECK(choose_subnet(&config, &wanted, taken, 1, &network, &err) < 0);
	CHECK_HAS(err.text, "the subnet 10.91.0.0/16 overlaps a route");
	CHECK(choose_subnet(&config, &wanted, taken + 1, 1, &network, &err) == 0);
	CHECK_INT(network.gateway, 0x0a5b0909);
	CHECK_INT(network.mtu, 9000);
}

/* The host: 80 is somebody's, and of its own will it gives 40000 and on. */
static unsigned proposals;

static int probe(struct publish_port *port, struct error *err)
{
	if (port->host_port == 0)
		port->host_port = (uint16_t)(40000 + proposals++);
	return port->host_port == 80 ? error_set(err, EADDRINUSE, "bind 80") : 0;
}

/* @words of a container beside one that has 8080 everywhere and 9090 on 127.0.0.1. */
static void check_ports(const char *const *words, size_t count, const char *want)
{
	static const struct publish_port others[] = {
		{ .host_port = 8080, .container_port = 1 },
		{ .host_port = 9090, .host_ip = 0x7f000001, .container_port = 2 },
		{ .host_port = 40000, .container_port = 3 },
	};
	struct claim claim = { .alive = true, .ports = { ARRAY_LEN(others), others } };
	const struct claim_list claims = { 1, &claim };
	autotext struct text text = TEXT_EMPTY;
	struct publish_list asked, chosen = { 0 };
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	proposals = 0;
	CHECK(publish_parse(words, count, &arena, &asked, &err) == 0);
	if (choose_ports(&asked, &claims, probe, &arena, &chosen, &err) < 0)
		text_append(&text, err.text);
	publish_format(&chosen, &text);
	CHECK_STR(text.data == NULL ? "" : text.data, want);
	arena_release(&arena);
}
#define CHECK_PORTS(want, ...)                                                                               \
	check_ports((const char *const[]){ __VA_ARGS__ }, ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })), \
		    want)

static void test_ports(void)
{
	CHECK_PORTS("0.0.0.0:81->80/tcp", "81:80");
	CHECK_PORTS("bind 80", "80:80");
	CHECK_PORTS("Bind for 0.0.0.0:8080 failed: port is already allocated", "8080:80");
	CHECK_PORTS("Bind for 127.0.0.1:8080 failed: port is already allocated", "127.0.0.1:8080:80");
	CHECK_PORTS("0.0.0.0:8080->80/udp", "8080:80/udp");
	CHECK_PORTS("Bind for 0.0.0.0:9090 failed: port is already allocated", "9090:80");
	CHECK_PORTS("10.0.0.1:9090->80/tcp", "10.0.0.1:9090:80");
	CHECK_PORTS("Bind for 0.0.0.0:81 failed: port is already allocated", "81:80", "81:81");
}

static void test_port_ranges(void)
{
	CHECK_PORTS("0.0.0.0:8081->80/tcp", "8080-8082:80");
	CHECK_PORTS("0.0.0.0:81->80/tcp", "80-81:80");
	CHECK_PORTS("Bind for 0.0.0.0:8080 failed: port is already allocated", "8080-8080:80");
	CHECK_PORTS("Bind for 0.0.0.0:8080 failed: port is already allocated", "8079-8080:79-80");
	/* 40000 is a claim's, though the host would give it */
	CHECK_PORTS("0.0.0.0:40001->80/tcp", "80");
	CHECK_PORTS("0.0.0.0:40001-40002->80-81/tcp", "80-81");
}

static void test_dead_ports(void)
{
	static const struct publish_port other = { .host_port = 8080, .container_port = 1 };
	struct claim claim = { .alive = false, .ports = { 1, &other } };
	const struct claim_list claims = { 1, &claim };
	static const struct publish_port ask = { .host_port = 8080, .host_last = 8080, .container_port = 80 };
	const struct publish_list asked = { 1, &ask };
	struct publish_list chosen;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	CHECK(choose_ports(&asked, &claims, probe, &arena, &chosen, &err) == 0);
	claim.alive = true;
	CHECK(choose_ports(&asked, &claims, probe, &arena, &chosen, &err) < 0);
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "addresses until there are no more", test_addresses },
	{ "the next address", test_next_address },
	{ "an address that is asked for", test_wanted_address },
	{ "subnets", test_subnets },
	{ "ports", test_ports },
	{ "ranges of ports", test_port_ranges },
	{ "ports of the dead", test_dead_ports },
};
TEST_MAIN(tests)
