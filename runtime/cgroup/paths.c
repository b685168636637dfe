/*
 * Where a container's cgroups are: decided from the text of /proc/self/mountinfo and
 * /proc/self/cgroup and from linux.cgroupsPath, without effects; see cgroup.h. On a host with
 * nothing but version 2 and an absolute path (every engine) neither file has to be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define MOUNTINFO_MAX ((size_t)64 << 20)

/* The next line of @text as a copy; NULL at the end or without memory (@ret_failed). */
static char *next_line(const char **text, bool *ret_failed)
{
	const char *start = *text;
	size_t length = strcspn(start, "\n");
	char *line = NULL;

	if (*start == '\0')
		return NULL;
	*text = start + length + (start[length] == '\n');
	line = strndup(start, length);
	*ret_failed = line == NULL;
	return line;
}

/* The kernel writes blanks in paths as \040. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

struct mount_line {
	char *root, *mount_point, *type, *options; /* point into the line */
};

/* Cut @line of mountinfo into what matters; false where it is no such line. */
static bool mount_line_parse(char *line, struct mount_line *ret)
{
	char *tail = strstr(line, " - "), *rest = line, *fields[5], *tails[3];

	if (tail == NULL)
		return false;
	*tail = '\0';
	tail += 3;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if ((fields[i] = strsep(&rest, " ")) == NULL)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		if ((tails[i] = strsep(&tail, " ")) == NULL)
			return false;
	*ret = (struct mount_line){
		.root = fields[3], .mount_point = fields[4], .type = tails[0], .options = tails[2]
	};
	unescape(ret->root);
	unescape(ret->mount_point);
	return true;
}

