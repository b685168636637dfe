/* Files and whole directories removed, without ever following a symlink or entering what is mounted in them.
 */
#ifndef HULL_BASE_REMOVE_H
#define HULL_BASE_REMOVE_H

#include "base/error.h"

/*
 * @name below @dir, whatever it is, with everything in it, however deep; no error where it is not there.
 * Bounded memory and descriptors: what is nested deeper than a few dozen levels is moved up first. Errors:
 * those of unlink, open and rename.
 */
must_check int remove_tree(int dir, const char *name, struct error *err);

#endif
