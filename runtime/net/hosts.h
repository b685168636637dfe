/*
 * /etc/hosts and /etc/resolv.conf of containers: files that whoever made the bundle made beforehand and bound
 * into the container. They are written in place, because the container sees the file, not its name. Of
 * hosts only the lines between hull-net's own marks are changed. A container can write what it likes into
 * them: they are read with a limit, and never followed to another file.
 */
#ifndef HULL_RUNTIME_NET_HOSTS_H
#define HULL_RUNTIME_NET_HOSTS_H

#include "base/error.h"
#include "base/text.h"
#include "base/values.h"
#include "runtime/net/claim.h"

/* Which file @path is, so that it is found again. Errors: -EINVAL it is no regular file. */
must_check int hosts_identify(const char *path, struct claim_file *ret, struct error *err);
/*
 * Write who is in the network @of of @claims into the hosts file of every living container there. A file
 * that cannot be written is told on standard error: it is its container's own doing.
 */
void hosts_sync(const struct claim_list *claims, const struct claim *of);
/* @old with the lines of @network replaced by those that @claim's container needs; all new where @old is
 * empty. */
void hosts_format(const char *old, const struct claim_list *claims, const struct claim *claim,
		  struct text *ret);

struct hosts_resolver {
	struct strings servers, searches, options; /* without servers: those of the host */
};
/* Write the file @path. Errors: those of open and write. */
must_check int hosts_write_resolver(const char *path, const struct hosts_resolver *resolver,
				    struct error *err);
/* @host: /etc/resolv.conf of the host; its servers on 127.0.0.0/8 and ::1 are no use to a container. */
void hosts_format_resolver(const char *host, const struct hosts_resolver *resolver, struct text *ret);

/* Letters, digits, "_", "-", "." as in a name that others look up. Errors: -EINVAL. */
must_check int hosts_check_name(const char *what, const char *name, struct error *err);

#endif
