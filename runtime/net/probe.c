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

int probe_port(struct publish_port *port, struct error *err)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port->host_port),
		.sin_addr.s_addr = htonl(port->host_ip),
	};
	socklen_t length = sizeof(address);
	char text[ADDRESS_TEXT_BYTES];
	const int on = 1;

	address_format(port->host_ip, text);
	autoclose int fd = socket(AF_INET, sockets[port->protocol].type | SOCK_CLOEXEC,
				  sockets[port->protocol].protocol);
	/* the kernel may have no SCTP for processes and pass it on all the same */
	if (fd < 0 && port->protocol == PUBLISH_SCTP && port->host_port != 0)
		return 0;
	if (fd < 0)
		return error_set(err, errno, "socket");
	/* connections that are over do not count: as every server does it */
	if (port->protocol != PUBLISH_UDP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return error_set(err, errno, "SO_REUSEADDR");
	if (bind(fd, (const struct sockaddr *)(const void *)&address, length) < 0 ||
	    (port->protocol != PUBLISH_UDP && listen(fd, 1) < 0))
		return error_set(err, errno, "listen %s4 %s:%" PRIu16 ": bind",
				 publish_protocol_names[port->protocol], text, port->host_port);
	if (getsockname(fd, (struct sockaddr *)(void *)&address, &length) < 0)
		return error_set(err, errno, "getsockname");
	port->host_port = ntohs(address.sin_port);
	return 0;
}
