/*
 * The host's ps(1) as the source of `hull ps`.
 */
#ifndef HULL_RUNTIME_CLI_PS_HOST_H
#define HULL_RUNTIME_CLI_PS_HOST_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"

/*
 * What ps prints with @options, -ef when there are none. Found in /usr/bin or /bin, never by the
 * caller's PATH; its environment holds nothing else. What it says on standard error stays there.
 * Errors: -ENOENT there is no ps; -EINVAL it failed.
 */
must_check int ps_host_run(const struct strings *options, struct text *ret, struct error *err);
/*
 * The heading of @listing and its lines whose PID column holds one of @pids.
 * Errors: -EINVAL "couldn't find PID field in ps output".
 */
must_check int ps_host_filter(const char *listing, const pid_t *pids, size_t count, struct text *ret,
			      struct error *err);

#endif
