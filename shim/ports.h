/*
 * The ports of the host that lead to the container: rules send to it what comes in, and no process of
 * hull-net stays to hold them. So this one has each bound, without listening, as long as the container
 * lives: what wants the port meanwhile is told so instead of waiting for visitors who never come.
 */
#ifndef HULL_SHIM_PORTS_H
#define HULL_SHIM_PORTS_H

#include "base/error.h"

#define PORTS_NETWORKS "/run/hull/net" /* what hull-net keeps; see runtime/net/state.h */
#define PORTS_MAX_HELD 512             /* each is a descriptor */

/*
 * Hold what hull-net has published for container @id, if anything; more than PORTS_MAX_HELD are not held.
 * Errors: of the first that could not be; the others are held.
 */
must_check int ports_hold(const char *networks, const char *id, struct error *err);
/* Let all of them go. */
void ports_release(void);

#endif
