/*
 * Platforms and their order of preference; see image_platform.h. The order is that of containerd's
 * platforms.Only: variants from the wanted one downwards, then (only where no other image suits) the 32-bit
 * relatives.
 */
#include "oci/spec/image_platform.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"

#include "base/banned.h"

/* Names of uname and of distributions beside those of the specification, which are Go's. */
static const struct {
	const char *name, *architecture, *variant; /* variant NULL: as given */
} architectures[] = {
	{ "x86_64", "amd64", NULL },  { "x86-64", "amd64", NULL },
	{ "aarch64", "arm64", NULL }, { "i386", "386", "" },
	{ "i486", "386", "" },        { "i586", "386", "" },
	{ "i686", "386", "" },        { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },     { "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },    { "armv8l", "arm", "v8" },
	{ "ppc64el", "ppc64le", "" }, { "powerpc64le", "ppc64le", "" },
	{ "s390x", "s390x", "" },
};

struct image_platform image_platform_normal(const struct image_platform *platform)
{
	struct image_platform normal = *platform;
	const char *variant = platform->variant == NULL ? "" : platform->variant;

	for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
		if (text_equal(architectures[i].name, platform->architecture)) {
			normal.architecture = architectures[i].architecture;
			if (architectures[i].variant != NULL && variant[0] == '\0')
				variant = architectures[i].variant;
			break;
		}
	if (text_equal(normal.architecture, "arm")) {
		static const char *const digits[] = { "5", "6", "7", "8" };
		static const char *const named[] = { "v5", "v6", "v7", "v8" };

		if (variant[0] == '\0')
			variant = "v7";
		for (size_t i = 0; i < ARRAY_LEN(digits); i++)
			if (text_equal(variant, digits[i]))
				variant = named[i];
	} else if (text_equal(normal.architecture, "arm64") &&
		   (text_equal(variant, "v8") || text_equal(variant, "8") || text_equal(variant, "v8.0"))) {
		variant = "";
	} else if (text_equal(normal.architecture, "amd64") && text_equal(variant, "v1")) {
		variant = "";
	}
	normal.variant = variant[0] == '\0' ? NULL : variant;
	return normal;
}

/* The x86-64 level of this processor, as the psABI defines them. */
static const char *host_variant(const char *architecture)
{
#if defined(__x86_64__)
	if (text_equal(architecture, "amd64")) {
		__builtin_cpu_init();
		if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt") ||
		    !__builtin_cpu_supports("ssse3"))
			return NULL;
		if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
		    !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
			return "v2";
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
				       __builtin_cpu_supports("avx512cd") &&
				       __builtin_cpu_supports("avx512dq") &&
				       __builtin_cpu_supports("avx512vl")
			       ? "v4"
			       : "v3";
	}
#endif
	(void)architecture;
	return NULL;
}

struct image_platform image_platform_host(void)
{
	static struct utsname name;
	struct image_platform host = { .os = "linux" };

	host.architecture = uname(&name) < 0 ? "unknown" : name.machine;
	host = image_platform_normal(&host);
	if (host.variant == NULL)
		host.variant = host_variant(host.architecture);
	return host;
}

/* "v7" is 70, "v8.2" is 82, none is 0; -1: not of this form. */
static int variant_number(const char *variant)
{
	if (variant == NULL)
		return 0;
	if (variant[0] != 'v' || variant[1] < '1' || variant[1] > '9')
		return -1;
	int number = 10 * (variant[1] - '0');

	if (variant[2] == '\0')
		return number;
	if (variant[2] != '.' || variant[3] < '0' || variant[3] > '9' || variant[4] != '\0')
		return -1;
	return number + variant[3] - '0';
}

/* Lower variants of one architecture, the nearest first. */
static int variant_rank(const char *architecture, const char *wanted, const char *offered)
{
	int want = variant_number(wanted), have = variant_number(offered);

	if ((wanted == NULL) == (offered == NULL) && (wanted == NULL || text_equal(wanted, offered)))
		return 0;
	if (want < 0 || have < 0)
		return -1;
	if (text_equal(architecture, "amd64")) {
		want = want == 0 ? 10 : want;
		have = have == 0 ? 10 : have;
	} else if (text_equal(architecture, "arm64")) {
		/* v9.x is v8.(x+5) and more */
		want = want == 0 ? 80 : want >= 90 ? want - 5 : want;
		have = have == 0 ? 80 : have >= 90 ? have - 5 : have;
	} else if (!text_equal(architecture, "arm")) {
		return -1;
	}
	return have > want ? -1 : want - have + 1;
}

