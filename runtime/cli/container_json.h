/*
 * A container's state document, as `state` and `list` print it.
 */
#ifndef HULL_RUNTIME_CLI_CONTAINER_JSON_H
#define HULL_RUNTIME_CLI_CONTAINER_JSON_H

#include <stdbool.h>

#include "base/text.h"
#include "runtime/container/container.h"

/*
 * The members in runc's order, without a newline at the end; the annotations last but the owner.
 * @indent: one member a line, two blanks in front, as `state` prints it; else compact, as in `list`.
 */
void container_json_format(const struct container_info *info, bool indent, struct text *ret);

#endif
