/* Detached overlay mounts; see overlay.h. */
#include "base/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/text.h"

#include "base/banned.h"

/* Said aloud, whatever the kernel was configured with. userxattr brings the last two by itself. */
static const char *const settings[][2] = {
	{ "index", "off" },
	{ "redirect_dir", "nofollow" },
	{ "metacopy", "off" },
};

static int check(const struct overlay *overlay, struct error *err)
{
	if (overlay->lower_count == 0)
		return error_set(err, 0, "overlay: no lower directory");
	if (overlay->lower_count > OVERLAY_MAX_LOWER)
		return error_set(err, 0, "overlay: %zu layers, the kernel takes %d", overlay->lower_count,
				 OVERLAY_MAX_LOWER);
	return 0;
}

/* One layer and nothing to write on is no overlay for the kernel: it is that directory, read-only. */
static bool is_single(const struct overlay *overlay)
{
	return overlay->lower_count == 1 && overlay->upper < 0;
}

static int open_single(int dir, int *ret_fd, struct error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	struct stat st;

	if (fstat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "overlay: a layer");
	long fd = sys_call6(__NR_open_tree, dir, SYS_PTR(""),
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH, 0, 0, 0);

	if (fd < 0)
		return error_set(err, (int)-fd, "clone a layer");
	autoclose int tree = (int)fd;
	long result = sys_call6(__NR_mount_setattr, tree, SYS_PTR(""), AT_EMPTY_PATH, SYS_PTR(&attr),
				sizeof(attr), 0);
	if (result < 0)
		return error_set(err, (int)-result, "make a layer read-only");
	*ret_fd = take_fd(&tree);
	return 0;
}

/* --- by fsconfig(2), Linux 6.8 -------------------------------------------------------------------- */

static long configure(int context, unsigned command, const char *key, const char *value)
{
	return sys_call6(__NR_fsconfig, context, command, SYS_PTR(key), SYS_PTR(value), 0, 0);
}

static long configure_fd(int context, const char *key, int fd)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return configure(context, FSCONFIG_SET_STRING, key, path);
}

static long configure_all(const struct overlay *overlay, int context)
{
	long result = 0;

	for (size_t i = 0; result == 0 && i < overlay->lower_count; i++)
		result = configure_fd(context, "lowerdir+", overlay->lower[i]);
	if (result == 0 && overlay->upper >= 0)
		result = configure_fd(context, "upperdir", overlay->upper);
	if (result == 0 && overlay->upper >= 0)
		result = configure_fd(context, "workdir", overlay->work);
	if (result == 0 && overlay->userxattr)
		result = configure(context, FSCONFIG_SET_FLAG, "userxattr", NULL);
	for (size_t i = 0; result == 0 && i < (overlay->userxattr ? 1 : ARRAY_LEN(settings)); i++)
		result = configure(context, FSCONFIG_SET_STRING, settings[i][0], settings[i][1]);
	if (result == 0)
		result = configure(context, FSCONFIG_SET_STRING, "source", "hull");
	return result == 0 ? configure(context, FSCONFIG_CMD_CREATE, NULL, NULL) : result;
}

/* What the kernel says in its log of the context, for the message: "e overlay: No changes allowed …". */
static void read_log(int context, char *room, size_t size)
{
	ssize_t length = read(context, room, size - 1);

	room[length > 0 ? length : 0] = '\0';
	for (char *s = room; *s != '\0'; s++)
		if (*s == '\n')
			*s = '\0';
}

int overlay_open(const struct overlay *overlay, int *ret_fd, struct error *err)
{
	char log[200] = "";
	int result = check(overlay, err);

	if (result < 0)
		return result;
	if (is_single(overlay))
		return open_single(overlay->lower[0], ret_fd, err);
	long fd = sys_call6(__NR_fsopen, SYS_PTR("overlay"), FSOPEN_CLOEXEC, 0, 0, 0, 0);
	if (fd < 0)
		return error_set(err, (int)-fd, "open the file system overlay");
	autoclose int context = (int)fd;
	long configured = configure_all(overlay, context);
	if (configured < 0) {
		read_log(context, log, sizeof(log));
		/* older kernels know no "lowerdir+", and say nothing of it here */
		if (configured == -EINVAL && (log[0] == '\0' || strstr(log, "lowerdir+") != NULL))
			return overlay_open_legacy(overlay, ret_fd, err);
		return error_set(err, (int)-configured, "mount an overlay%s%s", log[0] == '\0' ? "" : ": ",
				 log[0] == '\0' ? "" : log + 2);
	}
	fd = sys_call6(__NR_fsmount, context, FSMOUNT_CLOEXEC, 0, 0, 0, 0);
	if (fd < 0)
		return error_set(err, (int)-fd, "mount an overlay");
	*ret_fd = (int)fd;
	return 0;
}

/* --- by mount(2) ------------------------------------------------------------------------------------ */

