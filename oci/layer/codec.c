/*
 * The ways layers are compressed, told apart; see codec.h. Links no library, so that hull-image can ask
 * without any.
 */
#include "oci/layer/codec.h"

#include "base/cleanup.h"

#include "base/banned.h"

struct codec_row {
	const char *name, *media_type;
};

static const struct codec_row codecs[] = {
	[CODEC_NONE] = { "none", "application/vnd.oci.image.layer.v1.tar" },
	[CODEC_GZIP] = { "gzip", "application/vnd.oci.image.layer.v1.tar+gzip" },
	[CODEC_ZSTD] = { "zstd", "application/vnd.oci.image.layer.v1.tar+zstd" },
};
_Static_assert(ARRAY_LEN(codecs) == CODEC_COUNT, "every codec needs a row");

enum codec codec_sniff(const uint8_t *first, size_t length)
{
	uint32_t magic;

	if (length >= 3 && first[0] == 0x1f && first[1] == 0x8b && first[2] == 8)
		return CODEC_GZIP;
	if (length < CODEC_SNIFF_BYTES)
		return CODEC_NONE;
	magic = (uint32_t)first[0] | (uint32_t)first[1] << 8 | (uint32_t)first[2] << 16 |
		(uint32_t)first[3] << 24;
	/* A frame, or one of the sixteen skippable ones. */
	if (magic == 0xfd2fb528 || (magic & 0xfffffff0) == 0x184d2a50)
		return CODEC_ZSTD;
	return CODEC_NONE;
}

const char *codec_name(enum codec codec)
{
	return codecs[codec].name;
}

const char *codec_media_type(enum codec codec)
{
	return codecs[codec].media_type;
}
