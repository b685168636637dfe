/*
 * Whether a container is frozen, asked with as few calls as possible: `state` and `list` do it for
 * every container and open nothing else of its cgroups.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

int cgroup_paths_frozen(const struct cgroup_paths *paths, bool *ret, struct error *err)
{
	const struct cgroup_hierarchy *freezer = NULL;
	char file[4096], value[CGROUP_VALUE_SIZE];

	*ret = false;
	for (size_t i = 0; i < paths->count; i++) {
		const struct cgroup_hierarchy *item = &paths->items[i];

		if (cgroup_list_has(item->controllers, "freezer"))
			freezer = item;
		else if (freezer == NULL && item->controllers[0] == '\0')
			freezer = item;
	}
	if (freezer == NULL)
		return 0;
	bool unified = freezer->controllers[0] == '\0';
	autoclose int mount = open(freezer->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0 || (size_t)snprintf(file, sizeof(file), "%s/%s", freezer->path + 1,
					  unified ? "cgroup.events" : "freezer.state") >= sizeof(file))
		return error_set(err, 0, "no cgroup file system at \"%s\"", freezer->mount_point);
	autoclose int fd = -1;
	int result = path_open_beneath(mount, file[0] == '/' ? file + 1 : file, O_RDONLY, true, &fd, err);
	if (result < 0)
		return result;
	ssize_t got = read(fd, value, sizeof(value) - 1);
	if (got < 0)
		return error_set(err, 0, "read \"%s\"", file);
	value[got] = '\0';
	*ret = unified ? cgroup_file_key(value, "frozen", 0) != 0 : text_starts(value, "FROZEN");
	return 0;
}
