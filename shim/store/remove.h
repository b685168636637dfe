/* Whole directories removed, without ever following a symlink. */
#ifndef HULL_SHIM_STORE_REMOVE_H
#define HULL_SHIM_STORE_REMOVE_H

#include "base/error.h"

/* @name below @dir with everything in it; no error where it is not there. Errors: those of unlink and
 * open; -ELOOP nested too deep. */
must_check int remove_tree(int dir, const char *name, struct error *err);

#endif
