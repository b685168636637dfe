/* Zeros after a gzip blob's last member; see padding.h. */
#include "oci/layer/padding.h"

#include <errno.h>

#include "base/banned.h"

int padding_or_member(struct decoder_io *io, bool *padding, struct error *err)
{
	for (; io->in_length > 0; io->in++, io->in_length--) {
		if (*io->in == 0)
			*padding = true;
		else if (*padding || *io->in != 0x1f)
			return error_set(err, EBADMSG, "gzip: garbage after the compressed data");
		else
			return 1;
	}
	return 0;
}
