/*
 * Masked and read-only paths, and sysctls: what the container may not see or write. Each path is
 * resolved once inside the root and covered by descriptor; what does not exist is skipped.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

/* An empty, read-only directory to cover others with; one for all of them. */
static int make_empty_directory(int *ret_fd, struct error *err)
{
	long context = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (context < 0)
		return error_set(err, (int)-context, "file system \"tmpfs\"");
	long result = sys_fsconfig((int)context, FSCONFIG_SET_STRING, "nr_inodes", "1", 0);
	if (result == 0)
		result = sys_fsconfig((int)context, FSCONFIG_SET_STRING, "mode", "755", 0);
	if (result == 0)
		result = sys_fsconfig((int)context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (result == 0)
		result = sys_fsmount((int)context, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					     MOUNT_ATTR_NOEXEC);
	(void)sys_close((int)context);
	if (result < 0)
		return error_set(err, (int)-result, "make an empty read-only directory");
	*ret_fd = (int)result;
	return 0;
}

/*
 * @first: @source is a mount that is attached nowhere yet: it is attached itself, because closing
 * one that never was costs the kernel a grace period.
 */
static long cover(int source, int target, bool first)
{
	if (first)
		return sys_attach(source, target);

	long clone = sys_open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (clone < 0)
		return clone;
	long result = sys_attach((int)clone, target);
	(void)sys_close((int)clone);
	return result;
}

/* @empty: the empty directory, made at the first need. */
static int mask_path(struct init *init, const char *path, int *empty, struct error *err)
{
	long target = root_open(init->root, path, O_PATH, 0);
	struct stat st;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return error_set(err, (int)-target, "open \"%s\"", path);
	long result = sys_fstat((int)target, &st);
	bool directory = result == 0 && (st.st_mode & S_IFMT) == S_IFDIR;
	bool first = directory && *empty < 0;
	if (first) {
		int made = make_empty_directory(empty, err);

		if (made < 0) {
			(void)sys_close((int)target);
			return made;
		}
	}
	if (result == 0)
		result = cover(directory ? *empty : init->null, (int)target, first);
	(void)sys_close((int)target);
	return result < 0 ? error_set(err, (int)-result, "mask \"%s\"", path) : 0;
}

int init_masked_paths(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	int empty = -1, result = 0;

	for (PLAN_EACH(struct plan_text, path, plan, plan->masked)) {
		result = mask_path(init, plan_text(plan, *path), &empty, err);
		if (result < 0)
			break;
	}
	if (empty >= 0)
		(void)sys_close(empty);
	return result;
}

static int make_readonly(struct init *init, const char *path, struct error *err)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	long target = root_open(init->root, path, O_PATH, 0);

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return error_set(err, (int)-target, "open \"%s\"", path);
	long clone = sys_open_tree((int)target, "",
				   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	long result = clone < 0 ? clone : sys_mount_setattr((int)clone, AT_RECURSIVE, &readonly);
	if (result == 0)
		result = sys_attach((int)clone, (int)target);
	if (clone >= 0)
		(void)sys_close((int)clone);
	(void)sys_close((int)target);
	return result < 0 ? error_set(err, (int)-result, "make \"%s\" read-only", path) : 0;
}

int init_readonly_paths(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;

	for (PLAN_EACH(struct plan_text, path, plan, plan->readonly)) {
		int result = make_readonly(init, plan_text(plan, *path), err);

		if (result < 0)
			return result;
	}
	return 0;
}

/*
 * Through the host's procfs, which was verified and which nothing of the container's can cover: the
 * sysctl tables follow the namespaces of the process that opens them (CVE-2025-52881).
 */
int init_sysctls(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;

	for (PLAN_EACH(struct plan_sysctl, sysctl, plan, plan->sysctls)) {
		const char *file = plan_text(plan, sysctl->file), *value = plan_text(plan, sysctl->value);
		char path[INIT_PATH_MAX];
		struct open_how how = {
			.flags = O_WRONLY | O_CLOEXEC,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
		};

		if (!string_join(path, sizeof(path), "sys/", file))
			return error_set(err, ENAMETOOLONG, "sysctl \"%s\"", file);
		long fd = sys_openat2(init->proc, path, &how, sizeof(how));
		long result = fd < 0 ? fd : sys_write((int)fd, value, string_length(value));
		if (fd >= 0)
			(void)sys_close((int)fd);
		if (result < 0)
			return error_set(err, (int)-result, "write \"%s\" to sysctl \"%s\"", value, file);
	}
	return 0;
}
