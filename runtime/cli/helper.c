/*
 * `hull image …` and its like; see helper.h.
 */
#include "runtime/cli/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "base/text.h"

#include "base/banned.h"

/* Programs for people. hull-seccomp and other helpers of the runtime's own are none. */
static const char *const helper_names[] = { "image", "container", "shim", "net" };

int helper_exec(const char *word, char **argv, struct error *err)
{
	autotext struct text directory = TEXT_EMPTY, path = TEXT_EMPTY;
	char name[32];
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(helper_names); i++)
		known = known || text_equal(word, helper_names[i]);
	if (!known)
		return error_set(err, ENOENT, "%s is no command", word);

	(void)snprintf(name, sizeof(name), "hull-%s", word); /* one of helper_names: fits */
	int result = program_directory(&directory, err);
	if (result == 0)
		result = program_find(directory.data, name, &path, err);
	if (result < 0)
		return result;
	(void)signal(SIGPIPE, SIG_DFL); /* ignored signals would stay ignored in the new program */
	argv[0] = path.data;
	(void)execv(path.data, argv);
	return error_set(err, errno, "exec %s", path.data);
}
