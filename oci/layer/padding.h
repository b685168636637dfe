/*
 * What follows a member of a gzip blob: another member, or zeros to the end (some builders pad their blobs);
 * anything else would be bytes that one reader sees and another does not.
 */
#ifndef HULL_OCI_LAYER_PADDING_H
#define HULL_OCI_LAYER_PADDING_H

#include "oci/layer/decoder.h"

/*
 * Take zeros from @io; @padding remembers that some were seen. Returns 1 where a member begins, 0 where the
 * input is used up. Errors: -EBADMSG.
 */
must_check int padding_or_member(struct decoder_io *io, bool *padding, struct error *err);

#endif
