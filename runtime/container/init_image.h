/* hull-init, carried inside hull. */
#ifndef HULL_RUNTIME_CONTAINER_INIT_IMAGE_H
#define HULL_RUNTIME_CONTAINER_INIT_IMAGE_H

#include "base/error.h"

/* A sealed, executable memfd with hull-init. Errors: those of fd_memfd. */
must_check int init_image_open(int *ret_fd, struct error *err);

#endif
