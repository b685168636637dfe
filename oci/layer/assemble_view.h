/*
 * A stack of layers as its reader sees it, from the indexes alone. Part of assemble.h.
 */
#ifndef HULL_OCI_LAYER_ASSEMBLE_VIEW_H
#define HULL_OCI_LAYER_ASSEMBLE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "oci/layer/assemble.h"
#include "oci/layer/index.h"

/* One name of a layer whose tree is made anew. */
struct assemble_item {
	const char *path;
	size_t layer, at; /* the index entry it comes from; at SIZE_MAX: a directory that is only implied */
	uint32_t flags;   /* enum index_flag */
	bool moved;       /* has another path than in its index */
};

/* A layer as it will be in the stack. */
struct assemble_sheet {
	const struct index *index;
	enum assemble_kind kind;
	const struct assemble_item *items; /* what there is to make, sorted; INSTEAD: all of the layer */
	size_t count;
};

struct assemble_view {
	const struct assemble_layer *layers;
	struct assemble_sheet *sheets;
	size_t count;
	struct arena *arena;
};

struct assemble_found {
	size_t layer, at; /* SIZE_MAX: implied, it has no entry anywhere */
	uint32_t mode, flags;
	const char *link;
};

/* The order of items. */
int assemble_view_compare(const char *a, const char *b);
/* The item @path of @sheet. NULL: there is none. */
const struct assemble_item *assemble_view_item(const struct assemble_sheet *sheet, const char *path);
/* The entry of sheet @layer alone. False: there is none. */
bool assemble_view_entry(const struct assemble_view *view, size_t layer, const char *path,
			 struct assemble_found *ret);
/*
 * What is at @path of the layers below number @below. A directory without an entry of its own is looked for
 * further down. Returns 1 or 0. Errors: -ENOMEM.
 */
must_check int assemble_view_look(const struct assemble_view *view, size_t below, const char *path,
				  struct assemble_found *ret, struct error *err);
/*
 * @path, its symlinks followed, in the view of the layers below number @below. What does not exist is taken
 * for directories that will. Errors: -EBADMSG symlinks lead in a circle.
 */
must_check int assemble_view_resolve(const struct assemble_view *view, size_t below, const char *path,
				     struct text *ret, struct error *err);

#endif
