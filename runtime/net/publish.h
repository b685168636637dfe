/*
 * Published ports: docker's --publish [[HOSTIP:][HOSTPORT[-LAST]]:]PORT[-LAST][/tcp|udp|sctp], and which two
 * cannot both be had.
 */
#ifndef HULL_RUNTIME_NET_PUBLISH_H
#define HULL_RUNTIME_NET_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum publish_protocol { PUBLISH_TCP, PUBLISH_UDP, PUBLISH_SCTP, PUBLISH_PROTOCOL_COUNT };
extern const char *const publish_protocol_names[PUBLISH_PROTOCOL_COUNT];

struct publish_port {
	enum publish_protocol protocol;
	uint32_t host_ip;              /* 0: every address of the host */
	uint16_t host_port, host_last; /* the first and last that will do; both 0: any free one */
	uint16_t container_port;
};

struct publish_list {
	size_t count;
	const struct publish_port *items;
};

#define PUBLISH_MAX_PORTS 65535

/*
 * What the @count words of --publish ask for, ranges taken apart, in @arena.
 * Errors: -EINVAL with docker's words; -E2BIG.
 */
must_check int publish_parse(const char *const *words, size_t count, struct arena *arena,
			     struct publish_list *ret, struct error *err);
/* Whether @a and @b, each of one host port, want the same port of the host. */
bool publish_conflict(const struct publish_port *a, const struct publish_port *b);
/* "0.0.0.0:8080->80/tcp", with neighbours joined: "0.0.0.0:8080-8082->80-82/tcp", ", " between. */
void publish_format(const struct publish_list *ports, struct text *ret);

#endif
