/* Starting hull-seccomp: the real one of this build, and programs that behave badly in its place. */
#include "runtime/linux/seccomp_helper.h"

#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linux/podman_profile.h"

/* BUILD/unit/runtime/linux/seccomp_helper -> BUILD */
static void build_directory(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

	CHECK(length > 0);
	path[length > 0 ? length : 0] = '\0';
	for (int up = 0; up < 4; up++) {
		char *slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
	}
}

static int run(const char *program, const struct spec_seccomp *profile, struct seccomp_filter *ret,
	       struct error *err)
{
	autotext struct text key = TEXT_EMPTY;

	CHECK_INT(seccomp_key_make(profile, &key, err), 0);
	return seccomp_helper_run(program, key.data, key.length, ret, err);
}

static void compiles(void)
{
	struct seccomp_filter filter = { 0 };
	autotext struct text program = TEXT_EMPTY;
	char directory[PATH_MAX];
	struct error err;

	build_directory(directory);
	int result = program_find(directory, "hull-seccomp", &program, &err);
	CHECK_INT(result, 0);
	if (result < 0)
		return;
	CHECK_INT(run(program.data, &podman_profile, &filter, &err), 0);
	CHECK(filter.count > 10);
	seccomp_filter_release(&filter);
}

static void refuses_in_words(void)
{
	autotext struct text program = TEXT_EMPTY;
	struct seccomp_filter filter = { 0 };
	char directory[PATH_MAX];
	struct error err;

	build_directory(directory);
	int found = program_find(directory, "hull-seccomp", &program, &err);
	CHECK_INT(found, 0);
	if (found < 0)
		return;
	CHECK_INT(seccomp_helper_run(program.data, "nonsense", 8, &filter, &err), -EINVAL);
	CHECK_HAS(err.text, "not a seccomp profile");
	CHECK(strchr(err.text, '\n') == NULL);
	CHECK(filter.instructions == NULL);
}

/* A shell script in the place of hull-seccomp. */
static int run_script(const char *script, struct seccomp_filter *ret, struct error *err)
{
	char path[] = "/tmp/hull-test-XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_INT(dprintf(fd, "#!/bin/sh\n%s\n", script), (int)strlen(script) + 11);
	CHECK_INT(fchmod(fd, 0700), 0);
	(void)close(fd);
	int result = run(path, &podman_profile, ret, err);
	(void)unlink(path);
	return result;
}

static void bad_programs(void)
{
	static const struct {
		const char *script, *words;
		int result;
	} rows[] = {
		{ "echo no such luck >&2; exit 2", "hull-seccomp: no such luck", -EINVAL },
		{ "echo far too long >&2; exit 3", "far too long", -E2BIG },
		{ "exit 7", "failed with status 7", -EPROTO },
		{ "kill -9 $$", "killed by signal 9", -EPROTO },
		{ "exit 0", "is no filter", -EPROTO },
		{ "cat", "is no filter", -EPROTO },
		{ "printf 'CSF1\\001\\000\\000\\000\\006\\000\\000\\000\\000\\000\\000'", "is no filter",
		  -EPROTO },
		{ "printf 'CSF1\\001\\000\\000\\000\\377\\000\\000\\000\\000\\000\\000\\000'",
		  "no valid filter", -EPROTO },
		{ "printf 'CSF1\\000\\000\\000\\000'", "is no filter", -EPROTO },
		{ "cat /dev/zero | head -c 100000", "more than", -EFBIG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seccomp_filter filter = { 0 };
		struct error err = { 0 };

		CHECK_INT(run_script(rows[i].script, &filter, &err), rows[i].result);
		CHECK_HAS(err.text, rows[i].words);
		CHECK(filter.instructions == NULL);
	}
}

static void a_good_program_in_a_clean_room(void)
{
	struct seccomp_filter filter = { 0 };
	struct error err = { 0 };

	CHECK_INT(setenv("HULL_TEST_SECRET", "1", 1), 0);
	int fd = open("/dev/zero", O_RDONLY); /* not close-on-exec: what a caller left open */
	CHECK_INT(run_script("[ -z \"$HULL_TEST_SECRET\" ] || { echo env >&2; exit 2; }\n"
			     "for fd in /proc/self/fd/*; do [ \"$(readlink $fd)\" != /dev/zero ] || { echo "
			     "fd >&2; exit 2; }; done\n"
			     "printf 'CSF1\\001\\000\\000\\000\\006\\000\\000\\000\\000\\000\\377\\177'",
			     &filter, &err),
		  0);
	CHECK_STR(err.text, "");
	CHECK(filter.count == 1 && filter.instructions[0].k == 0x7fff0000);
	seccomp_filter_release(&filter);
	(void)close(fd);
}

static void a_missing_program(void)
{
	struct seccomp_filter filter = { 0 };
	autotext struct text path = TEXT_EMPTY;
	struct error err;

	CHECK_INT(run("/nonexistent/hull-seccomp", &podman_profile, &filter, &err), -ENOENT);
	CHECK_HAS(err.text, "/nonexistent/hull-seccomp");
	CHECK_INT(program_find("/nonexistent", "hull-seccomp", &path, &err), -ENOENT);
	CHECK_INT(path.length, 0);
}

static void found_in_libexec(void)
{
	char base[] = "/tmp/hull-test-XXXXXX", path[256];
	autotext struct text found = TEXT_EMPTY;
	struct error err;

	CHECK(mkdtemp(base) != NULL);
	static const char *const directories[] = { "bin", "libexec", "libexec/hull" };
	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", base, directories[i]);
		CHECK_INT(mkdir(path, 0700), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/libexec/hull/hull-seccomp", base);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	CHECK(fd >= 0);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/bin", base);
	CHECK_INT(program_find(path, "hull-seccomp", &found, &err), 0);
	CHECK_HAS(found.data, "/bin/../libexec/hull/hull-seccomp");
	(void)snprintf(path, sizeof(path), "rm -r '%s'", base);
	CHECK_INT(system(path), 0);
}

static const struct test tests[] = {
	{ "compiles a profile", compiles },
	{ "refuses in words", refuses_in_words },
	{ "programs that behave badly", bad_programs },
	{ "no environment, no descriptors", a_good_program_in_a_clean_room },
	{ "a missing program", a_missing_program },
	{ "found in libexec", found_in_libexec },
};
TEST_MAIN(tests)
