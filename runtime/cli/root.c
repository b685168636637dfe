/*
 * The state root; see root.h.
 */
#include "runtime/cli/root.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

#include "base/banned.h"

/* The initial user namespace maps everything onto itself; the kernel prints "%10u %10u %10u\n". */
static bool in_user_namespace(void)
{
	autotext struct text map = TEXT_EMPTY;
	struct error ignored;

	/* without proc there is nothing that hull could do anyway */
	if (fd_read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, &map, &ignored) < 0 || map.data == NULL)
		return false;
	return !text_equal(map.data, "         0          0 4294967295\n");
}

/* As runc: root of a user namespace counts as rootless unless $USER says that it is root itself. */
static bool is_rootless(void)
{
	const char *user = getenv("USER");

	if (geteuid() != 0)
		return true;
	return !text_equal(user, "root") && in_user_namespace();
}

int root_make(const char *option, struct text *ret, struct error *err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	autotext struct text absolute = TEXT_EMPTY;
	int result;

	if (option == NULL) {
		if (runtime_dir != NULL && runtime_dir[0] == '/' && is_rootless())
			text_format(ret, "%s/hull", runtime_dir);
		else
			text_append(ret, "/run/hull");
		return text_done(ret, err);
	}
	result = path_absolute(option, &absolute, err);
	if (result < 0)
		return error_add(err, "option --root");
	result = path_clean(absolute.data, ret, err);
	if (result < 0)
		return error_add(err, "option --root");
	if (text_equal(ret->data, "/"))
		return error_set(err, 0, "Option --root argument should not be set to /");
	return 0;
}
