/* Whether the host lets a port be had. */
#ifndef HULL_RUNTIME_NET_PROBE_H
#define HULL_RUNTIME_NET_PROBE_H

#include "base/error.h"
#include "runtime/net/publish.h"

/* A choose_probe: binds @port for a moment, in this process's network namespace. */
must_check int probe_port(struct publish_port *port, struct error *err);
/* Whether nobody has its number on the host's IPv6 addresses. Errors: as above. */
must_check int probe_port6(const struct publish_port *port, struct error *err);

#endif
