/* gzip by ISA-L, twice as fast as zlib: reading only. */
#ifndef HULL_OCI_LAYER_IGZIP_H
#define HULL_OCI_LAYER_IGZIP_H

#include "oci/layer/decoder.h"

extern const struct decoder_kind igzip_kind;

#endif
