/* Facts and the table made of them. That nftables takes the table is for tests/net to see. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "runtime/net/rules.h"

static const struct publish_port web_ports[] = {
	{ .host_port = 8080, .container_port = 80 },
	{ .protocol = PUBLISH_UDP, .host_ip = 0x7f000001, .host_port = 53, .container_port = 5353 },
};
static struct claim claims[] = {
	{ .network = "n", .id = "2", .address = 0x0a000002, .alive = true, .ports = { 2, web_ports } },
	{ .network = "n", .id = "dead", .address = 0x0a000003, .ports = { 1, web_ports } },
	{ .driver = CLAIM_CNI,
	  .network = "n",
	  .id = "cni",
	  .address = 0x0a000004,
	  .alive = true,
	  .ports = { 1, web_ports } },
};
static struct state_network networks[] = {
	{ .name = "n", .subnet = { 0x0a000000, 24 } },
	{ .name = "unmade" },
	{ .driver = CLAIM_CNI, .name = "c" },
	{ .name = "a.b-c", .subnet = { 0x0b000000, 16 } },
};
static const struct state_view view = { { ARRAY_LEN(networks), networks }, { ARRAY_LEN(claims), claims } };

static void test_facts(void)
{
	const struct state_view nothing = { 0 };
	autotext struct text text = TEXT_EMPTY, none = TEXT_EMPTY;

	rules_facts(&view, &text);
	CHECK_STR(text.data, "bridge a.b-c 11.0.0.0/16\n"
			     "bridge n 10.0.0.0/24\n"
			     "port published tcp . 8080 : 10.0.0.2 . 80\n"
			     "port published-at 127.0.0.1 . udp . 53 : 10.0.0.2 . 5353\n");
	rules_facts(&nothing, &none);
	CHECK_INT(none.length, 0);
}

static void test_table(void)
{
	autotext struct text facts = TEXT_EMPTY, table = TEXT_EMPTY, none = TEXT_EMPTY;

	rules_facts(&view, &facts);
	rules_table(facts.data, &table);
	CHECK_HAS(table.data, "elements = { tcp . 8080 : 10.0.0.2 . 80 }\n");
	CHECK_HAS(table.data, "elements = { 127.0.0.1 . udp . 53 : 10.0.0.2 . 5353 }\n");
	CHECK_HAS(table.data, "iifname \"a.b-c\" ip daddr 127.0.0.0/8 drop\n");
	CHECK_HAS(table.data, "oifname != \"n\" oifname != \"lo\" ip saddr 10.0.0.0/24 masquerade\n");
	CHECK_HAS(table.data, "oifname != \"a.b-c\" oifname != \"lo\" ip saddr 11.0.0.0/16 masquerade\n");
	CHECK(strstr(table.data, "ip6") == NULL && strstr(table.data, "published6") == NULL);
	CHECK(strstr(table.data, "unmade") == NULL && strchr(table.data, '@') != NULL);
	rules_table("", &none);
	CHECK_STR(none.data, "table inet hull-net\ndelete table inet hull-net\n");
}

static void test_ipv6(void)
{
	static const struct address6_subnet subnet = { { { 0xfd } }, 64 };
	struct state_network network = { .name = "n", .subnet = { 0x0a000000, 24 }, .subnet6 = subnet };
	struct claim claim = claims[0];
	const struct state_view one = { { 1, &network }, { 1, &claim } };
	autotext struct text facts = TEXT_EMPTY, table = TEXT_EMPTY;

	claim.address6 = address6_of_host(&subnet, 2);
	rules_facts(&one, &facts);
	CHECK_STR(facts.data, "bridge n 10.0.0.0/24\n"
			      "bridge6 n fd00::/64\n"
			      "port published tcp . 8080 : 10.0.0.2 . 80\n"
			      "port published-at 127.0.0.1 . udp . 53 : 10.0.0.2 . 5353\n"
			      "port published6 tcp . 8080 : fd00::2 . 80\n");
	rules_table(facts.data, &table);
	CHECK_HAS(table.data, "elements = { tcp . 8080 : fd00::2 . 80 }\n");
	CHECK_HAS(table.data, "oifname != \"n\" oifname != \"lo\" ip6 saddr fd00::/64 masquerade\n");
	CHECK_HAS(table.data, "oifname != \"n\" oifname != \"lo\" ip saddr 10.0.0.0/24 masquerade\n");
}

static void test_split(void)
{
	char text[] = "b\na\n\nc\nd";
	size_t count = 0;
	char **lines = rules_split(text, &count);

	CHECK_INT(count, 4);
	CHECK(lines != NULL && strcmp(lines[0], "") == 0 && strcmp(lines[1], "a") == 0 &&
	      strcmp(lines[3], "c") == 0);
	free(lines);
}

static const struct test tests[] = {
	{ "facts", test_facts },
	{ "the table", test_table },
	{ "IPv6", test_ipv6 },
	{ "lines", test_split },
};
TEST_MAIN(tests)
