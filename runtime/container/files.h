/* What the command line and the environment name: sockets, pid files, inherited descriptors. */
#ifndef HULL_RUNTIME_CONTAINER_FILES_H
#define HULL_RUNTIME_CONTAINER_FILES_H

#include <sys/types.h>

#include "base/error.h"
#include "runtime/linux/process.h"

/* Connect to the unix stream socket at @path, which may be longer than sun_path. */
must_check int files_connect(const char *path, int *ret_fd, struct error *err);
/* Write @pid to @path through a temporary file beside it. */
must_check int files_write_pid(const char *path, pid_t pid, struct error *err);
/* What the environment and the command line say about descriptors: LISTEN_FDS, --preserve-fds. */
must_check int files_count(unsigned preserve_fds, struct process_extra *ret, struct error *err);

#endif
