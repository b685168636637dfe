/*
 * --change: lines of a Dockerfile that change an image's configuration.
 */
#ifndef HULL_OCI_IMAGE_CHANGES_H
#define HULL_OCI_IMAGE_CHANGES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/flags.h"
#include "base/json.h"

/*
 * @config (the config member of an image's configuration, NULL: empty) with CMD, ENTRYPOINT, ENV, EXPOSE,
 * HEALTHCHECK NONE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR of @changes carried out in order.
 * Errors: -EINVAL another instruction, or one that makes no sense.
 */
must_check int changes_apply(const struct flag_list *changes, struct arena *arena, const struct json *config,
			     const struct json **ret, struct error *err);

#endif
