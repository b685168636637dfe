/*
 * The container's root: cloned as a mount of its own, held by descriptor, entered by pivot_root.
 * Also how every path below it is resolved and made. Runs in the container's mount namespace with
 * the host's root still in place until "enter root".
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define OPENAT2_TRIES 128
#define SYMLINK_LIMIT 40
#define MNT_DETACH_FLAG 2
#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

long root_open(int root, const char *path, int flags, unsigned long long more_resolve)
{
	struct open_how how = {
		.flags = (unsigned long long)(unsigned)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) != 0 ? 0644 : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | more_resolve,
	};
	long fd = -EAGAIN;

	/* A rename somewhere on the machine may have raced with "..": ask again. */
	for (int i = 0; i < OPENAT2_TRIES && (fd == -EAGAIN || fd == -EINTR); i++)
		fd = sys_openat2(root, path[0] == '\0' ? "." : path, &how, sizeof(how));
	return fd;
}

/* One part of a path that is being made; @rest is what follows it. */
struct walk {
	char path[INIT_PATH_MAX]; /* the whole path; may be replaced when a dangling link is followed */
	size_t done;              /* length of the prefix that exists */
	int links;
};

static bool walk_start(struct walk *walk, const char *path)
{
	walk->done = 0;
	walk->links = 0;
	return string_join(walk->path, sizeof(walk->path), path[0] == '/' ? "" : "/", path);
}

/* Length of the prefix up to and including the part after walk->done; 0 at the end. */
static size_t walk_next(const struct walk *walk)
{
	size_t end = walk->done;

	while (walk->path[end] == '/')
		end++;
	if (walk->path[end] == '\0')
		return 0;
	while (walk->path[end] != '/' && walk->path[end] != '\0')
		end++;
	return end;
}

/* Replace the prefix of length @end, a dangling link whose text is @link, by what it points at. */
static bool walk_follow(struct walk *walk, size_t end, const char *link)
{
	char joined[INIT_PATH_MAX], whole[INIT_PATH_MAX];
	size_t parent = end;

	while (parent > 0 && walk->path[parent - 1] != '/')
		parent--;
	if (link[0] == '/')
		parent = 0;
	walk->path[end] = walk->path[end] == '\0' ? '\0' : '/';
	char rest[INIT_PATH_MAX];
	if (!string_join(rest, sizeof(rest), "", walk->path + end))
		return false;
	walk->path[parent] = '\0';
	if (!string_join(joined, sizeof(joined), walk->path, link) ||
	    !string_join(whole, sizeof(whole), joined, rest) ||
	    !string_join(walk->path, sizeof(walk->path), whole[0] == '/' ? "" : "/", whole))
		return false;
	walk->done = 0;
	return ++walk->links <= SYMLINK_LIMIT;
}

/* Make the one missing part that ends at @end below @parent. Returns a negative errno. */
static long make_part(int parent, const char *name, bool directory)
{
	if (directory)
		return sys_mkdir(parent, name, 0755);
	long fd = sys_open(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0644);
	if (fd >= 0)
		(void)sys_close((int)fd);
	return fd < 0 ? fd : 0;
}

/* The prefix that ends at @end is missing: make it, or follow the dangling link that is there. */
static int walk_make(struct walk *walk, int root, size_t end, bool directory, struct error *err)
{
	char link[INIT_PATH_MAX], keep = walk->path[end];
	size_t start = end;

	walk->path[end] = '\0';
	while (start > 0 && walk->path[start - 1] != '/')
		start--;
	const char *name = walk->path + start;
	char before = start > 0 ? walk->path[start - 1] : '\0';
	if (start > 0)
		walk->path[start - 1] = '\0';
	long parent = root_open(root, walk->path, DIRECTORY_FLAGS, 0);
	if (start > 0)
		walk->path[start - 1] = before;
	if (parent < 0)
		return error_set(err, (int)-parent, "open the directory of \"%s\"", walk->path);
	long result = make_part((int)parent, name, directory);
	long length = result == -EEXIST ? sys_readlink((int)parent, name, link, sizeof(link) - 1) : -1;
	(void)sys_close((int)parent);
	if (length > 0) {
		link[length] = '\0';
		walk->path[end] = keep;
		if (!walk_follow(walk, end, link))
			return error_set(err, ELOOP, "make \"%s\"", walk->path);
		return 0;
	}
	if (result < 0 && result != -EEXIST)
		return error_set(err, (int)-result, "make \"%s\"", walk->path);
	walk->path[end] = keep;
	walk->done = end;
	return 0;
}

