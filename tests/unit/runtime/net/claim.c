/* A claim is read as it was written; a damaged one is an error; alive is what the world says. */
#include "tests/unit/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/net/claim.h"

static struct arena arena;

static int again(const struct claim *claim, struct claim *ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	claim_format(claim, &text);
	int result = text_done(&text, err);
	return result < 0 ? result : claim_parse("id", text.data, text.length, &arena, ret, err);
}

static void test_all(void)
{
	static const struct publish_port ports[] = {
		{ .protocol = PUBLISH_UDP, .host_ip = 0x7f000001, .host_port = 53, .container_port = 5353 },
		{ .host_port = 65535, .container_port = 1 },
	};
	static const char *const aliases[] = { "a", "b\"\n" };
	const struct json cni_member = { .type = JSON_STRING, .name = "x", .text = "y" };
	const struct json cni = { .type = JSON_OBJECT, .first = &cni_member, .count = 1 };
	const struct claim claim = {
		.id = "id",
		.bundle = "/b",
		.process = { .pid = 7, .start_time = UINT64_MAX, .pidfd_inode = 9, .boot_id = "boot" },
		.worker = { .pid = 8, .start_time = 1, .boot_id = "boot" },
		.namespace = { "/proc/7/ns/net", 4, 4026531840 },
		.interface = "eth0",
		.link = "hv0123456789",
		.address = 0x0a5b0002,
		.gateway = 0x0a5b0001,
		.prefix = 16,
		.address6 = { { 0xfd, [15] = 2 } },
		.gateway6 = { { 0xfd, [15] = 1 } },
		.prefix6 = 64,
		.mac = { { 2, 0x68, 0x0a, 0x5b, 0, 2 } },
		.name = "web",
		.hostname = "box",
		.aliases = { 2, aliases },
		.hosts = { "/b/hosts", 1, 2 },
		.ports = { 2, ports },
		.cni = &cni,
	};
	struct claim read = { 0 };
	struct error err = { 0 };

	CHECK(again(&claim, &read, &err) == 0);
	CHECK_STR(err.text, "");
	CHECK_STR(read.bundle, "/b");
	CHECK_INT(read.process.pid, 7);
	CHECK(read.process.start_time == UINT64_MAX);
	CHECK_STR(read.process.boot_id, "boot");
	CHECK_INT(read.worker.pid, 8);
	CHECK_STR(read.namespace.path, "/proc/7/ns/net");
	CHECK_INT(read.namespace.inode, 4026531840);
	CHECK_STR(read.interface, "eth0");
	CHECK_STR(read.link, "hv0123456789");
	CHECK_INT(read.address, 0x0a5b0002);
	CHECK_INT(read.gateway, 0x0a5b0001);
	CHECK_INT(read.prefix, 16);
	CHECK(memcmp(&read.address6, &claim.address6, sizeof(claim.address6)) == 0);
	CHECK(memcmp(&read.gateway6, &claim.gateway6, sizeof(claim.gateway6)) == 0);
	CHECK_INT(read.prefix6, 64);
	CHECK(memcmp(&read.mac, &claim.mac, sizeof(claim.mac)) == 0);
	CHECK_STR(read.name, "web");
	CHECK_STR(read.hostname, "box");
	CHECK_INT(read.aliases.count, 2);
	CHECK_STR(read.aliases.items[1], "b\"\n");
	CHECK_STR(read.hosts.path, "/b/hosts");
	CHECK_INT(read.ports.count, 2);
	CHECK_INT(read.ports.items[0].protocol, PUBLISH_UDP);
	CHECK_INT(read.ports.items[0].host_ip, 0x7f000001);
	CHECK_INT(read.ports.items[0].container_port, 5353);
	CHECK_INT(read.ports.items[1].host_port, 65535);
	CHECK(read.cni != NULL && json_get(read.cni, "x") != NULL);
}

static void test_little(void)
{
	const struct claim claim = { .interface = "eth0" };
	struct claim read = { .cni = (const struct json *)&claim };
	struct error err;

	CHECK(again(&claim, &read, &err) == 0);
	CHECK(read.bundle == NULL && read.name == NULL && read.hosts.path == NULL && read.cni == NULL);
	CHECK_INT(read.address, 0);
	CHECK_INT(read.process.pid, 0);
	CHECK_INT(read.ports.count, 0);
}

static void test_damaged(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\"}",
		"{\"prefix\":33,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\"}",
		"{\"prefix\":16,\"mac\":\"02:00\",\"interface\":\"e\"}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"address\":\"1\"}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"address\":1}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"process\":{\"pid\":0}}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"process\":{\"pid\":1,"
		"\"startTime\":1,\"pidfd\":1,\"boot\":\"0123456789012345678901234567890123456789\"}}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"ports\":[{}]}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"ports\":[{\"hostIP\":\"0."
		"0.0.0\","
		"\"hostPort\":65536,\"containerPort\":1,\"protocol\":\"tcp\"}]}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"ports\":[{\"hostIP\":\"0."
		"0.0.0\","
		"\"hostPort\":1,\"containerPort\":1,\"protocol\":\"icmp\"}]}",
		"{\"prefix\":16,\"mac\":\"02:00:00:00:00:01\",\"interface\":\"e\",\"cni\":[]}",
	};
	struct claim read;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(claim_parse("id", bad[i], strlen(bad[i]), &arena, &read, &err) < 0);
}

static void test_alive(void)
{
	struct claim claim = { .interface = "eth0" };
	struct stat st;
	struct error err;

	CHECK(!claim_is_alive(&claim));
	/* while somebody works on it */
	CHECK(claim_take(&claim, &err) == 0);
	CHECK_INT(claim.worker.pid, getpid());
	CHECK(claim_is_alive(&claim));
	claim.worker.pidfd_inode = claim.worker.pidfd_inode == 0 ? 0 : claim.worker.pidfd_inode + 1;
	claim.worker.start_time++;
	CHECK(!claim_is_alive(&claim));
	/* while its namespace is what it was */
	claim.worker = (struct process_id){ 0 };
	CHECK(stat("/proc/self/ns/net", &st) == 0);
	claim.namespace = (struct claim_file){ "/proc/self/ns/net", st.st_dev, st.st_ino };
	CHECK(claim_is_alive(&claim));
	claim.namespace.inode++;
	CHECK(!claim_is_alive(&claim));
	claim.namespace.inode--;
	/* a known process decides alone */
	claim.process = (struct process_id){ .pid = getpid(), .boot_id = "another boot" };
	CHECK(!claim_is_alive(&claim));
	CHECK(!claim_has_process(&claim));
}

static const struct test tests[] = {
	{ "everything comes back", test_all },
	{ "what is absent stays so", test_little },
	{ "damaged ones", test_damaged },
	{ "alive", test_alive },
};
TEST_MAIN(tests)
