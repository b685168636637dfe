/*
 * Starting hull-seccomp, the program that turns a profile's canonical bytes into a filter.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_HELPER_H
#define HULL_RUNTIME_LINUX_SECCOMP_HELPER_H

#include <stddef.h>

#include "runtime/linux/seccomp.h"

/*
 * Run @program with @key as its standard input, an empty environment and no other descriptor, and
 * read the filter that it answers.
 * Errors: those of posix_spawn; -EINVAL or -E2BIG with its words when it refuses the profile;
 * -EPROTO what it wrote is no filter.
 */
must_check int seccomp_helper_run(const char *program, const void *key, size_t key_length,
				  struct seccomp_filter *ret, struct error *err);

#endif
