/* See oom.h. Source: Linux cgroup-v1/memory.rst (memory.oom_control), cgroup-v2.rst (memory.events). */
#include "shim/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

#define MAX_FILE_BYTES ((size_t)4 << 20)

/* Cuts @line at its next blank; returns what follows. */
static char *next_word(char *line)
{
	char *end = line + strcspn(line, " ");

	if (*end != '\0')
		*end++ = '\0';
	return end;
}

static bool has_option(const char *options, const char *want)
{
	size_t length = strlen(want);

	for (const char *at = options; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, want, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* "N:controllers:path": the path of the hierarchy that counts memory. */
static char *find_path(char *text, bool *ret_v1)
{
	char *unified = NULL, *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'),
		     *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');

		if (path == NULL)
			continue;
		*path++ = '\0';
		if (has_option(controllers + 1, "memory")) {
			*ret_v1 = true;
			return path;
		}
		if (controllers[1] == '\0')
			unified = path;
	}
	*ret_v1 = false;
	return unified;
}

/* Where the hierarchy is mounted, and which of its cgroups is the mount's root. */
static int find_mount(char *text, bool v1, const char **ret_root, const char **ret_point)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *type = strstr(line, " - ");

		if (type == NULL)
			continue;
		*type = '\0';
		type += 3;
		char *options = next_word(next_word(type)); /* past the source */
		bool wanted = v1 ? strcmp(type, "cgroup") == 0 && has_option(options, "memory")
				 : strcmp(type, "cgroup2") == 0;

		if (!wanted)
			continue;
		char *root = next_word(next_word(next_word(line))), *point = next_word(root);
		(void)next_word(point);
		*ret_root = root;
		*ret_point = point;
		return 0;
	}
	return -1;
}

static uint64_t count(const struct oom *oom)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;
	uint64_t kills = 0;
	char *save = NULL;

	if (oom->cgroup < 0 || fd_read_file_at(oom->cgroup, oom->v1 ? "memory.oom_control" : "memory.events",
					       4096, &text, &ignored) < 0)
		return oom->before;
	for (char *line = strtok_r(text.data, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		if (text_starts(line, "oom_kill ") &&
		    number_parse_u64(line + 9, UINT64_MAX, &kills, &ignored) < 0)
			return oom->before;
	return kills;
}

int oom_open(pid_t pid, struct oom *ret, struct error *err)
{
	autotext struct text own = TEXT_EMPTY, mounts = TEXT_EMPTY, path = TEXT_EMPTY;
	struct oom oom = OOM_NONE;
	char file[40];
	const char *root, *point;

	(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	int result = fd_read_file_at(AT_FDCWD, file, MAX_FILE_BYTES, &own, err);
	if (result == 0)
		result = fd_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MAX_FILE_BYTES, &mounts, err);
	if (result < 0)
		return result;
	const char *cgroup = find_path(own.data, &oom.v1);
	if (cgroup == NULL || find_mount(mounts.data, oom.v1, &root, &point) < 0)
		return error_set(err, ENOENT, "no cgroup of process %d counts memory", (int)pid);
	if (strcmp(root, "/") != 0 && text_starts(cgroup, root))
		cgroup += strlen(root);
	text_format(&path, "%s/%s", point, cgroup);
	result = text_done(&path, err);
	if (result < 0)
		return result;
	oom.cgroup = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (oom.cgroup < 0)
		return error_set(err, errno, "open \"%s\"", path.data);
	oom.before = 0;
	oom.before = count(&oom);
	*ret = oom;
	return 0;
}

bool oom_seen(const struct oom *oom)
{
	return count(oom) > oom->before;
}

void oom_close(struct oom *oom)
{
	cleanup_close(&oom->cgroup);
	*oom = OOM_NONE;
}
