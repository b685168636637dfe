/*
 * Between the two halves of assembling: what is decided (assemble.c) and what is made of it
 * (assemble_make.c).
 */
#ifndef HULL_OCI_LAYER_ASSEMBLE_PLAN_H
#define HULL_OCI_LAYER_ASSEMBLE_PLAN_H

#include "oci/layer/assemble_view.h"

/* An empty view of @layers (borrowed), in @arena. */
must_check int assemble_plan_begin(const struct assemble_layer *layers, size_t count, struct arena *arena,
				   struct assemble_view *ret, struct error *err);
/* Fill in what each layer needs. Errors: -EBADMSG. */
must_check int assemble_plan(struct assemble_view *view, struct error *err);

#endif
