/* The state directory and file; see state.h. */
#include "runtime/container/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"

#include "base/banned.h"

#define STATE_MAGIC "HULLST1"
#define STATE_MAX_BYTES ((size_t)16 << 20)
#define STRING_COUNT 5
/*
 * The file whose lock says "created". Empty and of no use otherwise: a process with CAP_SYS_PTRACE that
 * shares the pid namespace can open it for writing through hull-init's descriptor.
 */
#define INIT_LOCK_FILE "created"

/* The fixed head of the file; STRING_COUNT NUL-terminated strings follow. */
struct state_head {
	char magic[8];
	uint32_t size; /* of the whole file */
	uint32_t flags;
	struct process_id init;
	uint64_t namespaces;
};

const char *const container_status_names[STATUS_COUNT] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
};

void state_release(struct state *state)
{
	free(state->bundle);
	free(state->rootfs);
	free(state->created);
	free(state->annotations);
	cgroup_paths_release(&state->cgroups);
	memset(state, 0, sizeof(*state));
}

int container_check_id(const char *id, struct error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.";
	size_t length = strlen(id);

	if (length == 0)
		return error_set(err, 0, "container id cannot be empty");
	if (length > 255 || strspn(id, allowed) != length || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return error_set(err, 0, "invalid container ID format");
	return 0;
}

int state_open_root(const struct container_context *context, bool make, int *ret_fd, struct error *err)
{
	int fd = open(context->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT && make) {
		int result = path_make(context->root, 0700, err);

		if (result < 0)
			return error_add(err, "state root");
		fd = open(context->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return error_set(err, errno, "open the state root \"%s\"", context->root);
	/* Who can rename in it can put one container in the place of another. */
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		(void)close(fd); /* read only */
		return error_set(err, 0, "the state root \"%s\" does not belong to this user alone",
				 context->root);
	}
	*ret_fd = fd;
	return 0;
}

int state_open_directory(const struct container_context *context, const char *id, int *ret_fd,
			 struct error *err)
{
	char path[4096];
	int result = container_check_id(id, err);

	if (result < 0)
		return result;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", context->root, id) >= sizeof(path))
		return error_set(err, ENAMETOOLONG, "state root");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		ignore_failure(error_set(err, 0, "container does not exist"));
		return -ENOENT;
	}
	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", path);
	*ret_fd = fd;
	return 0;
}

static int already_exists(struct error *err)
{
	ignore_failure(error_set(err, 0, "container with given ID already exists"));
	return -EEXIST;
}

int state_claim(int root_fd, const char *id, int *ret_fd, struct error *err)
{
	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return already_exists(err);
		return error_set(err, errno, "make the state directory \"%s\"", id);
	}
	int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		int number = errno;

		(void)unlinkat(root_fd, id,
			       AT_REMOVEDIR); /* we are failing already; delete --force can too */
		return error_set(err, number, "open the state directory \"%s\"", id);
	}
	*ret_fd = fd;
	return 0;
}

/* Everything in @dir; one level of directories (notify). */
static int empty_directory(int dir, bool deeper, struct error *err)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int result = 0;

	if (list == NULL) {
		int number = errno;

		if (copy >= 0)
			(void)close(copy); /* fdopendir did not take it */
		return error_set(err, number, "read the state directory");
	}
	while (result == 0 && (entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dir, entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		int sub = deeper ? openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				 : -1;
		if (sub < 0) {
			result = error_set(err, errno, "remove \"%s\" from the state directory",
					   entry->d_name);
			break;
		}
		result = empty_directory(sub, false, err);
		(void)close(sub);
		if (result == 0 && unlinkat(dir, entry->d_name, AT_REMOVEDIR) < 0)
			result = error_set(err, errno, "remove \"%s\" from the state directory",
					   entry->d_name);
	}
	(void)closedir(list);
	return result;
}