#define RELATED_RANK 1000 /* worse than any variant of the architecture itself */

int image_platform_rank(const struct image_platform *wanted, const struct image_platform *offered,
			bool related)
{
	struct image_platform want = image_platform_normal(wanted), have = image_platform_normal(offered);

	if (!text_equal(want.os, have.os))
		return -1;
	if (text_equal(want.architecture, have.architecture))
		return variant_rank(want.architecture, want.variant, have.variant);
	if (!related)
		return -1;
	if (text_equal(want.architecture, "amd64") && text_equal(have.architecture, "386"))
		return RELATED_RANK;
	if (text_equal(want.architecture, "arm64") && text_equal(have.architecture, "arm")) {
		int rank = variant_rank("arm", "v8", have.variant);

		return rank < 0 ? -1 : RELATED_RANK + rank;
	}
	return -1;
}

static bool is_candidate(const struct image_descriptor *item)
{
	enum image_kind kind = image_kind(item->media_type);

	if (kind != IMAGE_MANIFEST && kind != IMAGE_INDEX && item->media_type != NULL)
		return false;
	return image_annotation(&item->annotations, "vnd.docker.reference.type") == NULL;
}

const struct image_descriptor *image_platform_choose(const struct image_index *index,
						     const struct image_platform *wanted)
{
	const struct image_descriptor *best = NULL, *unnamed = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < index->manifests.count; i++) {
		const struct image_descriptor *item = &index->manifests.items[i];

		if (!is_candidate(item))
			continue;
		if (item->platform == NULL) {
			/* what does not say what it is for, is taken where nothing says that it suits */
			unnamed = unnamed == NULL ? item : unnamed;
			continue;
		}
		int rank = image_platform_rank(wanted, item->platform, true);

		if (rank >= 0 && (best == NULL || rank < best_rank)) {
			best = item;
			best_rank = rank;
		}
	}
	return best == NULL ? unnamed : best;
}

int image_platform_parse(const char *text, struct arena *arena, struct image_platform *ret, struct error *err)
{
	static const char *const systems[] = { "linux", "windows", "darwin", "freebsd", "netbsd", "openbsd" };
	const char *parts[3] = { NULL };
	size_t count = 0;
	char *copy = arena_copy(arena, text, strlen(text));

	if (copy == NULL)
		return error_set(err, ENOMEM, "read the platform");
	for (char *s = copy; s != NULL && count < ARRAY_LEN(parts);) {
		char *slash = strchr(s, '/');

		parts[count++] = s;
		if (slash != NULL)
			*slash++ = '\0';
		s = slash;
		if (s != NULL && count == ARRAY_LEN(parts))
			count++;
	}
	bool good = count <= ARRAY_LEN(parts);

	for (size_t i = 0; good && i < count; i++)
		good = parts[i][0] != '\0' &&
		       strspn(parts[i],
			      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
			       strlen(parts[i]);
	if (!good)
		return error_set(err, 0, "\"%.100s\" is no platform: os/architecture[/variant]", text);
	struct image_platform host = image_platform_host(), found = { .os = parts[0] };

	found.architecture = count > 1 ? parts[1] : host.architecture;
	found.variant = count > 2 ? parts[2] : NULL;
	if (count == 1) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(systems); i++)
			known = known || text_equal(systems[i], parts[0]);
		if (!known) {
			found.os = "linux";
			found.architecture = parts[0];
		}
	}
	*ret = image_platform_normal(&found);
	return 0;
}

void image_platform_format(const struct image_platform *platform, struct text *ret)
{
	text_format(ret, "%s/%s", platform->os, platform->architecture);
	if (platform->variant != NULL)
		text_format(ret, "/%s", platform->variant);
}
