/*
 * --format: the part of Go's templates that people write for docker and podman. {{.Field}}, {{.A.B}},
 * {{json .A}}, {{.}}; {{upper .A}}, {{lower .A}}, {{len .A}}, {{join .A "x"}}, {{index .A "x"}}; text around
 * them, \t and \n. Whatever else stands between braces is an error, never printed as it is.
 */
#ifndef HULL_BASE_TEMPLATE_H
#define HULL_BASE_TEMPLATE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/*
 * Append what @format makes of @data, without a newline at its end. @strict: a field that @data does not
 * have is an error, otherwise "<no value>".
 */
must_check int template_write(const char *format, const struct json *data, bool strict, struct text *ret,
			      struct error *err);

#endif
