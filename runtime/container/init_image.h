/* hull-init, carried inside hull. */
#ifndef HULL_RUNTIME_CONTAINER_INIT_IMAGE_H
#define HULL_RUNTIME_CONTAINER_INIT_IMAGE_H

#include "base/error.h"

/* A sealed, executable memfd with hull-init; where those are forbidden, the installed file. */
must_check int init_image_open(int *ret_fd, struct error *err);
/*
 * hull-init as an installed file, through a detached read-only clone of its mount: for machines that
 * refuse to execute memfds (fapolicyd, IMA). Errors: -ENOENT it is not installed.
 */
must_check int init_image_open_installed(int *ret_fd, struct error *err);

#endif
