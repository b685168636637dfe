/*
 * A port of the host is asked for as a server would ask. It is not kept: no process of hull-net stays, and
 * what binds it later gets nothing, for the nftables rules come first. Who has a process beside the container
 * can hold it there (shim/ports.h).
 */
#include "runtime/net/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "runtime/net/address.h"

#include "base/banned.h"

static const struct {
	int type, protocol;
} sockets[] = {
	[PUBLISH_TCP] = { SOCK_STREAM, IPPROTO_TCP },
	[PUBLISH_UDP] = { SOCK_DGRAM, IPPROTO_UDP },
	[PUBLISH_SCTP] = { SOCK_STREAM, IPPROTO_SCTP },
};
_Static_assert(ARRAY_LEN(sockets) == PUBLISH_PROTOCOL_COUNT, "every protocol needs its socket");

/* A socket of @family that has @address, as a server would have it. @ret: -1 where processes have no SCTP. */
static int claim_port(const struct publish_port *port, int family, const struct sockaddr *address,
		      socklen_t length, int *ret, struct error *err)
{
	char text[ADDRESS_TEXT_BYTES];
	const int on = 1;

	address_format(port->host_ip, text);
	autoclose int fd =
		socket(family, sockets[port->protocol].type | SOCK_CLOEXEC, sockets[port->protocol].protocol);
	*ret = -1;
	/* the kernel may have no SCTP for processes and pass it on all the same */
	if (fd < 0 && port->protocol == PUBLISH_SCTP && port->host_port != 0)
		return 0;
	if (fd < 0)
		return error_set(err, errno, "socket");
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return error_set(err, errno, "IPV6_V6ONLY");
	/* connections that are over do not count: as every server does it */
	if (port->protocol != PUBLISH_UDP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return error_set(err, errno, "SO_REUSEADDR");
	if (bind(fd, address, length) < 0 || (port->protocol != PUBLISH_UDP && listen(fd, 1) < 0))
		return error_set(err, errno, "listen %s%d %s:%" PRIu16 ": bind",
				 publish_protocol_names[port->protocol], family == AF_INET ? 4 : 6,
				 family == AF_INET ? text : "[::]", port->host_port);
	*ret = take_fd(&fd);
	return 0;
}

int probe_port(struct publish_port *port, struct error *err)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port->host_port),
		.sin_addr.s_addr = htonl(port->host_ip),
	};
	socklen_t length = sizeof(address);
	autoclose int fd = -1;
	int result =
		claim_port(port, AF_INET, (const struct sockaddr *)(const void *)&address, length, &fd, err);

	if (result < 0 || fd < 0)
		return result;
	if (getsockname(fd, (struct sockaddr *)(void *)&address, &length) < 0)
		return error_set(err, errno, "getsockname");
	port->host_port = ntohs(address.sin_port);
	return 0;
}

int probe_port6(const struct publish_port *port, struct error *err)
{
	const struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port->host_port) };
	autoclose int fd = -1;

	return claim_port(port, AF_INET6, (const struct sockaddr *)(const void *)&address, sizeof(address),
			  &fd, err);
}
