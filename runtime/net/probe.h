/* Whether the host lets a port be had. */
#ifndef HULL_RUNTIME_NET_PROBE_H
#define HULL_RUNTIME_NET_PROBE_H

#include "base/error.h"
#include "runtime/net/publish.h"

/* A choose_probe: binds @port for a moment, in this process's network namespace. */
must_check int probe_port(struct publish_port *port, struct error *err);

#endif
