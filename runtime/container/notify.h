/*
 * NOTIFY_SOCKET: the container gets a socket of its own at /run/notify/notify.sock; the first
 * READY= that comes through it is passed on to the service manager, with MAINPID (sd_notify(3)).
 * Nothing else that a container says reaches the manager.
 */
#ifndef HULL_RUNTIME_CONTAINER_NOTIFY_H
#define HULL_RUNTIME_CONTAINER_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"
#include "oci/spec/spec.h"

#define NOTIFY_MOUNT "/run/notify"
#define NOTIFY_CONTAINER_SOCKET NOTIFY_MOUNT "/notify.sock"
#define NOTIFY_DIRECTORY "notify" /* in the state directory */

/* The manager's socket, when there is one and the document does not mount NOTIFY_MOUNT itself. */
const char *notify_wanted(const struct spec *spec);
/* Make the directory that is bound into the container. */
must_check int notify_make_directory(int dir, struct error *err);
/* Listen in it: before the program is started. */
must_check int notify_open(int dir, int *ret_fd, struct error *err);
/*
 * Read one datagram from @fd; where it says READY=, tell the manager at @host.
 * Returns 1 once that is done, 0 when there is more to wait for.
 */
must_check int notify_handle(int fd, const char *host, pid_t pid, struct error *err);
/* notify_handle until it is done or @process has ended. */
must_check int notify_wait(int fd, const char *host, pid_t pid, const struct pidfd *process,
			   struct error *err);

#endif
