/*
 * Writing tar archives: ustar headers, with PAX records where a value does not fit one. The same entry
 * always gives the same bytes.
 */
#ifndef HULL_OCI_LAYER_TAR_WRITE_H
#define HULL_OCI_LAYER_TAR_WRITE_H

#include "base/error.h"
#include "base/text.h"
#include "oci/layer/tar.h"

/*
 * Append the header or headers of @entry. Directories get their "/". Its data (size bytes) and
 * tar_write_padding must follow. Sparse maps and ACLs are not written: give ACLs as xattrs.
 */
void tar_write_header(const struct tar_entry *entry, struct text *ret);
/* The zeros that bring @size bytes of data to a whole block. */
void tar_write_padding(uint64_t size, struct text *ret);
/* The end of an archive. */
void tar_write_end(struct text *ret);

#endif
