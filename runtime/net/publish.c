/* The grammar of --publish; see publish.h. No effects. */
#include "runtime/net/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "runtime/net/address.h"

#include "base/banned.h"

const char *const publish_protocol_names[] = {
	[PUBLISH_TCP] = "tcp",
	[PUBLISH_UDP] = "udp",
	[PUBLISH_SCTP] = "sctp",
};
_Static_assert(ARRAY_LEN(publish_protocol_names) == PUBLISH_PROTOCOL_COUNT, "every protocol needs a name");

/* The longest sensible word: "255.255.255.255:65535-65535:65535-65535/sctp". */
#define MAX_WORD 64

struct range {
	uint16_t first, last;
};

/* What one word says, before ranges are taken apart. */
struct publication {
	enum publish_protocol protocol;
	uint32_t host_ip;
	struct range host; /* 0-0: any */
	struct range container;
};

static int parse_range(char *text, struct range *ret, struct error *err)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash != NULL)
		*dash = '\0';
	int result = number_parse_u64(text, UINT16_MAX, &first, err);
	if (result == 0) {
		last = first;
		if (dash != NULL)
			result = number_parse_u64(dash + 1, UINT16_MAX, &last, err);
	}
	if (result == 0 && (first == 0 || last < first))
		result = error_set(err, 0, "no ports");
	if (dash != NULL)
		*dash = '-';
	if (result == 0)
		*ret = (struct range){ (uint16_t)first, (uint16_t)last };
	return result;
}

static int parse_protocol(const char *text, enum publish_protocol *ret, struct error *err)
{
	for (unsigned i = 0; i < PUBLISH_PROTOCOL_COUNT; i++)
		if (strcasecmp(text, publish_protocol_names[i]) == 0) {
			*ret = (enum publish_protocol)i;
			return 0;
		}
	return error_set(err, 0, "invalid proto: %s", text);
}

/* @host: what stands before the last colon: "HOSTPORT", "HOSTIP:HOSTPORT", "HOSTIP:". */
static int parse_host(char *host, struct publication *into, struct error *err)
{
	char *port = strrchr(host, ':');

	if (host[0] == '[')
		return error_set(err, 0, "invalid IP address: %s: only IPv4 is published", host);
	if (port != NULL) {
		*port++ = '\0';
		if (address_parse(host, &into->host_ip, err) < 0)
			return -EINVAL;
	} else {
		port = host;
	}
	if (*port != '\0' && parse_range(port, &into->host, err) < 0)
		return error_set(err, 0, "invalid hostPort: %s", port);
	return 0;
}

static int parse_word(const char *word, struct publication *ret, struct error *err)
{
	char room[MAX_WORD + 1];

	if (strlen(word) > MAX_WORD)
		return error_set(err, 0, "too long");
	(void)snprintf(room, sizeof(room), "%s", word);
	struct publication into = { 0 };
	char *slash = strchr(room, '/');
	if (slash != NULL) {
		*slash = '\0';
		if (parse_protocol(slash + 1, &into.protocol, err) < 0)
			return -EINVAL;
	}
	char *container = strrchr(room, ':');
	if (container != NULL) {
		*container++ = '\0';
		if (parse_host(room, &into, err) < 0)
			return -EINVAL;
	} else {
		container = room;
	}
	if (*container == '\0')
		return error_set(err, 0, "no port specified: %s<empty>", word);
	if (parse_range(container, &into.container, err) < 0)
		return error_set(err, 0, "invalid containerPort: %s", container);
	unsigned hosts = into.host.last - into.host.first,
		 containers = into.container.last - into.container.first;
	/* a range of the host's for one port means: whichever of them is free */
	if (into.host.first != 0 && hosts != containers && containers != 0)
		return error_set(err, 0, "invalid ranges specified for container and host Ports: %s and %s",
				 container, word);
	*ret = into;
	return 0;
}

static size_t expanded(const struct publication *publication)
{
	return (size_t)(publication->container.last - publication->container.first) + 1;
}

static struct publish_port expand(const struct publication *from, unsigned at)
{
	bool one = from->container.first == from->container.last;
	struct publish_port port = {
		.protocol = from->protocol,
		.host_ip = from->host_ip,
		.container_port = (uint16_t)(from->container.first + at),
	};

	if (from->host.first != 0) {
		port.host_port = (uint16_t)(from->host.first + at);
		port.host_last = one ? from->host.last : port.host_port;
	}
	return port;
}

int publish_parse(const char *const *words, size_t count, struct arena *arena, struct publish_list *ret,
		  struct error *err)
{
	struct publication publication;
	size_t total = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		if (parse_word(words[i], &publication, err) < 0)
			return error_add(err, "invalid publication \"%.100s\"", words[i]);
		total += expanded(&publication);
		if (total > PUBLISH_MAX_PORTS)
			return error_set(err, E2BIG, "more than %d published ports", PUBLISH_MAX_PORTS);
	}
	struct publish_port *ports = arena_alloc(arena, (total + 1) * sizeof(*ports));
	if (ports == NULL)
		return error_set(err, ENOMEM, "read published ports");
	for (size_t i = 0; i < count; i++) {
		if (parse_word(words[i], &publication, err) < 0)
			return -EINVAL;
		for (unsigned at = 0; at < expanded(&publication); at++)
			ports[used++] = expand(&publication, at);
	}
	*ret = (struct publish_list){ used, ports };
	return 0;
}

bool publish_conflict(const struct publish_port *a, const struct publish_port *b)
{
	return a->protocol == b->protocol && a->host_port == b->host_port &&
	       (a->host_ip == b->host_ip || a->host_ip == 0 || b->host_ip == 0);
}

static bool follows(const struct publish_port *a, const struct publish_port *b)
{
	return a->protocol == b->protocol && a->host_ip == b->host_ip && a->host_port + 1 == b->host_port &&
	       a->container_port + 1 == b->container_port;
}

void publish_format(const struct publish_list *ports, struct text *ret)
{
	for (size_t i = 0, last; i < ports->count; i = last + 1) {
		const struct publish_port *port = &ports->items[i];
		char address[ADDRESS_TEXT_BYTES];

		for (last = i;
		     last + 1 < ports->count && follows(&ports->items[last], &ports->items[last + 1]);)
			last++;
		address_format(port->host_ip, address);
		text_format(ret, "%s%s:%" PRIu16, i == 0 ? "" : ", ", address, port->host_port);
		if (last > i)
			text_format(ret, "-%" PRIu16, ports->items[last].host_port);
		text_format(ret, "->%" PRIu16, port->container_port);
		if (last > i)
			text_format(ret, "-%" PRIu16, ports->items[last].container_port);
		text_format(ret, "/%s", publish_protocol_names[port->protocol]);
	}
}
