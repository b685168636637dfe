/*
 * Filters kept in the directory .seccomp below hull's state root, so that the same profile is
 * compiled once. A file's name is only a hint: the whole key is in the file and compared byte for
 * byte, so no profile ever gets another one's filter. Whatever is wrong with a file means "not
 * cached"; whatever prevents writing one means the same next time.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_CACHE_H
#define HULL_RUNTIME_LINUX_SECCOMP_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/linux/seccomp.h"

/* Name of the directory, made with mode 0700. */
#define SECCOMP_CACHE_DIR ".seccomp"
/* So many filters at most; the one more empties the directory first. */
#define SECCOMP_CACHE_MAX_FILES 128

/*
 * The filter for @key, when the cache below the directory @state_root has one that is trustworthy:
 * a regular file of the effective user's that nobody else may write, whole and undamaged.
 * Returns false otherwise, for whatever reason.
 */
bool seccomp_cache_load(int state_root, const void *key, size_t key_length, struct seccomp_filter *ret);
/* Keep @filter for @key. Does nothing where it cannot. */
void seccomp_cache_store(int state_root, const void *key, size_t key_length,
			 const struct seccomp_filter *filter);

#endif
