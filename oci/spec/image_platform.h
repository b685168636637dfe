/*
 * Platforms: "linux/arm64/v8" as people write them, the one of this machine, and which entry of a
 * multi-platform index suits one best, by the order of preference that containerd has.
 */
#ifndef HULL_OCI_SPEC_IMAGE_PLATFORM_H
#define HULL_OCI_SPEC_IMAGE_PLATFORM_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "oci/spec/image.h"

/*
 * "os/architecture[/variant]", or an architecture or os alone, in the names that uname and Debian use too
 * (x86_64, aarch64, armhf): normalised, in @arena. Errors: -EINVAL.
 */
must_check int image_platform_parse(const char *text, struct arena *arena, struct image_platform *ret,
				    struct error *err);
/* This machine's: the variant is the amd64 level that its processor has, or what the architecture implies. */
struct image_platform image_platform_host(void);
/* With the usual names: x86_64 is amd64, armhf arm/v7, arm64/v8 arm64. */
struct image_platform image_platform_normal(const struct image_platform *platform);
/*
 * How well an image for @offered runs where @wanted is asked for: 0 best, more is worse, -1 not at all.
 * Lower variants of the same architecture suit; a 32-bit one on its 64-bit sister does where @related.
 */
int image_platform_rank(const struct image_platform *wanted, const struct image_platform *offered,
			bool related);
/*
 * The entry of @index that suits @wanted best, the first of equals; attestations and unknown kinds never do.
 * NULL: there is none.
 */
const struct image_descriptor *image_platform_choose(const struct image_index *index,
						     const struct image_platform *wanted);
/* Append "linux/amd64/v2". */
void image_platform_format(const struct image_platform *platform, struct text *ret);

#endif
