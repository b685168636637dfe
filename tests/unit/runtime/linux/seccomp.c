/* Keys and the way from a profile to a cached filter, without hull-seccomp: the test has none beside it. */
#include "runtime/linux/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/linux/seccomp_cache.h"
#include "runtime/linux/seccomp_format.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linux/podman_profile.h"

static void key_has_the_versions(void)
{
	autotext struct text key = TEXT_EMPTY;
	const struct spec_seccomp *profile;
	struct seccomp_format_maker maker;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	CHECK_INT(seccomp_key_make(&podman_profile, &key, &err), 0);
	int result = seccomp_format_decode(key.data, key.length, &arena, &profile, &maker, &err);
	CHECK_INT(result, 0);
	if (result == 0) {
		CHECK_STR(maker.hull_version, HULL_VERSION);
		CHECK_STR(maker.library_version, seccomp_library_version());
		CHECK(strlen(maker.architecture) > 0);
	}
	arena_release(&arena);
}

static void a_cached_filter_needs_no_helper(void)
{
	struct sock_filter instructions[] = { BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };
	const struct seccomp_filter stored = { 1, instructions };
	struct seccomp_filter filter = { 0 };
	struct spec_seccomp other = podman_profile;
	autotext struct text key = TEXT_EMPTY;
	char path[] = "/tmp/hull-test-XXXXXX", command[64];
	struct error err;

	CHECK(mkdtemp(path) != NULL);
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(seccomp_key_make(&podman_profile, &key, &err), 0);
	seccomp_cache_store(root, key.data, key.length, &stored);

	CHECK_INT(seccomp_filter_make(&podman_profile, root, &filter, &err), 0);
	CHECK_INT(filter.count, 1);
	CHECK(filter.count == 1 && filter.instructions[0].k == 0x7fff0000);
	seccomp_filter_release(&filter);
	CHECK(filter.instructions == NULL && filter.count == 0);

	/* Another profile, or no cache: hull-seccomp would be needed, and is looked for beside the program.
	 */
	other.default_errno_ret.value++;
	CHECK_INT(seccomp_filter_make(&other, root, &filter, &err), -ENOENT);
	CHECK_HAS(err.text, "find hull-seccomp");
	CHECK_INT(seccomp_filter_make(&podman_profile, -1, &filter, &err), -ENOENT);
	CHECK(filter.instructions == NULL);

	(void)close(root);
	(void)snprintf(command, sizeof(command), "rm -r '%s'", path);
	CHECK_INT(system(command), 0);
}

static void releasing_nothing(void)
{
	struct seccomp_filter filter = { 0 };

	seccomp_filter_release(&filter);
	CHECK(filter.instructions == NULL);
}

static const struct test tests[] = {
	{ "the key has the versions", key_has_the_versions },
	{ "a cached filter needs no helper", a_cached_filter_needs_no_helper },
	{ "the empty filter is released", releasing_nothing },
};
TEST_MAIN(tests)
