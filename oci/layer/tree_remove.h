/*
 * Trees removed by descriptor: no link is followed, no other file system entered, no depth too deep.
 */
#ifndef HULL_OCI_LAYER_TREE_REMOVE_H
#define HULL_OCI_LAYER_TREE_REMOVE_H

#include "base/error.h"

/*
 * Remove @name below @directory and everything in it. Nothing there is not an error.
 * Errors: -EXDEV something is mounted in it, those of unlinkat(2).
 */
must_check int tree_remove(int directory, const char *name, struct error *err);
/* Everything in @directory (O_RDONLY), but not itself. */
must_check int tree_remove_contents(int directory, struct error *err);

#endif
