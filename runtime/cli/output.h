/*
 * Standard output: whatever a command prints is built first and then written at once.
 */
#ifndef HULL_RUNTIME_CLI_OUTPUT_H
#define HULL_RUNTIME_CLI_OUTPUT_H

#include "base/error.h"
#include "base/text.h"

/* Write all of @text. Errors: -ENOMEM where @text failed on its way; those of write(2). */
must_check int output_write(struct text *text, struct error *err);

#endif
