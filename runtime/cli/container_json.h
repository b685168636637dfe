/*
 * A container's state document, as `state` and `list` print it.
 */
#ifndef HULL_RUNTIME_CLI_CONTAINER_JSON_H
#define HULL_RUNTIME_CLI_CONTAINER_JSON_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "runtime/container/container.h"

/*
 * Append the document of @info without a newline at its end: indented as `state` prints it, or on one
 * line as an item of `list`. Errors: -ENOMEM.
 */
must_check int container_json_format(const struct container_info *info, bool indented, struct text *ret,
				     struct error *err);

#endif
