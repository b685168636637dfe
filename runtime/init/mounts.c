/*
 * The document's mounts, in its order, by the new mount API: a mount is made detached, gets its
 * attributes, and is attached by descriptor to a target that was resolved inside the root. Nothing
 * is looked up twice.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

/* What may be mounted below /proc: virtual files that lxcfs and others replace (runc's list). */
static const char *const proc_allowed[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

/* Over a procfs only another procfs, or one of the allowed files: CVE-2019-16884 and its like. */
static int check_target(int target, const char *destination, bool is_proc, struct error *err)
{
	if (is_proc || sys_fs_magic(target) != PROC_SUPER_MAGIC)
		return 0;
	for (size_t i = 0; i < sizeof(proc_allowed) / sizeof(proc_allowed[0]); i++)
		if (string_equal(destination, proc_allowed[i]))
			return 0;
	return error_set(err, EPERM, "\"%s\" cannot be mounted because it is inside /proc", destination);
}

static int open_target(struct init *init, const struct plan_mount *mount, bool directory, int *ret_fd,
		       struct error *err)
{
	const char *destination = plan_text(init->plan, mount->destination);
	bool is_proc =
		mount->kind == PLAN_MOUNT_FS && string_equal(plan_text(init->plan, mount->fstype), "proc");
	/* A symlink would put proc or sys where masks do not reach: CVE-2019-19921. */
	bool real = (mount->flags & PLAN_MOUNT_REAL_DIRECTORY) != 0;
	long fd = real ? root_open(init->root, destination, O_PATH, RESOLVE_NO_SYMLINKS) : -ENOENT;

	if (fd == -ENOENT) {
		int made, result = root_make(init->root, destination, directory, &made, err);

		if (result < 0)
			return result;
		fd = made;
		if (real) { /* missing a moment ago: a link put there since is no better */
			(void)sys_close(made);
			fd = root_open(init->root, destination, O_PATH, RESOLVE_NO_SYMLINKS);
		}
	}
	if (fd == -ELOOP)
		return error_set(err, ELOOP, "\"%s\" must not be a symlink", destination);
	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", destination);
	int target = (int)fd;
	int result = check_target(target, destination, is_proc, err);
	if (result < 0) {
		(void)sys_close(target);
		return result;
	}
	*ret_fd = target;
	return 0;
}

/* The kernel's own words on why a file system would not be configured, if it has some. */
static int config_error(int context, long number, const char *what, const char *key, struct error *err)
{
	char message[256];
	long got = sys_read(context, message, sizeof(message) - 1);

	if (got <= 2)
		return error_set(err, (int)-number, "%s \"%s\"", what, key);
	message[got] = '\0';
	for (long i = 0; i < got; i++)
		if ((unsigned char)message[i] < ' ' || message[i] == 0x7f)
			message[i] = i == got - 1 ? '\0' : ' ';
	return error_set(err, (int)-number, "%s \"%s\" (%s)", what, key, message + 2); /* behind "e " */
}

static int configure(struct init *init, const struct plan_mount *mount, int context, int target,
		     struct error *err)
{
	const struct plan *plan = init->plan;
	const char *source = plan_text(plan, mount->source);

	if (source != NULL) {
		long result = sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0);

		if (result < 0)
			return config_error(context, result, "source", source, err);
	}
	if ((mount->flags & PLAN_MOUNT_INHERIT_MODE) != 0) {
		char mode[24];
		struct stat st;

		if (sys_fstat(target, &st) < 0)
			st.st_mode = 01777;
		string_number(mode, st.st_mode & 07777, 8);
		long result = sys_fsconfig(context, FSCONFIG_SET_STRING, "mode", mode, 0);
		if (result < 0)
			return config_error(context, result, "option", "mode", err);
	}
	for (PLAN_EACH(struct plan_param, param, plan, mount->params)) {
		const char *key = plan_text(plan, param->key), *value = plan_text(plan, param->value);
		long result = sys_fsconfig(context, value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING,
					   key, value, 0);

		if (result < 0)
			return config_error(context, result, "option", key, err);
	}
	long result = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (result < 0)
		return config_error(context, result, "file system", plan_text(plan, mount->fstype), err);
	return 0;
}

/* A new, detached instance of mount's file system. */
static int make_file_system(struct init *init, const struct plan_mount *mount, int target, int *ret_fd,
			    struct error *err)
{
	const char *type = plan_text(init->plan, mount->fstype);
	long context = sys_fsopen(type, FSOPEN_CLOEXEC);

