/*
 * How layers are compressed. The magic bytes say it, never the media type: documents are often wrong.
 */
#ifndef HULL_OCI_LAYER_CODEC_H
#define HULL_OCI_LAYER_CODEC_H

#include <stddef.h>
#include <stdint.h>

enum codec { CODEC_NONE, CODEC_GZIP, CODEC_ZSTD, CODEC_COUNT };

/* How many first bytes are enough to tell. */
#define CODEC_SNIFF_BYTES 4

/*
 * What a blob that begins with @length bytes @first is compressed with. A zstd blob may begin with a
 * skippable frame (zstd:chunked does). Anything else is CODEC_NONE.
 */
enum codec codec_sniff(const uint8_t *first, size_t length);
/* "none", "gzip", "zstd": for messages. */
const char *codec_name(enum codec codec);
/* Its media type as a layer: "application/vnd.oci.image.layer.v1.tar+gzip". */
const char *codec_media_type(enum codec codec);

#endif