/*
 * The common case of a missing path: its directory exists. Made and opened below that, without
 * following what somebody may have put there meanwhile. -EEXIST: something is in the way after all.
 */
static long make_last(int root, const char *path, bool directory)
{
	char parent[INIT_PATH_MAX];
	size_t length = string_length(path);

	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length >= sizeof(parent) || path[length] == '\0')
		return -ENOENT;
	__builtin_memcpy(parent, path, length);
	parent[length] = '\0';
	long dir = root_open(root, parent, DIRECTORY_FLAGS, 0);
	if (dir < 0)
		return dir;
	long fd = make_part((int)dir, path + length, directory);
	if (fd == 0)
		fd = root_open((int)dir, path + length, O_PATH, RESOLVE_NO_SYMLINKS);
	(void)sys_close((int)dir);
	return fd;
}

int root_make(int root, const char *path, bool directory, int *ret_fd, struct error *err)
{
	long fd = root_open(root, path, O_PATH, 0);
	struct walk walk;
	size_t end;

	if (fd == -ENOENT) {
		fd = make_last(root, path, directory);
		if (fd == -EEXIST) /* a dangling link, or a race: the long way */
			fd = -ENOENT;
	}
	if (fd == -ENOENT) {
		if (!walk_start(&walk, path))
			return error_set(err, ENAMETOOLONG, "path");
		while ((end = walk_next(&walk)) != 0) {
			char keep = walk.path[end];
			bool last = keep == '\0';

			walk.path[end] = '\0';
			long part = root_open(root, walk.path, last ? O_PATH : DIRECTORY_FLAGS, 0);
			walk.path[end] = keep;
			if (part >= 0) {
				(void)sys_close((int)part);
				walk.done = end;
				continue;
			}
			if (part != -ENOENT)
				return error_set(err, (int)-part, "open \"%s\"", path);
			int result = walk_make(&walk, root, end, !last || directory, err);
			if (result < 0)
				return result;
		}
		fd = root_open(root, walk.path, O_PATH, 0);
	}
	if (fd < 0)
		return error_set(err, (int)-fd, "open \"%s\"", path);
	*ret_fd = (int)fd;
	return 0;
}

int root_make_parent(int root, const char *path, bool no_symlinks, int *ret_fd, const char **ret_name,
		     struct error *err)
{
	char parent[INIT_PATH_MAX];
	size_t length = string_length(path);

	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length >= sizeof(parent) || path[length] == '\0')
		return error_set(err, EINVAL, "\"%s\" names no file", path);
	__builtin_memcpy(parent, path, length);
	parent[length] = '\0';
	*ret_name = path + length;
	if (no_symlinks) {
		long fd = root_open(root, parent, DIRECTORY_FLAGS, RESOLVE_NO_SYMLINKS);

		if (fd >= 0) {
			*ret_fd = (int)fd;
			return 0;
		}
		if (fd != -ENOENT)
			return error_set(err, (int)-fd, "open \"%s\"", parent);
	}
	return root_make(root, parent, true, ret_fd, err);
}

/* Descriptors of the host that later steps need, each verified to be what its name says. */
int init_open_host(struct init *init, struct error *err)
{
	struct stat st;
	long fd = sys_open(-100, "/proc", O_PATH | O_DIRECTORY, 0);

	if (fd < 0 || sys_fs_magic((int)fd) != PROC_SUPER_MAGIC)
		return error_set(err, fd < 0 ? (int)-fd : EINVAL, "\"/proc\" is not a procfs");
	init->proc = (int)fd;
	fd = sys_open(-100, "/dev/null", O_PATH, 0);
	if (fd < 0 || sys_fstat((int)fd, &st) < 0 || (st.st_mode & S_IFMT) != S_IFCHR || st.st_rdev != 0x103)
		return error_set(err, fd < 0 ? (int)-fd : EINVAL, "\"/dev/null\" is not the null device");
	init->null = (int)fd;
	return 0;
}

