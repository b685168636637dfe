/*
 * Layers are unpacked one by one, each without what lies below it. Nearly always they can be stacked as they
 * are; where an archive relied on what earlier ones had left, the stack comes out wrong:
 *
 *   a directory that the layer has no entry for    has the attributes of the one below
 *   a path through a symlink of a layer below      leads where the symlink leads
 *   a hard link to a file of a layer below         is that file
 *
 * What it takes is made for one chain of layers: a directory of directories to go above a layer, or another
 * directory instead of the layer's, whose files are hard links to the layers' own.
 */
#ifndef HULL_OCI_LAYER_ASSEMBLE_H
#define HULL_OCI_LAYER_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/layer/index.h"

struct assemble_layer {
	int directory; /* the layer's tree. Borrowed */
	const struct index *index;
};

enum assemble_kind {
	ASSEMBLE_NONE,
	ASSEMBLE_ABOVE,  /* a lower directory of its own, right above the layer */
	ASSEMBLE_INSTEAD /* stands for the layer */
};

/* Name of the directory for layer number N (from 0, bottom first) below what assemble_make was given. */
#define ASSEMBLE_NAME_BYTES 32

/*
 * The number of the lowest layer that counts: one whose archive says that everything below its root directory
 * is hidden (overlayfs has no mark for that), else 0. A stack is mounted, and assembled, from there on.
 */
size_t assemble_bottom(const struct assemble_layer *layers, size_t count);
/*
 * Make what the @count layers need in the empty directory @target, which is on the file system of the
 * layers: "N.above" or "N.instead" for each layer that needs it. @ret_kinds: one for each layer.
 * @user_xattr: as they were unpacked. Errors: -EBADMSG what an archive says leads nowhere (a hard link to
 * what no layer has, symlinks in a circle); those of writing.
 */
must_check int assemble_make(const struct assemble_layer *layers, size_t count, int target, bool user_xattr,
			     enum assemble_kind *ret_kinds, struct error *err);
/* "3.above"; "" for ASSEMBLE_NONE. */
void assemble_name(size_t at, enum assemble_kind kind, char ret[ASSEMBLE_NAME_BYTES]);

#endif