/* True where every controller of @controllers is an option of the mount. */
static bool mounts_controllers(const char *options, const char *controllers)
{
	while (*controllers != '\0') {
		size_t length = strcspn(controllers, ",");
		char name[128];

		if (length >= sizeof(name))
			return false;
		memcpy(name, controllers, length);
		name[length] = '\0';
		if (!cgroup_list_has(options, name))
			return false;
		controllers += length + (controllers[length] == ',');
	}
	return true;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

struct found_mount {
	char *root, *mount_point;
	int rank; /* 0: none */
};

static void found_mount_release(struct found_mount *found)
{
	free(found->root);
	free(found->mount_point);
}

/* How well a mount at @mount_point serves; the usual places first. */
static int mount_rank(const char *mount_point, bool unified)
{
	if (strpbrk(mount_point, "\t\n") != NULL)
		return 0; /* could not be written down */
	if (unified && text_equal(mount_point, CGROUP_ROOT))
		return 4;
	if (unified && text_equal(mount_point, CGROUP_ROOT "/unified"))
		return 3;
	return is_below(mount_point, CGROUP_ROOT) ? 2 : 1;
}

/*
 * The mount of the version 1 hierarchy with @controllers, or of version 2 where that is NULL. Of
 * equals the later one wins: it may lie on top of the others.
 */
static int find_mount(const char *mountinfo, const char *controllers, struct found_mount *ret,
		      struct error *err)
{
	bool failed = false;

	for (;;) {
		autofree char *line = next_line(&mountinfo, &failed);
		struct mount_line mount;

		if (line == NULL)
			return failed ? error_set(err, ENOMEM, "read mountinfo") : 0;
		if (!mount_line_parse(line, &mount) ||
		    !text_equal(mount.type, controllers == NULL ? "cgroup2" : "cgroup") ||
		    (controllers != NULL && !mounts_controllers(mount.options, controllers)))
			continue;
		int rank = mount_rank(mount.mount_point, controllers == NULL);
		if (rank == 0 || rank < ret->rank)
			continue;
		found_mount_release(ret);
		ret->root = strdup(mount.root);
		ret->mount_point = strdup(mount.mount_point);
		ret->rank = rank;
		if (ret->root == NULL || ret->mount_point == NULL)
			return error_set(err, ENOMEM, "read mountinfo");
	}
}

/* True where what is visible at /sys/fs/cgroup, the last mount there, is version 2. */
static int is_pure_v2(const char *mountinfo, bool *ret, struct error *err)
{
	bool failed = false;

	for (*ret = false;;) {
		autofree char *line = next_line(&mountinfo, &failed);
		struct mount_line mount;

		if (line == NULL)
			return failed ? error_set(err, ENOMEM, "read mountinfo") : 0;
		if (mount_line_parse(line, &mount) && text_equal(mount.mount_point, CGROUP_ROOT))
			*ret = text_equal(mount.type, "cgroup2");
	}
}

/* Append @path with one "/" before each of its parts; refuse "..". */
static int append_path(struct text *text, const char *path, struct error *err)
{
	for (const char *part = path; *part != '\0';) {
		size_t skip = strspn(part, "/");
		size_t length = strcspn(part + skip, "/");

		part += skip;
		if (length == 2 && part[0] == '.' && part[1] == '.')
			return error_set(err, 0, "cgroup path \"%s\": \"..\" is not allowed", path);
		for (size_t i = 0; i < length; i++)
			if ((unsigned char)part[i] < ' ' || part[i] == 0x7f)
				return error_set(err, 0, "cgroup path: control characters are not allowed");
		if (length > 0 && !(length == 1 && part[0] == '.')) {
			text_append(text, "/");
			text_append_bytes(text, part, length);
		}
		part += length;
	}
	return 0;
}

/* The caller's own cgroup @own as it is found below a mount whose root is @root; "" for the top. */
static const char *own_below_root(const char *own, const char *root)
{
	if (strstr(own, "/..") != NULL || strstr(root, "/..") != NULL)
		return ""; /* outside of the cgroup namespace: cannot be reached through this mount */
	if (text_equal(root, "/"))
		return own;
	return is_below(own, root) ? own + strlen(root) : "";
}

static int add_hierarchy(struct cgroup_paths *paths, const char *controllers, const char *mount_point,
			 const char *base, const char *name, struct error *err)
{
	autotext struct text path = TEXT_EMPTY;
	struct cgroup_hierarchy *item = &paths->items[paths->count];
	int result = append_path(&path, base, err);

	if (result == 0) {
		size_t before = path.length;

		result = append_path(&path, name, err);
		if (result == 0 && path.length == before)
			return error_set(err, 0, "cgroup path \"%s\" names the root of the hierarchy", name);
	}
	if (result < 0 || (result = text_done(&path, err)) < 0)
		return result;
	if (paths->count == CGROUP_MAX_HIERARCHIES)
		return error_set(err, E2BIG, "more than %d cgroup hierarchies", CGROUP_MAX_HIERARCHIES);
	item->controllers = strdup(controllers);
	item->mount_point = strdup(mount_point);
	item->path = take_ptr(&path.data);
	paths->count++;
	if (item->controllers == NULL || item->mount_point == NULL)
		return error_set(err, ENOMEM, "cgroup paths");
	return 0;
}

/* One line of /proc/self/cgroup, "ID:CONTROLLERS:PATH"; version 2 has "0::PATH". */
static int decide_one(char *line, const char *mountinfo, bool pure, const char *cgroups_path, const char *id,
		      struct cgroup_paths *paths, struct error *err)
{
	__attribute__((cleanup(found_mount_release))) struct found_mount mount = { 0 };
	char *controllers = strchr(line, ':');
	char *own = controllers == NULL ? NULL : strchr(controllers + 1, ':');

	if (own == NULL || own[1] != '/')
		return 0; /* no line of the kernel's */
	*own++ = '\0';
	controllers++;
	bool unified = controllers[0] == '\0';
	if (pure && !unified)
		return 0;
	int result = find_mount(mountinfo, unified ? NULL : controllers, &mount, err);
	if (result < 0 || mount.rank == 0)
		return result;

	if (cgroups_path != NULL && cgroups_path[0] == '/')
		return add_hierarchy(paths, controllers, mount.mount_point, "", cgroups_path, err);
	autofree char *base = strdup(own_below_root(own, mount.root));
	if (base == NULL)
		return error_set(err, ENOMEM, "cgroup paths");
	/* The caller's own cgroup holds processes, so version 2 lets it hand on no controllers. */
	char *last = pure ? strrchr(base, '/') : NULL;
	if (last != NULL)
		*last = '\0';
	return add_hierarchy(paths, controllers, mount.mount_point, base,
			     cgroups_path != NULL ? cgroups_path : id, err);
}

int cgroup_paths_decide(const char *mountinfo, const char *own_cgroups, const char *cgroups_path,
			const char *id, struct cgroup_paths *ret, struct error *err)
{
	struct cgroup_paths paths = { 0 };
	bool pure = false, failed = false;
	int result = is_pure_v2(mountinfo, &pure, err);

	while (result == 0) {
		autofree char *line = next_line(&own_cgroups, &failed);

		if (line == NULL) {
			result = failed ? error_set(err, ENOMEM, "read /proc/self/cgroup") : 0;
			break;
		}
		result = decide_one(line, mountinfo, pure, cgroups_path, id, &paths, err);
	}
	if (result < 0) {
		cgroup_paths_release(&paths);
		return result;
	}
	*ret = paths;
	return 0;
}

int cgroup_paths_make(const char *cgroups_path, const char *id, struct cgroup_paths *ret, struct error *err)
{
	autotext struct text mountinfo = TEXT_EMPTY, own = TEXT_EMPTY;
	struct statfs fs;

	if (cgroups_path != NULL && cgroups_path[0] == '\0')
		cgroups_path = NULL;
	if (cgroups_path != NULL && cgroups_path[0] == '/' && statfs(CGROUP_ROOT, &fs) == 0 &&
	    fs.f_type == CGROUP2_SUPER_MAGIC) {
		struct cgroup_paths paths = { 0 };
		int result = add_hierarchy(&paths, "", CGROUP_ROOT, "", cgroups_path, err);

		if (result < 0)
			cgroup_paths_release(&paths);
		else
			*ret = paths;
		return result;
	}
	int result = fd_read_file_at(AT_FDCWD, "/proc/self/cgroup", MOUNTINFO_MAX, &own, err);
	if (result == -ENOENT) { /* a kernel without cgroups */
		*ret = (struct cgroup_paths){ 0 };
		return 0;
	}
	if (result == 0)
		result = fd_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo, err);
	if (result < 0)
		return result;
	return cgroup_paths_decide(mountinfo.data, own.data, cgroups_path, id, ret, err);
}

