/*
 * Where hull's own helper programs are: beside hull (a build tree) or in ../libexec/hull (installed),
 * never in $PATH.
 */
#ifndef HULL_BASE_PROGRAM_H
#define HULL_BASE_PROGRAM_H

#include "base/error.h"

struct text;

/* The directory of the running program's file. */
must_check int program_directory(struct text *ret, struct error *err);
/* The path of the program @name as seen from @directory. Errors: -ENOENT. */
must_check int program_find(const char *directory, const char *name, struct text *ret, struct error *err);

#endif
