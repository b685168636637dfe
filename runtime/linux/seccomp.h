/*
 * The container's seccomp filter, host half: from the profile in config.json to the program that
 * hull-init hands to seccomp(2). hull links no libseccomp: a filter comes from the cache or, for a
 * profile seen for the first time, from the helper program hull-seccomp.
 *
 * Not decided here: the flags of seccomp(2). spec_seccomp.flags are the document's; without
 * flags_set the caller uses SECCOMP_FILTER_FLAG_SPEC_ALLOW, as runc and crun do. A profile with
 * uses_notify compiles like any other; who loads it has to take the listener.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_H
#define HULL_RUNTIME_LINUX_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/spec/spec.h"

struct text;

/* Owned; released by seccomp_filter_release. { 0 } is the empty one. */
struct seccomp_filter {
	size_t count;
	struct sock_filter *instructions;
};

/*
 * Fetch or make the filter for @profile.
 * @cache_dir: hull's state root, in which the cache lives (see seccomp_cache.h); -1: no cache.
 * Without a cached filter hull-seccomp is started: from the directory of hull's own executable, or
 * from ../libexec/hull beside it; never from $PATH.
 * Errors: -ENOENT there is no hull-seccomp; -EINVAL the profile cannot become a filter, in
 * hull-seccomp's words; -E2BIG it is too long for the kernel.
 * A full disk or a read-only state root is no error.
 */
must_check int seccomp_filter_make(const struct spec_seccomp *profile, int cache_dir,
				   struct seccomp_filter *ret, struct error *err);
/* Accepts the empty filter, and leaves it. */
void seccomp_filter_release(struct seccomp_filter *filter);

/*
 * The canonical bytes of everything that @profile's filter depends on: the profile, the versions of
 * hull and libseccomp, and the architecture. Appends to @ret.
 */
must_check int seccomp_key_make(const struct spec_seccomp *profile, struct text *ret, struct error *err);
/* The version of libseccomp that this build was made with, "2.5.4"; "unknown" where it is not known. */
const char *seccomp_library_version(void);

#endif
