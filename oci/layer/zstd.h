/* zstd by libzstd: reading and writing. */
#ifndef HULL_OCI_LAYER_ZSTD_H
#define HULL_OCI_LAYER_ZSTD_H

#include "oci/layer/decoder.h"
#include "oci/layer/encoder_kind.h"

extern const struct decoder_kind zstd_kind;
extern const struct encoder_kind zstd_encoder_kind;

#endif
