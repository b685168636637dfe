/* Ports that are held for a container: who wants one of them later is refused, whatever it minds. */
#include "shim/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

static char scratch[] = "/tmp/hull-ports.XXXXXX";
static struct error err;

/* A server of @type on @port of 127.0.0.1: 0, or why not. @ret: its socket, where it is wanted. */
static int serve(int type, uint16_t *port, int *ret)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t length = sizeof(address);
	const int on = 1;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), result = 0;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 4) < 0))
		result = -errno;
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	if (ret != NULL)
		*ret = fd;
	else
		close(fd);
	return result;
}

static void put_claim(const char *path, const char *text)
{
	char name[128];
	int fd;

	(void)snprintf(name, sizeof(name), "%s/%s", scratch, path);
	for (char *at = strchr(name + strlen(scratch) + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		CHECK(mkdir(name, 0700) == 0 || errno == EEXIST);
		*at = '/';
	}
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

static void put_ports(const char *path, const char *protocol, uint16_t port)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "{\"ports\":[{\"hostIP\":\"127.0.0.1\",\"hostPort\":%u,\"containerPort\":80,"
		       "\"protocol\":\"%s\"}]}",
		       port, protocol);
	put_claim(path, text);
}

static void test_held(void)
{
	uint16_t tcp = 0, udp = 0;

	CHECK_INT(serve(SOCK_STREAM, &tcp, NULL), 0);
	CHECK_INT(serve(SOCK_DGRAM, &udp, NULL), 0);
	put_ports("bridge/hull0/containers/web", "tcp", tcp);
	put_ports("cni/lan/containers/web", "udp", udp);
	put_ports("bridge/hull0/containers/other", "tcp", 1);
	CHECK_INT(ports_hold(scratch, "web", &err), 0);
	CHECK_INT(serve(SOCK_STREAM, &tcp, NULL), -EADDRINUSE);
	CHECK_INT(serve(SOCK_DGRAM, &udp, NULL), -EADDRINUSE);
	ports_release();
	CHECK_INT(serve(SOCK_STREAM, &tcp, NULL), 0);
	CHECK_INT(serve(SOCK_DGRAM, &udp, NULL), 0);
	ports_release();
}

/* The kernel keeps the server's end of a connection that it closed first for a minute. */
static void test_connections_that_are_over(void)
{
	uint16_t port = 0;
	struct sockaddr_in address = { .sin_family = AF_INET };
	int server;

	CHECK_INT(serve(SOCK_STREAM, &port, &server), 0);
	address.sin_port = htons(port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	int accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	close(accepted);
	char byte;
	CHECK_INT(read(client, &byte, 1), 0);
	close(client);
	close(server);
	put_ports("bridge/hull0/containers/web", "tcp", port);
	CHECK_INT(ports_hold(scratch, "web", &err), 0);
	CHECK_INT(serve(SOCK_STREAM, &port, NULL), -EADDRINUSE);
	ports_release();
}

/* Where the container has an IPv6 address, a port of every address is one of every IPv6 address too. */
static void test_ipv6(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[256];

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		printf("# this machine has no IPv6\n");
		close(fd);
		return;
	}
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		(void)snprintf(
			text, sizeof(text),
			"{%s\"ports\":[{\"hostIP\":\"0.0.0.0\",\"hostPort\":%u,\"protocol\":\"tcp\"}]}",
			ipv6 ? "\"address6\":\"fd00::2\"," : "", ntohs(address.sin6_port));
		put_claim("bridge/hull0/containers/web", text);
		CHECK_INT(ports_hold(scratch, "web", &err), 0);
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int result = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
		CHECK_INT(result, ipv6 ? -EADDRINUSE : 0);
		close(fd);
		ports_release();
	}
}

static void test_not_held(void)
{
	uint16_t port = 0;
	int server;

	CHECK_INT(ports_hold("/nowhere/at/all", "web", &err), 0);
	CHECK_INT(ports_hold(scratch, "nobody", &err), 0);
	CHECK_INT(serve(SOCK_STREAM, &port, &server), 0);
	put_ports("bridge/hull0/containers/web", "tcp", port);
	CHECK(ports_hold(scratch, "web", &err) < 0);
	CHECK_HAS(err.text, "hold port 127.0.0.1:");
	close(server);
	ports_release();
	static const char *const bad[] = {
		"",
		"[]",
		"{",
		"{\"ports\":[{}]}",
		"{\"ports\":[{\"hostIP\":\"x\",\"hostPort\":80,\"protocol\":\"tcp\"}]}",
		"{\"ports\":[{\"hostIP\":\"127.0.0.1\",\"hostPort\":70000,"
		"\"protocol\":\"tcp\"}]}",
		"{\"ports\":[{\"hostIP\":\"127.0.0.1\",\"hostPort\":0,"
		"\"protocol\":\"tcp\"}]}",
		"{\"ports\":[{\"hostIP\":\"127.0.0.1\",\"hostPort\":\"80\","
		"\"protocol\":\"tcp\"}]}"
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_claim("bridge/hull0/containers/web", bad[i]);
		CHECK(ports_hold(scratch, "web", &err) < 0);
		ports_release();
	}
	put_claim("bridge/hull0/containers/web", "{\"ports\":[1, null]}");
	CHECK_INT(ports_hold(scratch, "web", &err), 0);
	ports_release();
}

static void test_place(void)
{
	CHECK(mkdtemp(scratch) != NULL);
}

static void test_end(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -r %s", scratch);
	CHECK_INT(system(command), 0);
}

static const struct test tests[] = {
	{ "a place for it", test_place },
	{ "who comes later is refused, until they are let go", test_held },
	{ "connections that are over do not count", test_connections_that_are_over },
	{ "IPv6", test_ipv6 },
	{ "what cannot be held is told", test_not_held },
	{ "nothing stays", test_end },
};

TEST_MAIN(tests)
