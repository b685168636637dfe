/*
 * A directory becomes a layer's tar: a root directory that is imported, or the upper directory of an overlay
 * that is committed. Sorted by name and nothing in it but what the tree has, so that the same tree gives the
 * same bytes.
 */
#ifndef HULL_OCI_LAYER_PACK_H
#define HULL_OCI_LAYER_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/codec.h"
#include "oci/layer/encoder.h"

struct pack_options {
	enum codec codec;
	int level;      /* 0: the codec's usual one */
	bool whiteouts; /* the tree is an upper directory: its whiteouts and opaque marks become .wh. files */
	bool user_xattr; /* those of user.overlay.* */
};

/*
 * The tree @directory (O_RDONLY) to @out. Other file systems mounted in it are not entered. Sockets are left
 * out. Errors: those of reading and writing; -EINVAL for a name that begins with ".wh.".
 */
must_check int pack_tree(int directory, int out, const struct pack_options *options,
			 struct encoder_result *ret, struct error *err);

#endif