void cgroup_paths_release(struct cgroup_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++) {
		free(paths->items[i].controllers);
		free(paths->items[i].mount_point);
		free(paths->items[i].path);
	}
	*paths = (struct cgroup_paths){ 0 };
}

void cgroup_paths_format(const struct cgroup_paths *paths, struct text *ret)
{
	for (size_t i = 0; i < paths->count; i++)
		text_format(ret, "%s\t%s\t%s\n", paths->items[i].controllers, paths->items[i].mount_point,
			    paths->items[i].path);
}

int cgroup_paths_parse(const char *text, struct cgroup_paths *ret, struct error *err)
{
	struct cgroup_paths paths = { 0 };
	bool failed = false;
	int result = 0;

	while (result == 0) {
		autofree char *line = next_line(&text, &failed);
		char *rest = line;

		if (line == NULL)
			break;
		const char *controllers = strsep(&rest, "\t"), *mount_point = strsep(&rest, "\t");
		if (rest == NULL || rest[0] != '/' || mount_point[0] != '/')
			result = error_set(err, 0, "cgroup paths: \"%s\" is no hierarchy", line);
		else
			result = add_hierarchy(&paths, controllers, mount_point, "", rest, err);
	}
	if (result == 0 && failed)
		result = error_set(err, ENOMEM, "cgroup paths");
	if (result < 0) {
		cgroup_paths_release(&paths);
		return result;
	}
	*ret = paths;
	return 0;
}
