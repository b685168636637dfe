/*
 * As the main process of a unit: the places in the unit's cgroup, and the sockets it was given.
 * Source: systemd.exec(5), sd_listen_fds(3), Linux cgroup-v2.rst (no processes beside controllers).
 */
#ifndef HULL_SHIM_SYSTEMD_H
#define HULL_SHIM_SYSTEMD_H

#include "base/error.h"
#include "base/text.h"

/*
 * On cgroup v2: go into "supervisor" below our own cgroup, hand its controllers down, and say where the
 * container's is to be: "payload" beside it. Nothing is done, and nothing said, where the machine has
 * cgroups of version 1 or we are in no cgroup of our own.
 */
must_check int systemd_enter_supervisor(struct text *ret_payload, struct error *err);
/* Sockets from descriptor 3 on that were given to us, and their names (NULL: none). */
unsigned systemd_listen_fds(const char **ret_names);
/* Whatever is for us alone leaves the environment: what we start inherits it. */
void systemd_scrub_environment(void);

#endif
