/*
 * What an archive says about lower layers: whiteouts, opaque directories, hard links to what is not here.
 * Part of an extraction: see extract.h. In a layer's own tree they are applied at its end, so that their
 * place in the archive is of no consequence; flat, whiteouts take away at once whatever this layer did not
 * bring.
 */
#ifndef HULL_OCI_LAYER_EXTRACT_LATE_H
#define HULL_OCI_LAYER_EXTRACT_LATE_H

#include "base/error.h"
#include "oci/layer/extract.h"

/* Returns 1 where @entry is a whiteout or a mark of that kind and is dealt with, 0 where it is a file. */
must_check int extract_late_whiteout(struct extract *extract, const struct tar_entry *entry,
				     struct error *err);
/* A hard link whose target this layer does not have. */
must_check int extract_late_link(struct extract *extract, const struct tar_entry *entry, struct error *err);
must_check int extract_late_apply(struct extract *extract, struct error *err);
void extract_late_release(struct extract *extract);

#endif
