/*
 * What must hold before a cgroup directory can be used: on version 2 its controllers are enabled in
 * every ancestor, on version 1 a cpuset has cpus and memory nodes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

/* The next word of a list separated by blanks, as a string in @word; false at the end. */
static bool next_word(const char **list, char word[static 64])
{
	size_t length;

	do {
		*list += strspn(*list, " \n");
		length = strcspn(*list, " \n");
		if (length == 0)
			return false;
		memcpy(word, *list, length < 64 ? length : 63);
		word[length < 64 ? length : 63] = '\0';
		*list += length;
	} while (length >= 64); /* no controller is called so */
	return true;
}

static bool has_word(const char *list, const char *name)
{
	char word[64];

	while (next_word(&list, word))
		if (text_equal(word, name))
			return true;
	return false;
}

/* Enable in one directory those of @wanted that it has and does not hand on yet. */
static void enable_at(int dir, const char *wanted)
{
	char have[CGROUP_VALUE_SIZE], enabled[CGROUP_VALUE_SIZE], word[64];
	autotext struct text all = TEXT_EMPTY;
	struct error ignored;
	size_t missing = 0;

	if (cgroup_file_read(dir, "cgroup.subtree_control", enabled, sizeof(enabled), &ignored) < 0 ||
	    cgroup_file_read(dir, "cgroup.controllers", have, sizeof(have), &ignored) < 0)
		return;
	if (wanted == NULL)
		wanted = have;
	for (const char *list = wanted; next_word(&list, word);) {
		if (!has_word(have, word) || has_word(enabled, word))
			continue;
		text_format(&all, "%s+%s", missing++ > 0 ? " " : "", word);
	}
	if (missing == 0 || text_done(&all, &ignored) < 0 ||
	    cgroup_file_try(dir, "cgroup.subtree_control", all.data) || missing == 1)
		return;
	/* One that cannot be had (cpu with real-time processes, a domain controller in a threaded
	 * cgroup) must not cost the others. */
	for (const char *list = all.data; next_word(&list, word);)
		(void)cgroup_file_try(dir, "cgroup.subtree_control", word);
}

/* Enable @wanted ("cpu memory"; NULL: all that there are) in every ancestor of @path. */
static void enable_path(int mount, const char *path, const char *wanted)
{
	autofree char *prefix = strdup(path);
	struct error ignored;

	if (prefix == NULL)
		return;
	enable_at(mount, wanted);
	for (char *slash = strchr(prefix + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		autoclose int dir = -1;

		*slash = '\0';
		if (path_open_beneath(mount, prefix + 1, O_RDONLY | O_DIRECTORY, true, &dir, &ignored) < 0)
			return;
		enable_at(dir, wanted);
		*slash = '/';
	}
}

void cgroup_controllers_complete(int mount, int dir, const char *path)
{
	char all[CGROUP_VALUE_SIZE], own[CGROUP_VALUE_SIZE], type[64];
	struct error ignored;

	if (cgroup_file_read(mount, "cgroup.controllers", all, sizeof(all), &ignored) < 0 ||
	    cgroup_file_read(dir, "cgroup.controllers", own, sizeof(own), &ignored) < 0 ||
	    text_equal(all, own))
		return;
	enable_path(mount, path, NULL);
	/* Below a threaded cgroup a new one takes no process until it is threaded too. */
	if (cgroup_file_read(dir, "cgroup.type", type, sizeof(type), &ignored) == 0 &&
	    text_equal(type, "domain invalid"))
		(void)cgroup_file_try(dir, "cgroup.type", "threaded"); /* else entering it will say why */
}

void cgroup_controllers_enable_for(const struct cgroup_dir *dir, const char *controller)
{
	autoclose int mount = open(dir->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (mount >= 0)
		enable_path(mount, dir->path, controller);
}

bool cgroup_controllers_available(const struct cgroup_dir *dir, const char *controller)
{
	char have[CGROUP_VALUE_SIZE];
	struct error ignored;

	return cgroup_file_read(dir->fd, "cgroup.controllers", have, sizeof(have), &ignored) == 0 &&
	       has_word(have, controller);
}

/* Copy @file from @parent to @dir where @dir's is empty. */
static int copy_down(int parent, int dir, const char *file, struct error *err)
{
	char value[CGROUP_VALUE_SIZE];
	int result = cgroup_file_read(dir, file, value, sizeof(value), err);

	if (result < 0 || value[0] != '\0')
		return result;
	result = cgroup_file_read(parent, file, value, sizeof(value), err);
	if (result < 0 || value[0] == '\0')
		return result;
	return cgroup_file_write(dir, file, value, err);
}

int cgroup_controllers_copy_cpuset(int mount, int dir, const char *path, struct error *err)
{
	char cpus[CGROUP_VALUE_SIZE], mems[CGROUP_VALUE_SIZE];
	autofree char *prefix = NULL;
	autoclose int above = -1;
	int result = cgroup_file_read(dir, "cpuset.cpus", cpus, sizeof(cpus), err);

	if (result == 0)
		result = cgroup_file_read(dir, "cpuset.mems", mems, sizeof(mems), err);
	if (result < 0 || (cpus[0] != '\0' && mems[0] != '\0'))
		return result;

	prefix = strdup(path);
	if (prefix == NULL)
		return error_set(err, ENOMEM, "cpuset \"%s\"", path);
	for (char *end = prefix;;) {
		autoclose int level = -1;

		end += 1 + strcspn(end + 1, "/");
		bool last = *end == '\0';
		*end = '\0';
		result = path_open_beneath(mount, prefix + 1, O_RDONLY | O_DIRECTORY, true, &level, err);
		if (result == 0)
			result = copy_down(above < 0 ? mount : above, level, "cpuset.cpus", err);
		if (result == 0)
			result = copy_down(above < 0 ? mount : above, level, "cpuset.mems", err);
		if (result < 0)
			return error_add(err, "cpuset \"%s\"", prefix);
		if (last)
			return 0;
		*end = '/';
		if (above >= 0)
			(void)close(above); /* nothing was written through it */
		above = take_fd(&level);
	}
}
