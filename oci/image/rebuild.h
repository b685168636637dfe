/* index.json made anew out of what the store has. */
#ifndef HULL_OCI_IMAGE_REBUILD_H
#define HULL_OCI_IMAGE_REBUILD_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/image/front.h"

/*
 * Where index.json cannot be read: put it aside (index.json.damaged), and write one with every image whose
 * manifest is in the store, without a name. @ret_done: that was needed.
 */
must_check int rebuild_index(struct front *front, bool *ret_done, struct error *err);

#endif
