/*
 * From the profile in config.json to a filter, in hull: key, cache, and on a miss the program
 * hull-seccomp. See seccomp.h.
 */
#include "runtime/linux/seccomp.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "base/text.h"
#include "runtime/linux/seccomp_cache.h"
#include "runtime/linux/seccomp_format.h"
#include "runtime/linux/seccomp_helper.h"

#include "base/banned.h"

#if defined(__x86_64__)
#define ARCHITECTURE "x86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#endif

/* Most profiles' keys fit without growing: Podman's has about 9 KB. */
#define USUAL_KEY_BYTES 16384

/* The Makefile asks pkg-config. Where it cannot tell, the key still has hull's own version. */
#ifndef HULL_LIBSECCOMP_VERSION
#define HULL_LIBSECCOMP_VERSION "unknown"
#endif

const char *seccomp_library_version(void)
{
	return HULL_LIBSECCOMP_VERSION;
}

int seccomp_key_make(const struct spec_seccomp *profile, struct text *ret, struct error *err)
{
	const struct seccomp_format_maker maker = {
		.hull_version = HULL_VERSION,
		.library_version = seccomp_library_version(),
		.architecture = ARCHITECTURE,
	};

	return seccomp_format_encode(profile, &maker, ret, err);
}

static int compile(const struct text *key, struct seccomp_filter *ret, struct error *err)
{
	autotext struct text directory = TEXT_EMPTY, program = TEXT_EMPTY;
	int result = program_directory(&directory, err);

	if (result == 0)
		result = program_find(directory.data, "hull-seccomp", &program, err);
	if (result == 0)
		result = seccomp_helper_run(program.data, key->data, key->length, ret, err);
	return result;
}

int seccomp_filter_make(const struct spec_seccomp *profile, int cache_dir, struct seccomp_filter *ret,
			struct error *err)
{
	/* One allocation instead of a series that grows; on failure text_append_bytes tries, and tells. */
	autotext struct text key = { .data = malloc(USUAL_KEY_BYTES) };

	key.room = key.data != NULL ? USUAL_KEY_BYTES : 0;
	int result = seccomp_key_make(profile, &key, err);
	if (result < 0)
		return error_add(err, "seccomp filter");
	if (cache_dir >= 0 && seccomp_cache_load(cache_dir, key.data, key.length, ret))
		return 0;
	result = compile(&key, ret, err);
	if (result < 0)
		return error_add(err, "seccomp filter");
	if (cache_dir >= 0)
		seccomp_cache_store(cache_dir, key.data, key.length, ret);
	return 0;
}

void seccomp_filter_release(struct seccomp_filter *filter)
{
	free(filter->instructions);
	*filter = (struct seccomp_filter){ 0 };
}
