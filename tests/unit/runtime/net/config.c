/* The settings: what they may say, and what they may not. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/net/config.h"

static struct arena arena;

static int parse(const char *text, struct config *ret, struct error *err)
{
	return config_parse("net.json", text, text == NULL ? 0 : strlen(text), &arena, ret, err);
}

static void test_defaults(void)
{
	struct config config;
	struct error err;

	CHECK(parse(NULL, &config, &err) == 0);
	CHECK(config.pool_count > 0);
	CHECK_INT(config.pools[0].network, 0x0a5b0000);
	CHECK_STR(config.cni_lists.items[0], "/etc/cni/net.d");
	CHECK_INT(config.cni_timeout_s, 60);
	CHECK(parse("{}", &config, &err) == 0);
	CHECK(config.pool_count > 0);
	struct config_network network = config_network_of(&config, "hull0");
	CHECK_INT(network.subnet.prefix, 0);
	for (size_t i = 0; i < config.pool_count; i++)
		for (size_t other = 0; other < i; other++)
			CHECK(!address_overlap(&config.pools[i], &config.pools[other]));
}

static void test_all(void)
{
	struct config config;
	struct error err;

	CHECK(parse("{\"pools\":[\"10.1.0.0/16\",\"10.2.0.0/24\"],"
		    "\"networks\":{\"a\":{\"subnet\":\"10.9.0.0/"
		    "24\",\"gateway\":\"10.9.0.254\",\"mtu\":9000},"
		    "\"b\":{\"subnet6\":\"fd00:9::1/64\"}},"
		    "\"cni\":{\"lists\":[\"/x\"],\"plugins\":[\"/y\",\"/z\"],\"timeout\":5}}",
		    &config, &err) == 0);
	CHECK_INT(config.pool_count, 2);
	CHECK_INT(config.pools[1].prefix, 24);
	struct config_network network = config_network_of(&config, "a");
	CHECK_INT(network.subnet.network, 0x0a090000);
	CHECK_INT(network.gateway, 0x0a0900fe);
	CHECK_INT(network.mtu, 9000);
	CHECK_INT(network.subnet6.prefix, 0);
	network = config_network_of(&config, "b");
	CHECK_INT(network.subnet.prefix, 0);
	CHECK_INT(network.subnet6.prefix, 64);
	CHECK_INT(network.subnet6.network.bytes[0], 0xfd);
	CHECK_INT(network.subnet6.network.bytes[15], 0);
	CHECK_STR(config.cni_lists.items[0], "/x");
	CHECK_INT(config.cni_plugins.count, 2);
	CHECK_INT(config.cni_timeout_s, 5);
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"pool\":[]}",
		"{\"pools\":\"10.0.0.0/8\"}",
		"{\"pools\":[\"10.0.0.0/7\"]}",
		"{\"pools\":[\"10.0.0.0/31\"]}",
		"{\"pools\":[1]}",
		"{\"networks\":[]}",
		"{\"networks\":{\"a\":[]}}",
		"{\"networks\":{\"a\":{\"subnet6\":\"10.0.0.0/24\"}}}",
		"{\"networks\":{\"a\":{\"subnet6\":7}}}",
		"{\"networks\":{\"a\":{\"subnet6\":\"fd00::/64\",\"mtu\":1000}}}",
		"{\"networks\":{\"a\":{\"subnets\":\"10.0.0.0/24\"}}}",
		"{\"networks\":{\"a\":{\"mtu\":\"1500\"}}}",
		"{\"networks\":{\"a\":{\"mtu\":100}}}",
		"{\"networks\":{\"a\":{\"mtu\":-1}}}",
		"{\"networks\":{\"a\":{\"gateway\":\"10.0.0.1\"}}}",
		"{\"networks\":{\"a\":{\"subnet\":\"10.0.0.0/24\",\"gateway\":\"10.0.1.1\"}}}",
		"{\"networks\":{\"a\":{\"subnet\":\"10.0.0.0/24\",\"gateway\":\"x\"}}}",
		"{\"networks\":{\"a\":{\"subnet\":\"10.0.0.0/24\",\"gateway\":\"10.0.0.0\"}}}",
		"{\"networks\":{\"a\":{\"subnet\":\"10.0.0.0/24\",\"gateway\":\"10.0.0.255\"}}}",
		"{\"cni\":{\"timeout\":0}}",
		"{\"cni\":{\"timeout\":99999}}",
		"{\"cni\":{\"plugins\":[\"relative\"]}}",
		"{\"cni\":{\"plugins\":\"/x\"}}",
		"{\"cni\":{\"x\":1}}",
	};
	struct config config;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK(parse(bad[i], &config, &err) < 0);
		CHECK_HAS(err.text, "net.json");
	}
}

static const struct test tests[] = {
	{ "defaults", test_defaults },
	{ "everything", test_all },
	{ "refused", test_refused },
};
TEST_MAIN(tests)