	if (context < 0)
		return error_set(err, (int)-context, "file system \"%s\"", type);
	int result = configure(init, mount, (int)context, target, err);
	if (result == 0) {
		long fd = sys_fsmount((int)context, FSMOUNT_CLOEXEC, (unsigned)mount->attr_set);

		if (fd < 0)
			result = error_set(err, (int)-fd, "fsmount \"%s\"", type);
		else
			*ret_fd = (int)fd;
	}
	(void)sys_close((int)context);
	return result;
}

static int set_attributes(int fd, const struct plan_mount *mount, struct error *err)
{
	struct mount_attr own = { .attr_set = mount->attr_set, .attr_clr = mount->attr_clr };
	struct mount_attr tree = { .attr_set = mount->tree_set, .attr_clr = mount->tree_clr };
	long result = 0;

	if (mount->kind != PLAN_MOUNT_FS && (own.attr_set | own.attr_clr) != 0)
		result = sys_mount_setattr(fd, 0, &own);
	if (result == 0 && (tree.attr_set | tree.attr_clr) != 0)
		result = sys_mount_setattr(fd, AT_RECURSIVE, &tree);
	return result < 0 ? error_set(err, (int)-result, "mount_setattr") : 0;
}

static int set_propagation(const struct plan *plan, const struct plan_mount *mount, int fd, struct error *err)
{
	for (PLAN_EACH(uint64_t, change, plan, mount->propagation)) {
		struct mount_attr attr = { .propagation = *change & ~(uint64_t)MS_REC };
		long result = sys_mount_setattr(fd, (*change & MS_REC) != 0 ? AT_RECURSIVE : 0, &attr);

		if (result < 0)
			return error_set(err, (int)-result, "set propagation");
	}
	return 0;
}

/* Attach the finished mount; remembered where it turns read-only later. Takes @fd. */
static int attach(struct init *init, const struct plan_mount *mount, int fd, int target, struct error *err)
{
	long attached = sys_attach(fd, target);
	int result = attached < 0 ? error_set(err, (int)-attached, "move_mount")
				  : set_propagation(init->plan, mount, fd, err);

	if (result == 0 && (mount->flags & PLAN_MOUNT_LATE_READONLY) != 0) {
		if (init->late_count >= INIT_LATE_MAX)
			return error_set(err, E2BIG, "more than %d read-only mounts", INIT_LATE_MAX);
		init->late[init->late_count++] = fd;
		return 0;
	}
	(void)sys_close(fd);
	return result;
}

/* fsconfig's values end at 255 bytes: an overlay's lowerdir goes by mount(2). */
static int mount_legacy(struct init *init, const struct plan_mount *mount, int target, struct error *err)
{
	const struct plan *plan = init->plan;
	char path[64], number[24];

	(void)string_join(path, sizeof(path), "/proc/self/fd/",
			  string_number(number, (unsigned)target, 10)); /* fits */
	long result = sys_mount(plan_text(plan, mount->source), path, plan_text(plan, mount->fstype),
				mount->ms_flags, plan_text(plan, mount->data));
	if (result < 0)
		return error_set(err, (int)-result, "mount \"%s\"", plan_text(plan, mount->fstype));
	long fd = root_open(init->root, plan_text(plan, mount->destination), O_PATH, 0);
	if (fd < 0)
		return error_set(err, (int)-fd, "open what was mounted");
	int done = set_propagation(plan, mount, (int)fd, err);
	(void)sys_close((int)fd);
	return done;
}

static int mount_file_system(struct init *init, const struct plan_mount *mount, struct error *err)
{
	int target, fd = -1;
	int result = open_target(init, mount, true, &target, err);

	if (result < 0)
		return result;
	if ((mount->flags & PLAN_MOUNT_LEGACY) != 0) {
		result = mount_legacy(init, mount, target, err);
	} else {
		result = make_file_system(init, mount, target, &fd, err);
		if (result == 0)
			result = set_attributes(fd, mount, err);
		if (result == 0 && (mount->flags & PLAN_MOUNT_COPY_UP) != 0)
			result = copyup_tree(target, fd, err);
		if (result == 0)
			result = attach(init, mount, fd, target, err);
	}
	(void)sys_close(target);
	return result;
}

static int mount_bind(struct init *init, const struct plan_mount *mount, struct error *err)
{
	const char *source = plan_text(init->plan, mount->source);
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	struct stat st;
	int target;

	if ((mount->flags & PLAN_MOUNT_RECURSIVE) != 0)
		flags |= AT_RECURSIVE;
	long fd = (mount->flags & PLAN_MOUNT_HOST_MADE) != 0 ? init->plan->fds.sources[mount->source_index]
							     : sys_open_tree(-100, source, flags);
	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", source);
	long stat = sys_fstat((int)fd, &st);
	if (stat < 0)
		return error_set(err, (int)-stat, "stat \"%s\"", source);
	int result = set_attributes((int)fd, mount, err);
	if (result == 0)
		result = open_target(init, mount, (st.st_mode & S_IFMT) == S_IFDIR, &target, err);
	if (result < 0)
		return result;
	result = attach(init, mount, (int)fd, target, err);
	(void)sys_close(target);
	return result;
}

