/* See hull.h. */
#include "shim/hull.h"

#include <stddef.h>

#include "shim/terminal.h"

#include "base/banned.h"

#define MAX_ARGS 16

const char *const hull_names[HULL_COMMAND_COUNT] = { "hull create", "hull start", "hull delete" };

int hull_spawn(enum hull_command command, const struct keeper_options *options, const int *fds,
	       struct child *child, const struct loop *loop, struct error *err)
{
	const char *argv[MAX_ARGS];
	size_t n = 0;
	struct child_request request = { .argv = argv,
					 .directory = options->run_directory,
					 .fds = { -1, -1, -1 } };

	for (int i = 0; fds != NULL && i < 3; i++)
		request.fds[i] = fds[i];
	argv[n++] = options->hull;
	argv[n++] = "--log"; /* what it has to say is said on standard error as well, plainly */
	argv[n++] = "/dev/null";
	if (options->hull_root != NULL) {
		argv[n++] = "--root";
		argv[n++] = options->hull_root;
	}
	switch (command) {
	case HULL_CREATE:
		argv[n++] = "create";
		argv[n++] = "--bundle";
		argv[n++] = options->bundle;
		argv[n++] = "--pid-file";
		argv[n++] =
			HULL_PID_FILE; /* in the run directory, where it is started: no path is too long */
		if (options->container->terminal) {
			argv[n++] = "--console-socket";
			argv[n++] = TERMINAL_SOCKET;
		}
		request.listen_fds = options->listen_fds;
		request.listen_names = options->listen_names;
		break;
	case HULL_START:
		argv[n++] = "start";
		break;
	case HULL_DELETE:
		argv[n++] = "delete";
		argv[n++] = "--force";
		break;
	case HULL_COMMAND_COUNT:
		break;
	}
	argv[n++] = options->id;
	argv[n] = NULL;
	return child_spawn(child, loop, &request, err);
}
