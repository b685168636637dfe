/*
 * `hull image …` and its like; see helper.h.
 */
#include "runtime/cli/helper.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "base/banned.h"

/* Programs for people. hull-seccomp and other helpers of the runtime's own are none. */
static const char *const helper_names[] = { "image", "container", "shim", "net" };

int helper_exec(const char *word, char **argv, struct error *err)
{
	static const char *const places[] = { "/hull-", "/../libexec/hull/hull-" };
	char self[PATH_MAX];
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(helper_names); i++)
		known = known || text_equal(word, helper_names[i]);
	if (!known)
		return error_set(err, ENOENT, "%s is no command", word);

	ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
	if (length <= 0 || length == (ssize_t)sizeof(self))
		return error_set(err, length < 0 ? errno : ENAMETOOLONG, "readlink /proc/self/exe");
	while (length > 0 && self[length - 1] != '/')
		length--;
	self[length > 0 ? length - 1 : 0] = '\0';

	(void)signal(SIGPIPE, SIG_DFL); /* ignored signals would stay ignored in the new program */
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		autotext struct text path = TEXT_EMPTY;

		text_append(&path, self);
		text_append(&path, places[i]);
		text_append(&path, word);
		if (text_done(&path, err) < 0)
			return -ENOMEM;
		char *own = argv[0];
		argv[0] = path.data;
		(void)execv(path.data, argv);
		argv[0] = own;
		if (errno != ENOENT)
			return error_set(err, errno, "exec %s", path.data);
	}
	return error_set(err, ENOENT, "no program hull-%s", word);
}