/* One controller's directory inside the tmpfs that stands for /sys/fs/cgroup. */
static int bind_controller(const struct init *init, const struct plan_mount *mount, int tmpfs,
			   const struct plan_cgroup_bind *bind, struct error *err)
{
	const struct plan *plan = init->plan;
	const char *name = plan_text(plan, bind->name);
	struct mount_attr attr = { .attr_set = mount->attr_set, .attr_clr = mount->attr_clr };
	long result = sys_mkdir(tmpfs, name, 0755);

	if (result < 0)
		return error_set(err, (int)-result, "make \"%s\"", name);
	for (PLAN_EACH(struct plan_text, link, plan, bind->links))
		(void)sys_symlink(name, tmpfs,
				  plan_text(plan, *link)); /* a convenience; a new tmpfs is empty */
	long fd = sys_open_tree(-100, plan_text(plan, bind->source), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", plan_text(plan, bind->source));
	/* Read-only as asked for: the tmpfs itself turns read-only late, the controllers at once. */
	if ((mount->flags & PLAN_MOUNT_LATE_READONLY) != 0)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	result = sys_mount_setattr((int)fd, 0, &attr);
	long target = result < 0 ? result : root_open(tmpfs, name, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	if (target >= 0) {
		result = sys_attach((int)fd, (int)target);
		(void)sys_close((int)target);
	}
	(void)sys_close((int)fd);
	if (target < 0 || result < 0)
		return error_set(err, target < 0 ? (int)-target : (int)-result, "bind \"%s\"", name);
	return 0;
}

static int mount_cgroup_v1(struct init *init, const struct plan_mount *mount, struct error *err)
{
	const struct plan *plan = init->plan;
	int target, fd = -1;
	int result = open_target(init, mount, true, &target, err);

	if (result < 0)
		return result;
	result = make_file_system(init, mount, target, &fd, err);
	/* Attach first: a detached mount cannot carry others before Linux 6.15. */
	int keep = -1;
	if (result == 0) {
		long copy = sys_fcntl(fd, F_DUPFD_CLOEXEC, 0);

		keep = (int)copy;
		result = copy < 0 ? error_set(err, (int)-copy, "duplicate")
				  : attach(init, mount, fd, target, err);
	}
	for (PLAN_EACH(struct plan_cgroup_bind, bind, plan, mount->binds))
		if (result == 0)
			result = bind_controller(init, mount, keep, bind, err);
	if (keep >= 0)
		(void)sys_close(keep);
	(void)sys_close(target);
	return result;
}

static int remount(struct init *init, const struct plan_mount *mount, struct error *err)
{
	const char *destination = plan_text(init->plan, mount->destination);
	long fd = root_open(init->root, destination, O_PATH, 0);

	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", destination);
	int result = set_attributes((int)fd, mount, err);
	if (result == 0)
		result = set_propagation(init->plan, mount, (int)fd, err);
	(void)sys_close((int)fd);
	return result;
}

int init_mounts(struct init *init, struct error *err)
{
	static int (*const carry_out[])(struct init *, const struct plan_mount *, struct error *) = {
		[PLAN_MOUNT_FS] = mount_file_system,
		[PLAN_MOUNT_BIND] = mount_bind,
		[PLAN_MOUNT_CGROUP_V1] = mount_cgroup_v1,
		[PLAN_MOUNT_REMOUNT] = remount,
	};
	const struct plan *plan = init->plan;

	for (PLAN_EACH(struct plan_mount, mount, plan, plan->mounts)) {
		const char *source = plan_text(plan, mount->source);
		int result = carry_out[mount->kind](init, mount, err);

		if (result < 0)
			return error_add(err, "mount \"%s\" to \"%s\"", source == NULL ? "none" : source,
					 plan_text(plan, mount->destination));
	}
	return 0;
}

int init_readonly_mounts(struct init *init, struct error *err)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	for (unsigned i = 0; i < init->late_count; i++) {
		long result = sys_mount_setattr(init->late[i], 0, &readonly);

		if (result < 0)
			return error_set(err, (int)-result, "make a mount read-only");
	}
	if ((init->plan->flags & PLAN_ROOT_READONLY) != 0 && (init->plan->flags & PLAN_HAS_MOUNT_NS) != 0) {
		long result = sys_mount_setattr(init->root, 0, &readonly);

		if (result < 0)
			return error_set(err, (int)-result, "make the root read-only");
	}
	return 0;
}