/* Relative to /proc/self/fd, so that 500 layers fit in the one page that mount(2) takes. */
static int format_data(const struct overlay *overlay, struct text *ret, struct error *err)
{
	text_append(ret, "lowerdir=");
	for (size_t i = 0; i < overlay->lower_count; i++)
		text_format(ret, "%s%d", i == 0 ? "" : ":", overlay->lower[i]);
	if (overlay->upper >= 0)
		text_format(ret, ",upperdir=%d,workdir=%d", overlay->upper, overlay->work);
	if (overlay->userxattr)
		text_append(ret, ",userxattr");
	for (size_t i = 0; i < (overlay->userxattr ? 1 : ARRAY_LEN(settings)); i++)
		text_format(ret, ",%s=%s", settings[i][0], settings[i][1]);
	return text_done(ret, err);
}

/* The path that @fd has. */
static int find_path(int fd, char room[PATH_MAX], struct error *err)
{
	char link[40];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, room, PATH_MAX - 1);
	if (length < 0)
		return error_set(err, errno, "find a layer's path");
	room[length] = '\0';
	return 0;
}

/* A mount of another namespace cannot be a layer: the same directory as this one has it, by its path. */
static int reopen(int fd, struct error *err)
{
	char path[PATH_MAX];
	struct stat before, after;
	int result = find_path(fd, path, err);

	if (result < 0)
		return result;
	autoclose int found = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (found < 0 || fstat(fd, &before) < 0 || fstat(found, &after) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return error_set(err, ESTALE, "open \"%s\"", path);
	if (dup3(found, fd, O_CLOEXEC) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	return 0;
}

/* In the process made for it: mount over one of the layers, which only this namespace sees; clone that. */
static int mount_here(const struct overlay *overlay, const char *data, int socket, struct error *err)
{
	char path[PATH_MAX];
	long done = sys_call6(__NR_mount, 0, SYS_PTR("/"), 0, MS_REC | MS_PRIVATE, 0, 0);
	int result = done < 0 ? error_set(err, (int)-done, "make \"/\" private") : 0;

	for (size_t i = 0; result == 0 && i < overlay->lower_count; i++)
		result = reopen(overlay->lower[i], err);
	if (result == 0 && overlay->upper >= 0)
		result = reopen(overlay->upper, err);
	if (result == 0 && overlay->upper >= 0)
		result = reopen(overlay->work, err);
	if (result == 0)
		result = find_path(overlay->lower[0], path, err);
	if (result < 0)
		return result;
	if (chdir("/proc/self/fd") < 0)
		return error_set(err, errno, "open \"/proc/self/fd\"");
	done = sys_call6(__NR_mount, SYS_PTR("hull"), SYS_PTR(path), SYS_PTR("overlay"), 0, SYS_PTR(data), 0);
	if (done < 0)
		return error_set(err, (int)-done, "mount an overlay");
	done = sys_call6(__NR_open_tree, AT_FDCWD, SYS_PTR(path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0,
			 0);
	if (done < 0)
		return error_set(err, (int)-done, "clone the overlay");
	autoclose int tree = (int)done;
	return fd_send(socket, "", 1, &tree, 1, err);
}

int overlay_open_legacy(const struct overlay *overlay, int *ret_fd, struct error *err)
{
	autotext struct text data = TEXT_EMPTY;
	struct error failure;
	int sockets[2], pidfd_number = -1, status, got = -1;
	int result = check(overlay, err);

	if (result == 0 && is_single(overlay))
		return open_single(overlay->lower[0], ret_fd, err);
	if (result == 0)
		result = format_data(overlay, &data, err);
	if (result < 0)
		return result;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "socketpair");
	autoclose int ours = sockets[0], theirs = sockets[1];
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_PIDFD,
				   .pidfd = (uint64_t)(uintptr_t)&pidfd_number,
				   .exit_signal = SIGCHLD };
	long pid = sys_call6(__NR_clone3, SYS_PTR(&args), sizeof(args), 0, 0, 0, 0);
	if (pid == 0) {
		error_clear(&failure);
		if (mount_here(overlay, data.data, theirs, &failure) < 0)
			ignore_failure(fd_send(theirs, &failure, sizeof(failure), NULL, 0,
					       &failure)); /* or nobody is left */
		_exit(0);
	}
	if (pid < 0)
		return error_set(err, (int)-pid, "start a process for an overlay");
	struct pidfd child = { .fd = pidfd_number };
	autoclose int held = pidfd_number;
	(void)held;
	(void)close(take_fd(&theirs));
	ssize_t length = fd_receive(ours, &failure, sizeof(failure), &got, 1, err);
	result = process_reap(&child, &status, length < 0 ? &failure : err);
	autoclose int tree = got;
	if (length < 0)
		return (int)length;
	if (result < 0)
		return result;
	if (length == (ssize_t)sizeof(failure)) {
		*err = failure;
		return -(failure.number != 0 ? failure.number : EINVAL);
	}
	if (tree < 0)
		return error_set(err, 0, "the process for an overlay ended early");
	*ret_fd = take_fd(&tree);
	return 0;
}

int overlay_attach(int tree, int directory, struct error *err)
{
	long result = sys_call6(__NR_move_mount, tree, SYS_PTR(""), directory, SYS_PTR(""),
				MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH, 0);

	return result < 0 ? error_set(err, (int)-result, "attach a mount") : 0;
}