int state_drop(int root_fd, const char *id, struct error *err)
{
	autoclose int dir = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "open the state directory \"%s\"", id);
	int result = empty_directory(dir, true, err);
	if (result == 0 && unlinkat(root_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		result = error_set(err, errno, "remove the state directory \"%s\"", id);
	return result;
}

int state_save(int dir, const struct state *state, struct error *err)
{
	autotext struct text bytes = TEXT_EMPTY;
	autotext struct text cgroups = TEXT_EMPTY;
	struct state_head head = { .magic = STATE_MAGIC,
				   .flags = state->flags,
				   .init = state->init,
				   .namespaces = state->namespaces };

	cgroup_paths_format(&state->cgroups, &cgroups);
	int result = text_done(&cgroups, err);
	if (result < 0)
		return result;
	const char *strings[STRING_COUNT] = { state->bundle, state->rootfs, state->created,
					      state->annotations, cgroups.data };
	text_append_bytes(&bytes, &head, sizeof(head));
	for (size_t i = 0; i < STRING_COUNT; i++)
		text_append_bytes(&bytes, strings[i] != NULL ? strings[i] : "",
				  strings[i] != NULL ? strlen(strings[i]) + 1 : 1);
	result = text_done(&bytes, err);
	if (result < 0)
		return result;
	head.size = (uint32_t)bytes.length;
	memcpy(bytes.data, &head, sizeof(head));

	autoclose int fd =
		openat(dir, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "write the state file");
	result = fd_write_all(fd, bytes.data, bytes.length, "state", err);
	if (result == 0 && renameat(dir, "state.new", dir, "state") < 0)
		result = error_set(err, errno, "replace the state file");
	return result;
}

/* Take the next string of the block, or NULL when it has none. */
static char *next_string(const char **rest, const char *end)
{
	const char *text = *rest;
	const char *stop = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	if (stop == NULL)
		return NULL;
	*rest = stop + 1;
	return strdup(text);
}

static int state_parse(const char *bytes, size_t length, struct state *ret, struct error *err)
{
	struct state_head head;
	const char *rest = bytes + sizeof(head), *end = bytes + length;

	if (length < sizeof(head))
		return error_set(err, 0, "the state file is cut short");
	memcpy(&head, bytes, sizeof(head));
	if (memcmp(head.magic, STATE_MAGIC, sizeof(head.magic)) != 0 || head.size != length ||
	    memchr(head.init.boot_id, '\0', sizeof(head.init.boot_id)) == NULL)
		return error_set(err, 0, "the state file is not one of hull's");
	struct state state = { .flags = head.flags, .init = head.init, .namespaces = head.namespaces };
	state.bundle = next_string(&rest, end);
	state.rootfs = next_string(&rest, end);
	state.created = next_string(&rest, end);
	state.annotations = next_string(&rest, end);
	autofree char *cgroups = next_string(&rest, end);
	int result = cgroups == NULL ? error_set(err, 0, "the state file is damaged")
				     : cgroup_paths_parse(cgroups, &state.cgroups, err);
	if (result < 0) {
		state_release(&state);
		return result;
	}
	*ret = state;
	return 0;
}

int state_load(int dir, struct state *ret, struct error *err)
{
	autoclose int fd = openat(dir, "state", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autotext struct text bytes = TEXT_EMPTY;
	struct stat st;

	if (fd < 0)
		return error_set(err, errno, "open the state file");
	/* What root reads back decides about processes and cgroups: only what nobody else can write. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, 0, "the state file does not belong to this user alone");
	int result = fd_read_all(fd, STATE_MAX_BYTES, "state", &bytes, err);
	if (result == 0)
		result = state_parse(bytes.data, bytes.length, ret, err);
	return result;
}

int state_lock(int dir, int *ret_fd, struct error *err)
{
	/* The directory itself is locked: one file less to make and to remove. */
	autoclose int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int result;

	if (fd < 0)
		return error_set(err, errno, "open the container's lock");
	do {
		result = flock(fd, LOCK_EX);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_set(err, errno, "lock the container");
	if (fstat(fd, &st) == 0 && st.st_nlink == 0) { /* removed while we waited */
		ignore_failure(error_set(err, 0, "container does not exist"));
		return -ENOENT;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

int state_lock_init(int dir, int *ret_fd, struct error *err)
{
	autoclose int fd =
		openat(dir, INIT_LOCK_FILE, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fd < 0 && errno == EEXIST)
		return already_exists(err);
	if (fd < 0)
		return error_set(err, errno, "open " INIT_LOCK_FILE);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return error_set(err, errno, "lock " INIT_LOCK_FILE);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* True while hull-init waits: only it has the description that is locked. */
static bool is_waiting(int dir)
{
	autoclose int fd = openat(dir, INIT_LOCK_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int state_status(int dir, const struct state *state, enum container_status *ret, struct pidfd *ret_pidfd,
		 struct error *err)
{
	struct pidfd pidfd = { .fd = -1 };
	bool frozen = false;

	if (ret_pidfd != NULL)
		ret_pidfd->fd = -1;
	int result = state->init.pid == 0 ? -ESRCH : process_find(&state->init, &pidfd, err);
	if (result < 0 && result != -ESRCH)
		return result;
	if ((state->flags & STATE_PUBLISHED) == 0) {
		*ret = STATUS_CREATING;
	} else if (result == -ESRCH) {
		*ret = STATUS_STOPPED;
	} else {
		/* A cgroup that cannot be asked is not frozen as far as anybody can tell. */
		ignore_failure(cgroup_paths_frozen(&state->cgroups, &frozen, err));
		*ret = frozen ? STATUS_PAUSED : is_waiting(dir) ? STATUS_CREATED : STATUS_RUNNING;
	}
	if (ret_pidfd != NULL)
		*ret_pidfd = pidfd;
	else if (pidfd.fd >= 0)
		(void)close(pidfd.fd);
	return 0;
}

void opened_release(struct opened *opened)
{
	if (opened->dir >= 0)
		(void)close(opened->dir);
	opened->dir = -1;
	state_release(&opened->state);
}

int state_open(const struct container_context *context, const char *id, struct opened *ret, struct error *err)
{
	int dir;
	int result = state_open_directory(context, id, &dir, err);

	if (result < 0)
		return result;
	result = state_load(dir, &ret->state, err);
	if (result < 0) {
		(void)close(dir);
		if (result == -ENOENT) { /* being made or being removed this moment */
			ignore_failure(error_set(err, 0, "container does not exist"));
			return -ENOENT;
		}
		return error_add(err, "container \"%s\"", id);
	}
	ret->dir = dir;
	return 0;
}
