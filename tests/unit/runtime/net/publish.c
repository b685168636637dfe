/* The grammar of --publish, as docker's, and which ports exclude each other. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "runtime/net/publish.h"

/* What @word asks for, as "IP:PORT-LAST>PORT/protocol" each, or the error. */
static void check(const char *word, const char *want)
{
	autotext struct text text = TEXT_EMPTY;
	struct publish_list list = { 0 };
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	if (publish_parse(&word, 1, &arena, &list, &err) < 0)
		text_append(&text, err.text);
	for (size_t i = 0; i < list.count; i++)
		text_format(&text, "%s%x:%u-%u>%u/%s", i == 0 ? "" : " ", list.items[i].host_ip,
			    list.items[i].host_port, list.items[i].host_last, list.items[i].container_port,
			    publish_protocol_names[list.items[i].protocol]);
	CHECK_STR(text.data, want);
	arena_release(&arena);
}

static void test_words(void)
{
	check("80", "0:0-0>80/tcp");
	check("8080:80", "0:8080-8080>80/tcp");
	check("8080:80/udp", "0:8080-8080>80/udp");
	check("53/UDP", "0:0-0>53/udp");
	check("127.0.0.1:8080:80", "7f000001:8080-8080>80/tcp");
	check("127.0.0.1::80", "7f000001:0-0>80/tcp");
	check(":80", "0:0-0>80/tcp");
	check("1.2.3.4:65535:65535/sctp", "1020304:65535-65535>65535/sctp");
}

static void test_ranges(void)
{
	check("8000-8001:80-81", "0:8000-8000>80/tcp 0:8001-8001>81/tcp");
	check("80-82", "0:0-0>80/tcp 0:0-0>81/tcp 0:0-0>82/tcp");
	check("8000-8009:80", "0:8000-8009>80/tcp");
	check("127.0.0.1:7-8:7-8/udp", "7f000001:7-7>7/udp 7f000001:8-8>8/udp");
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"",
		":",
		"a",
		"80:",
		"80/icmp",
		"80/",
		"0",
		"8080:0",
		"65536",
		"8080:99999",
		"-1:80",
		"8-7:8-7",
		"8000-8001:80-82",
		"8000:80-81",
		"x:80:80",
		"1.2.3:80:80",
		"1.2.3.4:5:6:7",
		"[::1]:80:80",
		"80-:80",
		"80 :80",
		"08:80",
		"+80:80",
		"8080:80/tcp/udp",
		"255.255.255.2555:80:80",
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000080",
	};
	struct publish_list list;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (publish_parse(&bad[i], 1, &arena, &list, &err) == 0)
			printf("# taken: \"%s\"\n", bad[i]);
		CHECK(publish_parse(&bad[i], 1, &arena, &list, &err) < 0);
	}
	const char *const much[] = { "1-65535:1-65535", "80:80" };
	CHECK(publish_parse(much, 1, &arena, &list, &err) == 0);
	CHECK_INT(list.count, 65535);
	CHECK(publish_parse(much, 2, &arena, &list, &err) < 0);
	arena_release(&arena);
}

static void test_conflicts(void)
{
	struct publish_port a = { .host_port = 80 }, b = { .host_port = 80 };

	CHECK(publish_conflict(&a, &b));
	b.host_ip = 0x7f000001;
	CHECK(publish_conflict(&a, &b) && publish_conflict(&b, &a));
	a.host_ip = 0x7f000002;
	CHECK(!publish_conflict(&a, &b));
	a.host_ip = b.host_ip;
	CHECK(publish_conflict(&a, &b));
	a.protocol = PUBLISH_UDP;
	CHECK(!publish_conflict(&a, &b));
	b.protocol = PUBLISH_UDP;
	b.host_port = 81;
	CHECK(!publish_conflict(&a, &b));
}

static void test_format(void)
{
	static const struct publish_port ports[] = {
		{ .host_port = 8000, .container_port = 80 },
		{ .host_port = 8001, .container_port = 81 },
		{ .host_port = 8002, .container_port = 82 },
		{ .host_port = 8003, .container_port = 90 },
		{ .protocol = PUBLISH_UDP, .host_ip = 0x7f000001, .host_port = 53, .container_port = 53 },
	};
	const struct publish_list list = { ARRAY_LEN(ports), ports };
	autotext struct text text = TEXT_EMPTY;

	publish_format(&list, &text);
	CHECK_STR(text.data, "0.0.0.0:8000-8002->80-82/tcp, 0.0.0.0:8003->90/tcp, 127.0.0.1:53->53/udp");
}

static const struct test tests[] = {
	{ "words", test_words },         { "ranges", test_ranges }, { "refused", test_refused },
	{ "conflicts", test_conflicts }, { "format", test_format },
};
TEST_MAIN(tests)
