/*
 * Which directory holds the state of containers.
 */
#ifndef HULL_RUNTIME_CLI_ROOT_H
#define HULL_RUNTIME_CLI_ROOT_H

#include "base/error.h"
#include "base/text.h"

/*
 * @option (--root, NULL: not given) made absolute and clean; otherwise /run/hull, and for a rootless
 * caller $XDG_RUNTIME_DIR/hull. Whatever name hull is called by: its state is not runc's. No effects.
 * Errors: -EINVAL it is "/".
 */
must_check int root_make(const char *option, struct text *ret, struct error *err);

#endif
