/*
 * The container's directories: made, opened, joined, removed; see cgroup.h. All work is done
 * beneath descriptors of the hierarchies' mounts; a failed create takes back what it made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

#define REMOVE_MAX_DELAY_MS 64
#define LEVEL_TRIES 1000

bool cgroup_list_has(const char *controllers, const char *name)
{
	size_t length = strlen(name);

	for (;;) {
		size_t part = strcspn(controllers, ",");

		if (part == length && memcmp(controllers, name, length) == 0)
			return true;
		if (controllers[part] == '\0')
			return false;
		controllers += part + 1;
	}
}

const struct cgroup_dir *cgroup_find_v1(const struct cgroup *cgroup, const char *controller)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (!cgroup->dirs[i].unified && cgroup_list_has(cgroup->dirs[i].controllers, controller))
			return &cgroup->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_find_v2(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (cgroup->dirs[i].unified)
			return &cgroup->dirs[i];
	return NULL;
}

/* The mount point as an O_PATH directory; it must be what the path was decided for. */
static int open_mount(const struct cgroup_hierarchy *hierarchy, int *ret_fd, struct error *err)
{
	autoclose int fd = open(hierarchy->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return error_set(err, errno, "open cgroup mount \"%s\"", hierarchy->mount_point);
	if (fs.f_type != (hierarchy->controllers[0] == '\0' ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return error_set(err, ENOENT, "\"%s\" is no longer a cgroup mount", hierarchy->mount_point);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Remove @path and its parents as long as they are longer than @kept. */
static void remove_levels(int mount, const char *path, size_t kept)
{
	autofree char *level = strdup(path);

	while (level != NULL && strlen(level) > kept) {
		(void)unlinkat(mount, level + 1, AT_REMOVEDIR); /* undo of a failure that is being reported */
		*strrchr(level, '/') = '\0';
	}
}

/* One try of make_levels. */
static int try_levels(int mount, const char *path, size_t *ret_kept, struct error *err)
{
	/* Nearly always only the leaf is missing. */
	if (mkdirat(mount, path + 1, 0755) == 0) {
		*ret_kept = (size_t)(strrchr(path, '/') - path);
		return 0;
	}
	size_t kept = 0;
	bool made = false;
	autofree char *level = strdup(path);

	if (level == NULL)
		return error_set(err, ENOMEM, "create cgroup \"%s\"", path);
	for (size_t end = 0; level[end] != '\0';) {
		char next;

		end += 1 + strcspn(level + end + 1, "/");
		next = level[end];
		level[end] = '\0';
		if (mkdirat(mount, level + 1, 0755) == 0) {
			made = true;
		} else if (errno == EEXIST) {
			if (!made)
				kept = end;
		} else {
			int number = errno;

			if (made) {
				*strrchr(level, '/') = '\0';
				remove_levels(mount, level, kept);
			}
			return error_set(err, number, "create cgroup \"%s\"", path);
		}
		level[end] = next;
	}
	*ret_kept = kept;
	return 0;
}

/*
 * Make what is missing of @path; @ret_kept: the length of the part that was there before. A parent that is
 * empty may be removed by somebody else until something is in it: then again.
 */
static int make_levels(int mount, const char *path, size_t *ret_kept, struct error *err)
{
	int result, tries = 0;

	do
		result = try_levels(mount, path, ret_kept, err);
	while ((result == -ENOENT || result == -ENODEV) && ++tries < LEVEL_TRIES);
	return result;
}

/* Refuse a cgroup that has processes or would freeze what enters it. */
static int check_usable(const struct cgroup_dir *dir, struct error *err)
{
	char value[CGROUP_VALUE_SIZE];
	bool populated = !dir->unified && !dir->made, frozen = false;
	int result = 0;

	if (dir->unified) {
		result = cgroup_file_read(dir->fd, "cgroup.events", value, sizeof(value), err);
		if (result < 0)
			return result;
		populated = cgroup_file_key(value, "populated", 0) != 0;
		frozen = cgroup_file_key(value, "frozen", 0) != 0;
	} else if (cgroup_list_has(dir->controllers, "freezer")) {
		result = cgroup_file_read(dir->fd, "freezer.state", value, sizeof(value), err);
		if (result < 0)
			return result;
		frozen = !text_equal(value, "THAWED");
	}
	if (populated) {
		const struct cgroup one = { .count = 1, .dirs = { *dir } };
		autofree pid_t *pids = NULL;
		size_t count = 0;

		result = cgroup_pids(&one, &pids, &count, err);
		if (result < 0)
			return result;
		if (count > 0) {
			(void)error_set(err, 0, "container's cgroup is not empty: %zu process(es) found",
					count);
			return -EBUSY;
		}
	}
	if (frozen) {
		(void)error_set(err, 0, "container's cgroup unexpectedly frozen");
		return -EBUSY;
	}
	return 0;
}

static int copy_names(struct cgroup_dir *dir, const struct cgroup_hierarchy *hierarchy, struct error *err)
{
	dir->controllers = strdup(hierarchy->controllers);
	dir->mount_point = strdup(hierarchy->mount_point);
	dir->path = strdup(hierarchy->path);
	if (dir->controllers == NULL || dir->mount_point == NULL || dir->path == NULL)
		return error_set(err, ENOMEM, "open cgroup");
	return 0;
}

static void dir_release(struct cgroup_dir *dir)
{
	cleanup_close(&dir->fd);
	free(dir->controllers);
	free(dir->mount_point);
	free(dir->path);
}

/* One hierarchy's part of cgroup_create. @hybrid: version 1 hierarchies are there too. */
static int create_one(const struct cgroup_hierarchy *hierarchy, bool hybrid, struct cgroup_dir *ret,
		      struct error *err)
{
	struct cgroup_dir dir = { .fd = -1, .unified = hierarchy->controllers[0] == '\0' };
	autoclose int mount = -1;
	size_t kept = 0;
	int result = open_mount(hierarchy, &mount, err);

	if (result == 0)
		result = make_levels(mount, hierarchy->path, &kept, err);
	if (result < 0)
		return result;
	dir.made = kept < strlen(hierarchy->path);
	result = copy_names(&dir, hierarchy, err);
	if (result == 0)
		result = path_open_beneath(mount, hierarchy->path + 1, O_RDONLY | O_DIRECTORY, true, &dir.fd,
					   err);
	if (result == 0 && cgroup_list_has(dir.controllers, "cpuset"))
		result = cgroup_controllers_copy_cpuset(mount, dir.fd, hierarchy->path, err);
	/* Where version 2 stands beside version 1, its few controllers wait until a limit asks for one. */
	if (result == 0 && dir.unified && !hybrid)
		cgroup_controllers_complete(mount, dir.fd, hierarchy->path);
	if (result == 0)
		result = check_usable(&dir, err);
	if (result < 0) {
		dir_release(&dir);
		remove_levels(mount, hierarchy->path, kept);
		(void)error_add(err, "cgroup \"%s%s\"", hierarchy->mount_point, hierarchy->path);
		return result;
	}
	dir.kept = kept;
	*ret = dir;
	return 0;
}

int cgroup_create(const struct cgroup_paths *paths, struct cgroup **ret, struct error *err)
{
	struct cgroup *cgroup = calloc(1, sizeof(*cgroup));

	if (cgroup == NULL)
		return error_set(err, ENOMEM, "create cgroup");
	for (size_t i = 0; i < paths->count; i++) {
		int result = create_one(&paths->items[i],
					paths->count > 1 || paths->items[0].controllers[0] != '\0',
					&cgroup->dirs[i], err);

		if (result == 0) {
			cgroup->count++;
			continue;
		}
		while (i-- > 0) {
			autoclose int mount = -1;
			struct error ignored;

			if (open_mount(&paths->items[i], &mount, &ignored) == 0)
				remove_levels(mount, paths->items[i].path, cgroup->dirs[i].kept);
		}
		cgroup_free(cgroup);
		return result;
	}
	*ret = cgroup;
	return 0;
}

int cgroup_open(const struct cgroup_paths *paths, struct cgroup **ret, struct error *err)
{
	struct cgroup *cgroup = calloc(1, sizeof(*cgroup));

	if (cgroup == NULL)
		return error_set(err, ENOMEM, "open cgroup");
	for (size_t i = 0; i < paths->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &paths->items[i];
		struct cgroup_dir *dir = &cgroup->dirs[cgroup->count];
		autoclose int mount = -1, fd = -1;
		int result = open_mount(hierarchy, &mount, err);

		if (result == 0)
			result = path_open_beneath(mount, hierarchy->path + 1, O_RDONLY | O_DIRECTORY, true,
						   &fd, err);
		if (result == -ENOENT)
			continue;
		if (result == 0) {
			*dir = (struct cgroup_dir){ .fd = take_fd(&fd),
						    .unified = hierarchy->controllers[0] == '\0' };
			cgroup->count++;
			result = copy_names(dir, hierarchy, err);
		}
		if (result < 0) {
			cgroup_free(cgroup);
			return error_add(err, "cgroup \"%s%s\"", hierarchy->mount_point, hierarchy->path);
		}
	}
	*ret = cgroup;
	return 0;
}

int cgroup_follow(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	struct cgroup_dir *dir = NULL;
	char value[CGROUP_VALUE_SIZE], path[32];
	autotext struct text own = TEXT_EMPTY;

	for (size_t i = 0; i < cgroup->count; i++)
		if (cgroup->dirs[i].unified)
			dir = &cgroup->dirs[i];
	/* The root of a namespace has no such file, and takes processes. */
	if (dir == NULL ||
	    cgroup_file_read(dir->fd, "cgroup.subtree_control", value, sizeof(value), err) < 0 ||
	    value[0] == '\0')
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	int result = fd_read_file_at(AT_FDCWD, path, (size_t)64 << 10, &own, err);
	if (result < 0)
		return result;
	char *line = text_starts(own.data, "0::") ? own.data : strstr(own.data, "\n0::");
	if (line == NULL)
		return 0;
	line = strchr(line, '/');
	line[strcspn(line, "\n")] = '\0';
	size_t length = strlen(dir->path);
	if (strncmp(line, dir->path, length) != 0 || line[length] != '/')
		return 0;
	autoclose int below = -1;
	result = path_open_beneath(dir->fd, line + length + 1, O_RDONLY | O_DIRECTORY, true, &below, err);
	if (result < 0)
		return error_add(err, "cgroup of the container's process");
	cleanup_close(&dir->fd);
	dir->fd = take_fd(&below);
	return 0;
}

void cgroup_free(struct cgroup *cgroup)
{
	if (cgroup == NULL)
		return;
	for (size_t i = 0; i < cgroup->count; i++)
		dir_release(&cgroup->dirs[i]);
	free(cgroup);
}

int cgroup_birth_fd(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_find_v2(cgroup);

	return dir == NULL ? -1 : dir->fd;
}

int cgroup_open_joins(const struct cgroup *cgroup, int ret_fds[static CGROUP_MAX_HIERARCHIES],
		      const char *ret_names[static CGROUP_MAX_HIERARCHIES], struct error *err)
{
	int count = 0;

	for (size_t i = 0; i < cgroup->count; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];

		if (dir->unified)
			continue; /* born there */
		int fd = openat(dir->fd, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			int number = errno;

			while (count > 0)
				(void)close(ret_fds[--count]); /* nothing was written */
			return error_set(err, number, "join cgroup \"%s%s\"", dir->mount_point, dir->path);
		}
		ret_names[count] = dir->controllers;
		ret_fds[count++] = fd;
	}
	return count;
}

/* --- removal ---------------------------------------------------------------------------------- */

/* The name of any directory in @dir: 1 found, 0 none. */
static int first_child(int dir, char ret[static NAME_MAX + 1], struct error *err)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int found = 0;

	if (stream == NULL) {
		int number = errno;

		cleanup_close(&copy);
		return number == ENOENT ? 0 : error_set(err, number, "list cgroup");
	}
	while (found == 0 && (entry = readdir(stream)) != NULL) {
		if (entry->d_type != DT_DIR || text_equal(entry->d_name, ".") ||
		    text_equal(entry->d_name, ".."))
			continue;
		memcpy(ret, entry->d_name, strlen(entry->d_name) + 1);
		found = 1;
	}
	(void)closedir(stream); /* read only */
	return found;
}

/*
 * One rmdir, again and again while the directory is busy with processes that are on their way out;
 * the delay doubles from 1 ms. Version 2 tells when the last one is gone.
 */
static int remove_busy(int parent, const char *name, int64_t deadline, struct error *err)
{
	autoclose int events = -1;

	for (int delay = 1;; delay = delay < REMOVE_MAX_DELAY_MS ? delay * 2 : delay) {
		struct error ignored;

		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return error_set(err, errno, "remove cgroup \"%s\"", name);
		if (process_now_ms() >= deadline)
			return error_set(err, EBUSY, "remove cgroup \"%s\"", name);
		if (events < 0) {
			autoclose int dir = -1;
			char value[256];

			if (path_open_beneath(parent, name, O_RDONLY | O_DIRECTORY, true, &dir, &ignored) <
				    0 ||
			    path_open_beneath(dir, "cgroup.events", O_RDONLY, true, &events, &ignored) < 0)
				events = -1; /* version 1, or just gone */
			/* A change is told only to those who have read what was before. */
			else if (read(events, value, sizeof(value)) < 0)
				continue;
		}
		struct pollfd wait = { .fd = events, .events = POLLPRI };
		(void)poll(&wait, 1, delay); /* with no events it is a plain delay */
	}
}

/*
 * Remove @top's child @name with all below it. Goes down and up with one descriptor and a stack of
 * names, because a container that may make cgroups can nest them deeper than any path or
 * descriptor table reaches.
 */
static int remove_tree(int top, const char *name, int64_t deadline, struct error *err)
{
	autotext struct text names = TEXT_EMPTY; /* "a/b/c": how far down */
	autoclose int dir = -1;
	char child[NAME_MAX + 1];
	int result = path_open_beneath(top, name, O_RDONLY | O_DIRECTORY, true, &dir, err);

	while (result == 0) {
		result = first_child(dir, child, err);
		if (result < 0)
			break;
		if (result > 0) {
			int next;

			if (unlinkat(dir, child, AT_REMOVEDIR) == 0) {
				result = 0;
				continue;
			}
			next = openat(dir, child, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			result = 0;
			if (next < 0 && errno == ENOENT)
				continue;
			if (next < 0)
				return error_set(err, errno, "open cgroup \"%s\"", child);
			(void)close(dir); /* read only */
			dir = next;
			text_append(&names, "/");
			text_append(&names, child);
			result = text_done(&names, err);
			continue;
		}
		if (names.length == 0)
			break;
		int above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char *last = strrchr(names.data, '/');

		if (above < 0)
			return error_set(err, errno, "open the parent of cgroup \"%s\"", last + 1);
		(void)close(dir); /* read only */
		dir = above;
		result = remove_busy(dir, last + 1, deadline, err);
		names.length = (size_t)(last - names.data);
		*last = '\0';
	}
	if (result < 0 && result != -ENOENT)
		return result;
	return remove_busy(top, name, deadline, err);
}

void cgroup_undo(const struct cgroup *cgroup, int timeout_ms)
{
	int64_t deadline = process_now_ms() + timeout_ms;

	for (size_t i = 0; i < cgroup->count; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		const struct cgroup_hierarchy hierarchy = { dir->controllers, dir->mount_point, dir->path };
		autoclose int mount = -1;
		struct error ignored; /* a failure is being reported already; delete --force can too */

		if (!dir->made || open_mount(&hierarchy, &mount, &ignored) < 0)
			continue;
		ignore_failure(remove_tree(mount, dir->path + 1, deadline, &ignored));
		remove_levels(mount, dir->path, dir->kept);
	}
}

int cgroup_remove(const struct cgroup_paths *paths, int timeout_ms, struct error *err)
{
	int64_t deadline = 0;
	int first_failure = 0;

	for (size_t i = 0; i < paths->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &paths->items[i];
		autoclose int mount = -1;
		struct error one;
		int result = open_mount(hierarchy, &mount, &one);

		if (result == -ENOENT)
			continue;
		if (result == 0) {
			if (unlinkat(mount, hierarchy->path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
				continue;
			if (deadline == 0)
				deadline = process_now_ms() + timeout_ms;
			result = remove_tree(mount, hierarchy->path + 1, deadline, &one);
		}
		/* The others are removed all the same; the first failure is what is told. */
		if (result < 0 && first_failure == 0) {
			(void)error_add(&one, "cgroup \"%s%s\"", hierarchy->mount_point, hierarchy->path);
			*err = one;
			first_failure = result;
		}
	}
	return first_failure;
}
