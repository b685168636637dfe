/*
 * Device nodes, default links and the terminal's /dev/console, made below the root by descriptor.
 * Runs before the pivot with the container's mounts in place.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

/* The kernel's encoding of a device number in 32 bits, as mknod(2) and stat(2) use it. */
static unsigned long device_number(uint32_t major, uint32_t minor)
{
	return (minor & 0xffUL) | ((unsigned long)major << 8) | ((minor & ~0xffUL) << 12);
}

/* Something is already there: a matching node is fine, anything else is not. */
static int check_existing(const char *path, int parent, const char *name, const struct plan_device *device,
			  struct error *err)
{
	struct stat st;
	long result = sys_fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW);

	if (result < 0)
		return error_set(err, (int)-result, "stat \"%s\"", path);
	if ((st.st_mode & S_IFMT) == (device->mode & S_IFMT) &&
	    ((st.st_mode & S_IFMT) == S_IFIFO || st.st_rdev == device_number(device->major, device->minor)))
		return 0;
	return error_set(err, 0, "\"%s\" exists and is not the device %u:%u", path, device->major,
			 device->minor);
}

/* In a user namespace: the host's node, found by the same name and verified, bound over a file. */
static long bind_node(int parent, const char *name, const char *path, const struct plan_device *device)
{
	struct stat st;
	long host = sys_open(-100, path, O_PATH | O_NOFOLLOW, 0), result = host;

	if (result >= 0)
		result = sys_fstat((int)host, &st);
	if (result == 0 && ((st.st_mode & S_IFMT) != (device->mode & S_IFMT) ||
			    st.st_rdev != device_number(device->major, device->minor)))
		result = -ENODEV;
	long file =
		result < 0 ? result : sys_open(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0600);
	if (file >= 0) {
		(void)sys_close((int)file);
		file = root_open(parent, name, O_PATH, RESOLVE_NO_SYMLINKS);
	}
	long clone =
		file < 0 ? file
			 : sys_open_tree((int)host, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	result = clone < 0 ? clone : sys_attach((int)clone, (int)file);
	if (clone >= 0)
		(void)sys_close((int)clone);
	if (file >= 0)
		(void)sys_close((int)file);
	if (host >= 0)
		(void)sys_close((int)host);
	return result;
}

/* Most nodes and links lie side by side: their directory is kept open. */
struct parent {
	const char *path; /* of a node in it, from the plan */
	size_t length;    /* of its directory with the last "/" */
	bool no_symlinks;
	int fd; /* -1: none */
};

static int open_parent(struct init *init, struct parent *parent, const char *path, bool no_symlinks,
		       const char **ret_name, struct error *err)
{
	size_t length = string_length(path);

	while (length > 0 && path[length - 1] != '/')
		length--;
	*ret_name = path + length;
	if (parent->fd >= 0 && parent->no_symlinks == no_symlinks && parent->length == length &&
	    __builtin_memcmp(path, parent->path, length) == 0)
		return 0;
	if (parent->fd >= 0)
		(void)sys_close(parent->fd);
	parent->fd = -1;
	int result = root_make_parent(init->root, path, no_symlinks, &parent->fd, ret_name, err);
	parent->path = path;
	parent->length = length;
	parent->no_symlinks = no_symlinks;
	return result;
}

static int make_node(struct init *init, const struct plan_device *device, struct parent *held,
		     struct error *err)
{
	const char *path = plan_text(init->plan, device->path), *name;
	int result = open_parent(init, held, path, device->listed == 0, &name, err);
	int parent = held->fd;

	if (result < 0)
		return result;
	bool bind = (init->plan->flags & PLAN_BIND_DEVICES) != 0 && (device->mode & S_IFMT) != S_IFIFO;
	long made = bind ? bind_node(parent, name, path, device)
			 : sys_mknod(parent, name, device->mode, device_number(device->major, device->minor));
	if (made == -EEXIST)
		result = check_existing(path, parent, name, device, err);
	else if (made < 0)
		result = error_set(err, (int)-made, "mknod \"%s\"", path);
	else if (!bind && (device->uid | device->gid) != 0 &&
		 (made = sys_chown(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW)) < 0)
		result = error_set(err, (int)-made, "chown \"%s\"", path);
	return result;
}

static int make_link(struct init *init, const struct plan_link *link, struct parent *held, struct error *err)
{
	const char *path = plan_text(init->plan, link->path), *name;
	int result = open_parent(init, held, path, true, &name, err);
	int parent = held->fd;

	if (result < 0)
		return result;
	if (link->replace != 0)
		(void)sys_unlink(parent, name, 0); /* what cannot go makes symlinkat say so */
	long made = sys_symlink(plan_text(init->plan, link->target), parent, name);
	if (made < 0 && (made != -EEXIST || link->replace != 0))
		return error_set(err, (int)-made, "symlink \"%s\"", path);
	return 0;
}

int init_devices(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	struct parent parent = { .fd = -1 };
	int result = 0;

	for (PLAN_EACH(struct plan_device, device, plan, plan->devices))
		if (result == 0)
			result = make_node(init, device, &parent, err);
	for (PLAN_EACH(struct plan_link, link, plan, plan->links))
		if (result == 0)
			result = make_link(init, link, &parent, err);
	if (parent.fd >= 0)
		(void)sys_close(parent.fd);
	return result;
}
