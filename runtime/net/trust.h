/* Whose files hull-net believes: they name programs that root starts. */
#ifndef HULL_RUNTIME_NET_TRUST_H
#define HULL_RUNTIME_NET_TRUST_H

#include <sys/stat.h>

#include "base/error.h"

/*
 * That nobody but root and this process's user can write to the file or directory @path, whose state @st is.
 * Errors: -EPERM.
 */
must_check int trust_check(const struct stat *st, const char *path, struct error *err);

#endif
