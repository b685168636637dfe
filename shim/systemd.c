/* See systemd.h. */
#include "shim/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"

#include "base/banned.h"

#define CGROUP_TOP "/sys/fs/cgroup"
#define MAX_LISTEN_FDS 1024

/* A controller that another process of the machine holds back is no reason not to start. */
static int hand_controllers_down(int cgroup, struct error *err)
{
	autotext struct text controllers = TEXT_EMPTY;
	char *save = NULL, line[64];
	struct error ignored;
	int result = fd_read_file_at(cgroup, "cgroup.controllers", 4096, &controllers, err);

	if (result < 0)
		return result;
	for (const char *name = strtok_r(controllers.data, " \n", &save); name != NULL;
	     name = strtok_r(NULL, " \n", &save)) {
		(void)snprintf(line, sizeof(line), "+%s", name);
		ignore_failure(
			fd_write_file_at(cgroup, "cgroup.subtree_control", line, &ignored)); /* see above */
	}
	return 0;
}

int systemd_enter_supervisor(struct text *ret_payload, struct error *err)
{
	autotext struct text own = TEXT_EMPTY, path = TEXT_EMPTY;
	struct statfs fs;
	int result;

	if (statfs(CGROUP_TOP, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return 0;
	result = fd_read_file_at(AT_FDCWD, "/proc/self/cgroup", 65536, &own, err);
	if (result < 0)
		return result;
	const char *line = strstr(own.data, "0::/");
	if (line == NULL || line[4] == '\n' || line[4] == '\0')
		return 0;
	size_t length = strcspn(line + 3, "\n");
	text_append(&path, CGROUP_TOP);
	text_append_bytes(&path, line + 3, length);
	result = text_done(&path, err);
	if (result < 0)
		return result;
	autoclose int cgroup = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return error_set(err, errno, "open \"%s\"", path.data);
	if (mkdirat(cgroup, "supervisor", 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "make \"%s/supervisor\" (is the unit's cgroup delegated?)",
				 path.data);
	result = fd_write_file_at(cgroup, "supervisor/cgroup.procs", "0", err);
	if (result == 0)
		result = hand_controllers_down(cgroup, err);
	if (result < 0)
		return error_add(err, "cgroup \"%s\"", path.data);
	text_append_bytes(ret_payload, line + 3, length);
	text_append(ret_payload, "/payload");
	return text_done(ret_payload, err);
}

unsigned systemd_listen_fds(const char **ret_names)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t number;
	struct error ignored;

	*ret_names = NULL;
	if (pid == NULL || fds == NULL || number_parse_u64(pid, INT32_MAX, &number, &ignored) < 0 ||
	    (pid_t)number != getpid() || number_parse_u64(fds, MAX_LISTEN_FDS, &number, &ignored) < 0)
		return 0; /* they are another's */
	const char *names = getenv("LISTEN_FDNAMES");
	*ret_names =
		names == NULL ? NULL : strdup(names); /* it leaves the environment; without memory: unnamed */
	return (unsigned)number;
}

void systemd_scrub_environment(void)
{
	static const char *const names[] = { "NOTIFY_SOCKET",  "LISTEN_FDS",   "LISTEN_PID",
					     "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC",
					     "JOURNAL_STREAM", "INVOCATION_ID" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unsetenv(names[i]); /* valid names */
}
