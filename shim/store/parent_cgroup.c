/* See parent_cgroup.h. The hierarchies are looked for where they are everywhere: /sys/fs/cgroup, and below
 * it. */
#include "shim/store/parent_cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

#define MOUNTS "/sys/fs/cgroup"

void parent_cgroup_remove(void)
{
	char path[300];

	/* One that is in use stays (EBUSY), and another may have been quicker. */
	if (unlinkat(AT_FDCWD, MOUNTS PARENT_CGROUP, AT_REMOVEDIR) == 0)
		return; /* version 2 */
	DIR *mounts = opendir(MOUNTS);
	if (mounts == NULL)
		return;
	for (const struct dirent *entry = readdir(mounts); entry != NULL; entry = readdir(mounts)) {
		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue; /* a symbolic link is another name of one */
		(void)snprintf(path, sizeof(path), "%s" PARENT_CGROUP, entry->d_name);
		(void)unlinkat(dirfd(mounts), path, AT_REMOVEDIR); /* as above */
	}
	(void)closedir(mounts); /* only read */
}
