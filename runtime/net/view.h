/* A claim as people and programs read it. */
#ifndef HULL_RUNTIME_NET_VIEW_H
#define HULL_RUNTIME_NET_VIEW_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "runtime/net/claim.h"

/*
 * {"ID","Name","Network","Driver","Interface","IPAddress","IPPrefixLen","Gateway","GlobalIPv6Address",
 * "GlobalIPv6PrefixLen","IPv6Gateway","MacAddress","PortsText","Ports":
 * [{"HostIp","HostPort","ContainerPort","Protocol"}]}, in @arena.
 */
must_check int view_make(const struct claim *claim, struct arena *arena, const struct json **ret,
			 struct error *err);

#endif
