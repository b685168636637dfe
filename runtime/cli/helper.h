/*
 * Further programs of hull's that answer to `hull NAME`.
 */
#ifndef HULL_RUNTIME_CLI_HELPER_H
#define HULL_RUNTIME_CLI_HELPER_H

#include "base/error.h"

/*
 * Become hull-@word with the arguments @argv (argv[0] is replaced). It is looked for beside this
 * program and in its libexec directory, never in $PATH. Returns only on failure.
 * Errors: -ENOENT there is no such program, or @word is none that may be called this way; those of execve(2).
 */
must_check int helper_exec(const char *word, char **argv, struct error *err);

#endif
