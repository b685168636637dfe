/*
 * The end of an extraction: one walk over the finished tree, which gives directories their times (everything
 * is in them now), removes whiteouts that hide nothing, and writes the path index from what is really there.
 */
#ifndef HULL_OCI_LAYER_SETTLE_H
#define HULL_OCI_LAYER_SETTLE_H

#include "base/error.h"
#include "oci/layer/extract.h"

/* A tree may become so deep, by symlinks that lead down and paths through them. */
#define SETTLE_MAX_DEPTH 512

/* @index as for extract_run. Errors: -EFBIG the tree is too deep; those of reading and writing. */
must_check int settle_tree(struct extract *extract, int index, struct error *err);

#endif
