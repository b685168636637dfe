/*
 * The process of hull-unpack that decompresses: chunks of the blob in, chunks of the tar out, and nothing
 * else. What it writes is taken for nothing but bytes.
 */
#ifndef HULL_OCI_LAYER_DECODE_H
#define HULL_OCI_LAYER_DECODE_H

#include "oci/layer/ring.h"

/*
 * Decompress all of @blob, by the codec that its first bytes show, into @tar, and say over @socket how it
 * ended. Returns the exit status.
 */
int decode_run(int socket, struct ring *blob, struct ring *tar);

#endif