/* Clone the root file system and attach it, so that it is a mount and can be pivoted into. */
int init_open_root(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	const char *path = plan_text(plan, plan->rootfs);
	/* With shared propagation nothing of ours may be attached where the host would see it, and a
	 * mapped root may not reach the path: "/" of this namespace carries the root then. */
	bool at_slash = (plan->host_propagation & MS_SHARED) != 0 || plan->fds.root >= 0;
	struct mount_attr private = { .propagation = MS_PRIVATE };

	if ((plan->flags & PLAN_HAS_MOUNT_NS) == 0) {
		long fd = sys_open(-100, path, O_PATH | O_DIRECTORY, 0);

		if (fd < 0)
			return error_set(err, (int)-fd, "open \"%s\"", path);
		init->root = (int)fd;
		return 0;
	}
	long result = sys_mount(NULL, "/", NULL, plan->host_propagation, NULL);
	if (result < 0)
		return error_set(err, (int)-result, "set the propagation of \"/\"");
	if (at_slash && (result = sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL)) < 0)
		return error_set(err, (int)-result, "make \"/\" private");
	long root = plan->fds.root >= 0
			    ? plan->fds.root
			    : sys_open_tree(-100, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (root < 0)
		return error_set(err, (int)-root, "open_tree \"%s\"", path);
	init->root = (int)root;
	if (at_slash && (result = sys_mount_setattr((int)root, 0, &private)) < 0)
		return error_set(err, (int)-result, "make the root private");
	long target = sys_open(-100, at_slash ? "/" : path, O_PATH | O_DIRECTORY, 0);
	if (target < 0)
		return error_set(err, (int)-target, "open \"%s\"", path);
	result = sys_attach((int)root, (int)target);
	(void)sys_close((int)target);
	return result < 0 ? error_set(err, (int)-result, "attach \"%s\"", path) : 0;
}

/* --no-pivot: for roots on a ramfs. The host's procfs and sysfs must not stay behind (they would
 * be mountable again through a user namespace). */
static long move_root(const struct init *init)
{
	(void)sys_umount("/proc", MNT_DETACH_FLAG); /* may not be mounted; the root covers it anyway */
	(void)sys_umount("/sys", MNT_DETACH_FLAG);
	long slash = sys_open(-100, "/", O_PATH | O_DIRECTORY, 0);
	if (slash < 0)
		return slash;
	long result = sys_attach(init->root, (int)slash);
	(void)sys_close((int)slash);
	if (result == 0)
		result = sys_fchdir(init->root);
	return result < 0 ? result : sys_chroot(".");
}

/*
 * From the working directory, the new root, to "/"; the old one lies on top of it then and goes.
 * What is undone below it must not reach the host. mount(2) of "." would mean the new root, whose
 * mounts keep their propagation: the old one is held by descriptor.
 */
static long pivot_root(void)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };
	long old = sys_open(-100, "/", DIRECTORY_FLAGS, 0);

	if (old < 0)
		return old;
	long result = sys_pivot_root(".", ".");
	if (result == 0)
		result = sys_mount_setattr((int)old, AT_RECURSIVE, &slave);
	if (result == 0)
		result = sys_umount(".", MNT_DETACH_FLAG);
	(void)sys_close((int)old);
	return result;
}

int init_enter_root(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	struct mount_attr propagation = { .propagation = plan->root_propagation & ~(uint64_t)MS_REC };
	long result = sys_fchdir(init->root);

	if (result == 0 && (plan->flags & PLAN_HAS_MOUNT_NS) == 0) {
		result = sys_chroot(".");
	} else if (result == 0 && (plan->flags & PLAN_NO_PIVOT) != 0) {
		result = move_root(init);
	} else if (result == 0) {
		result = pivot_root();
	}
	if (result == 0)
		result = sys_chdir("/");
	if (result < 0)
		return error_set(err, (int)-result, "pivot_root");
	if (plan->root_propagation != 0 && (plan->flags & PLAN_HAS_MOUNT_NS) != 0)
		result = sys_mount_setattr(init->root,
					   (plan->root_propagation & MS_REC) != 0 ? AT_RECURSIVE : 0,
					   &propagation);
	return result < 0 ? error_set(err, (int)-result, "set rootfsPropagation") : 0;
}
