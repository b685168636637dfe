/* Published ports; see ports.h. */
#include "shim/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "shim/store/record.h"

#include "base/banned.h"

static struct {
	size_t count;
	int *fds;
} held;

/* --- one port ------------------------------------------------------------------------------------------ */

static const struct protocol {
	const char *name;
	int type, number;
} protocols[] = {
	{ "tcp", SOCK_STREAM, IPPROTO_TCP },
	{ "udp", SOCK_DGRAM, IPPROTO_UDP },
	{ "sctp", SOCK_STREAM, IPPROTO_SCTP },
};

static const char *text_of(const struct json *object, const char *name, enum json_type type)
{
	const struct json *value = json_get(object, name);

	return value != NULL && value->type == type ? value->text : "";
}

/*
 * Connections that are over are no reason not to have the port; but once it is had, no server that does not
 * mind them either (SO_REUSEADDR, as they all do) may have it too: its bind, or its listen, fails.
 */
static int bind_port(int fd, const struct sockaddr *address, socklen_t length)
{
	const int on = 1, off = 0;

	if ((address->sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 || bind(fd, address, length) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
		return -errno;
	return 0;
}

static int hold_address(const struct protocol *protocol, const struct sockaddr *address, socklen_t length,
			struct error *err)
{
	autoclose int fd = -1;

	if (held.count == PORTS_MAX_HELD)
		return 0;
	fd = socket(address->sa_family, protocol->type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol->number);
	/* the kernel may have no SCTP for processes, and then nobody can take the port */
	if (fd < 0 && protocol->number == IPPROTO_SCTP && errno == EPROTONOSUPPORT)
		return 0;
	int result = fd < 0 ? -errno : bind_port(fd, address, length);
	if (result < 0)
		return error_set(err, -result, "bind");
	held.fds[held.count++] = take_fd(&fd);
	return 0;
}

/* @ipv6: every address of the host is also every IPv6 address of it. */
static int hold_port(const struct json *port, bool ipv6, struct error *err)
{
	const char *name = text_of(port, "protocol", JSON_STRING);
	const char *host = text_of(port, "hostIP", JSON_STRING);
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6 };
	uint64_t number = 0;
	size_t kind = 0;

	while (kind < ARRAY_LEN(protocols) && !text_equal(protocols[kind].name, name))
		kind++;
	if (kind == ARRAY_LEN(protocols) || inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
	    number_parse_u64(text_of(port, "hostPort", JSON_NUMBER), UINT16_MAX, &number, err) < 0 ||
	    number == 0)
		return error_set(err, EINVAL, "a published port that makes no sense");
	address.sin_port = address6.sin6_port = htons((uint16_t)number);
	int result = hold_address(&protocols[kind], (const struct sockaddr *)(const void *)&address,
				  sizeof(address), err);
	if (result == 0 && ipv6 && address.sin_addr.s_addr == 0)
		result = hold_address(&protocols[kind], (const struct sockaddr *)(const void *)&address6,
				      sizeof(address6), err);
	return result < 0 ? error_add(err, "hold port %s:%" PRIu64 "/%s", host, number, name) : 0;
}

/* --- all of a container -------------------------------------------------------------------------------- */

static int hold_claim(const struct json *claim, struct error *err)
{
	const struct json *ports = json_get(claim, "ports");
	bool ipv6 = json_get(claim, "address6") != NULL;
	int first = 0;

	if (ports == NULL || ports->type != JSON_ARRAY)
		return 0;
	for (const struct json *port = ports->first; port != NULL; port = port->next) {
		struct error why;
		int result = port->type != JSON_OBJECT ? 0 : hold_port(port, ipv6, &why);

		if (result < 0 && first == 0) {
			first = result;
			*err = why;
		}
	}
	return first;
}

/* The claim @path of a network, if there is one. */
static int hold_file(int networks, const char *path, struct error *err)
{
	const struct json *claim = NULL;
	struct arena arena;

	if (faccessat(networks, path, F_OK, 0) < 0)
		return 0;
	if (held.fds == NULL)
		held.fds = calloc(PORTS_MAX_HELD, sizeof(*held.fds));
	if (held.fds == NULL)
		return error_set(err, ENOMEM, "hold ports");
	arena_init(&arena, 0);
	int result = record_read(networks, path, &arena, &claim, err);
	if (result == 0)
		result = hold_claim(claim, err);
	arena_release(&arena);
	return result;
}

/* Every network of the directory @driver. */
static int hold_driver(int networks, const char *driver, const char *id, struct error *err)
{
	int fd = openat(networks, driver, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), result = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	char path[PATH_MAX];

	if (stream == NULL) {
		cleanup_close(&fd);
		return 0; /* there is none of its kind */
	}
	for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
		struct error why;

		if (entry->d_name[0] == '.')
			continue;
		int length = snprintf(path, sizeof(path), "%s/%s/containers/%s", driver, entry->d_name, id);
		if (length < 0 || (size_t)length >= sizeof(path) || hold_file(networks, path, &why) == 0)
			continue;
		result = -EINVAL;
		*err = why;
	}
	(void)closedir(stream); /* only read */
	return result;
}

int ports_hold(const char *networks, const char *id, struct error *err)
{
	autoclose int dir = open(networks, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return 0; /* hull-net gave nobody anything */
	int result = hold_driver(dir, "bridge", id, err);
	struct error why;
	if (hold_driver(dir, "cni", id, &why) < 0 && result == 0) {
		*err = why;
		result = -EINVAL;
	}
	return result;
}

void ports_release(void)
{
	for (size_t i = 0; i < held.count; i++)
		(void)close(held.fds[i]); /* nothing was written */
	free(held.fds);
	held.fds = NULL;
	held.count = 0;
}
