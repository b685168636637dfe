/* gzip by zlib: reading where there is no ISA-L, and writing. */
#ifndef HULL_OCI_LAYER_GZIP_H
#define HULL_OCI_LAYER_GZIP_H

#include "oci/layer/decoder.h"
#include "oci/layer/encoder_kind.h"

extern const struct decoder_kind gzip_kind;
extern const struct encoder_kind gzip_encoder_kind;

#endif
