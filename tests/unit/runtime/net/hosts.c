/* The lines of hosts and resolv.conf. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "runtime/net/hosts.h"

#define BEGIN "# hull-net: bridge:n, written anew whenever it changes\n"
#define END "# hull-net: end of bridge:n\n"

static const char *const aliases[] = { "www", "site" };
static struct claim claims[] = {
	{ .network = "n",
	  .id = "1",
	  .address = 0x0a000002,
	  .name = "web",
	  .hostname = "box",
	  .alive = true,
	  .aliases = { 2, aliases } },
	{ .network = "n", .id = "2", .address = 0x0a000003, .name = "db", .alive = true },
	{ .network = "n", .id = "3", .address = 0x0a000004, .name = "dead" },
	{ .network = "m", .id = "4", .address = 0x0b000002, .name = "elsewhere", .alive = true },
	{ .network = "n", .id = "5", .address = 0, .name = "unaddressed", .alive = true },
	{ .network = "n", .id = "6", .address = 0x0a000006, .hostname = "unnamed", .alive = true },
	{ .network = "6",
	  .id = "7",
	  .address = 0x0c000002,
	  .address6 = { { 0xfd, [15] = 2 } },
	  .name = "six",
	  .hostname = "box",
	  .alive = true },
};
static const struct claim_list list = { ARRAY_LEN(claims), claims };

static void check(const char *old, size_t which, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	hosts_format(old, &list, &claims[which], &text);
	CHECK_STR(text.data, want);
}

static void test_hosts(void)
{
	const char *web = "x\n" BEGIN "10.0.0.2\tbox web www site\n10.0.0.3\tdb\n" END;

	check("x\n", 0, web);
	check("x", 0, web);
	check(web, 0, web);
	check("x\n" BEGIN "old\n" END "y\n", 0,
	      "x\n" BEGIN "10.0.0.2\tbox web www site\n10.0.0.3\tdb\n" END "y\n");
	check("x\n", 1, "x\n" BEGIN "10.0.0.3\tdb\n10.0.0.2\tweb www site\n" END);
	/* a mark that its container has broken: begun anew below */
	check(BEGIN "old\n", 1, BEGIN "old\n" BEGIN "10.0.0.3\tdb\n10.0.0.2\tweb www site\n" END);
	check("# " BEGIN END, 1, "# " BEGIN END BEGIN "10.0.0.3\tdb\n10.0.0.2\tweb www site\n" END);
}

static void test_ipv6(void)
{
	autotext struct text text = TEXT_EMPTY;

	hosts_format("x\n", &list, &claims[6], &text);
	CHECK_HAS(text.data, "12.0.0.2\tbox six\nfd00::2\tbox six\n# hull-net: end");
}

static void test_new_hosts(void)
{
	autotext struct text text = TEXT_EMPTY;

	hosts_format("", &list, &claims[3], &text);
	CHECK_HAS(text.data, "127.0.0.1\tlocalhost\n");
	CHECK_HAS(text.data, "11.0.0.2\telsewhere\n# hull-net: end of bridge:m\n");
	CHECK(strstr(text.data, "web") == NULL);
}

static void test_names(void)
{
	static const char *const bad[] = { "", "a b", "a\nb", "-a", ".a", "a/b", "a\tb", "ä", "a#" };
	static const char *const good[] = { "a", "A-1.b_c", "0" };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(hosts_check_name("name", bad[i], &err) < 0);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(hosts_check_name("name", good[i], &err) == 0);
	char name[256];
	memset(name, 'a', sizeof(name));
	name[254] = '\0';
	CHECK(hosts_check_name("name", name, &err) < 0);
	name[253] = '\0';
	CHECK(hosts_check_name("name", name, &err) == 0);
}

static void check_resolver(const char *host, const struct hosts_resolver *resolver, const char *want)
{
	autotext struct text text = TEXT_EMPTY;

	hosts_format_resolver(host, resolver, &text);
	CHECK_STR(text.data == NULL ? "" : text.data, want);
}

static void test_resolver(void)
{
	static const char *const servers[] = { "1.1.1.1", "9.9.9.9" }, *const words[] = { "a.b", "c" };
	const struct hosts_resolver none = { 0 }, given = { .servers = { 2, servers } },
				    all = { .servers = { 2, servers },
					    .searches = { 2, words },
					    .options = { 1, words } };
	const char *host = "# made by\nnameserver 127.0.0.53\nnameserver ::1\nnameserver 8.8.8.8\nsearch x\n"
			   "options edns0";

	check_resolver("", &none, "");
	check_resolver(host, &none, "nameserver 8.8.8.8\nsearch x\noptions edns0\n");
	check_resolver(host, &given, "nameserver 1.1.1.1\nnameserver 9.9.9.9\nsearch x\noptions edns0\n");
	check_resolver(host, &all, "nameserver 1.1.1.1\nnameserver 9.9.9.9\nsearch a.b c\noptions a.b\n");
}

static const struct test tests[] = {
	{ "hosts", test_hosts },
	{ "a file that was empty", test_new_hosts },
	{ "IPv6", test_ipv6 },
	{ "names", test_names },
	{ "resolv.conf", test_resolver },
};
TEST_MAIN(tests)
