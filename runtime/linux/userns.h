/*
 * A user namespace that is joined by path: containerd and CRI-O also send the mappings that it was made with,
 * so that the runtime need not ask. hull asks: mappings that are not those of the namespace are an error.
 */
#ifndef HULL_RUNTIME_LINUX_USERNS_H
#define HULL_RUNTIME_LINUX_USERNS_H

#include "base/error.h"
#include "oci/spec/spec.h"

/* Errors: -EINVAL the maps of @userns, an open namespace, are not the document's. */
must_check int userns_check_maps(const struct spec *spec, int userns, struct error *err);

#endif
