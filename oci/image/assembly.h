/*
 * The layers of an image as the lower directories of an overlay, with what must lie between them where layers
 * relied on what earlier ones had left (oci/layer/assemble.h). That is made once for a chain of layers and
 * kept in chains/, by chainID.
 */
#ifndef HULL_OCI_IMAGE_ASSEMBLY_H
#define HULL_OCI_IMAGE_ASSEMBLY_H

#include "base/arena.h"
#include "base/error.h"
#include "base/values.h"
#include "oci/image/content.h"
#include "oci/image/progress.h"
#include "oci/image/session.h"
#include "oci/image/store.h"

struct assembly {
	struct strings lower;   /* absolute paths, the topmost first */
	struct strings objects; /* of the store, that they are in */
};

/*
 * See to it that all of @content can be stacked: layers unpacked, the chain made. What it needs stays as long
 * as
 * @session. Errors: those of unpacking.
 */
must_check int assembly_prepare(struct session *session, struct arena *arena, const struct content *content,
				struct progress *progress, struct error *err);
/* True where assembly_prepare has nothing to do. */
bool assembly_is_ready(const struct store *store, const struct content *content);
/* The stack. Strings live in @arena. Errors: -ENOENT a part is missing. */
must_check int assembly_make(const struct store *store, struct arena *arena, const struct content *content,
			     struct assembly *ret, struct error *err);
/*
 * The merged tree that @lower makes, read-only and attached to nothing: an overlay, or the one directory
 * itself.
 */
must_check int assembly_open_view(const struct strings *lower, int *ret_fd, struct error *err);

#endif
