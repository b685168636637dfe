/*
 * The effects of assembling; see assemble.h. Trees are made below the target by descriptor; files are hard
 * links to those of the layers, which nobody changes any more.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "oci/layer/assemble_plan.h"
#include "oci/layer/attributes.h"

#include "base/banned.h"

#define XATTR_LIST_BYTES 65536

/* One tree that is made. */
struct making {
	struct assemble_view *view;
	size_t at; /* for which layer */
	int top;
	bool user_xattr;
	int parent; /* the directory of the last item, kept for the next one; -1: none */
	char *parent_path;
};

/* The directory of @path below the tree. Borrowed until the next call. */
static int open_parent(struct making *making, const char *path, int *ret, const char **ret_leaf,
		       struct error *err)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);

	*ret_leaf = slash == NULL ? path : slash + 1;
	*ret = making->top;
	if (length == 0)
		return 0;
	if (making->parent_path == NULL || strncmp(making->parent_path, path, length) != 0 ||
	    making->parent_path[length] != '\0') {
		autofree char *directory = strndup(path, length);
		autoclose int fd = -1;

		if (directory == NULL)
			return error_set(err, ENOMEM, "assemble");
		int result =
			path_open_beneath(making->top, directory, O_RDONLY | O_DIRECTORY, true, &fd, err);
		if (result < 0)
			return result;
		if (making->parent >= 0)
			(void)close(making->parent); /* a directory, only read */
		free(making->parent_path);
		making->parent = take_fd(&fd);
		making->parent_path = take_ptr(&directory);
	}
	*ret = making->parent;
	return 0;
}

/* What the layer's own directory @path has, besides what overlayfs marks it with. */
static int copy_xattrs(int from, const char *path, int to, struct error *err)
{
	autofree char *names = malloc(XATTR_LIST_BYTES);
	autofree char *value = malloc(XATTR_LIST_BYTES);
	autoclose int fd = -1;
	int result = path_open_beneath(from, path, O_RDONLY | O_DIRECTORY, true, &fd, err);

	if (result < 0)
		return result;
	if (names == NULL || value == NULL)
		return error_set(err, ENOMEM, "copy xattrs");
	ssize_t length = flistxattr(fd, names, XATTR_LIST_BYTES);
	if (length < 0 && errno != EOPNOTSUPP)
		return error_set(err, errno, "read xattrs of \"%s\"", path);
	for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		if (!attributes_xattr_allowed(name))
			continue;
		ssize_t size = fgetxattr(fd, name, value, XATTR_LIST_BYTES);
		if (size < 0 || fsetxattr(to, name, value, (size_t)size, 0) < 0)
			return error_set(err, errno, "copy the xattr \"%s\" of \"%s\"", name, path);
	}
	return 0;
}

/* Owner, mode and xattrs of the directory @fd: what a reader of the stack expects at @path. */
static int set_directory(struct making *making, const struct assemble_item *item, int fd, struct error *err)
{
	const struct assemble_layer *layers = making->view->layers;
	struct assemble_found found;
	int result;

	if (item->at != SIZE_MAX && (item->flags & INDEX_IMPLIED) == 0) {
		found.layer = item->layer;
		found.at = item->at;
		result = 1;
	} else {
		result = assemble_view_look(making->view, making->at + 1, item->path, &found, err);
	}
	if (result < 0)
		return result;
	if (result == 0 || found.at == SIZE_MAX)
		return 0;
	struct index_entry entry = index_at(layers[found.layer].index, found.at);
	if (!S_ISDIR(entry.mode) || (entry.flags & INDEX_WHITEOUT) != 0)
		return 0;
	if (fchown(fd, entry.uid, entry.gid) < 0 || fchmod(fd, entry.mode & 07777) < 0)
		return error_set(err, errno, "set owner and mode");
	return (entry.flags & INDEX_XATTRS) != 0
		       ? copy_xattrs(layers[found.layer].directory, entry.path, fd, err)
		       : 0;
}

static int make_directory(struct making *making, const struct assemble_item *item, struct error *err)
{
	const char *leaf;
	int parent = making->top;
	autoclose int fd = -1;
	int result = 0;

	if (text_equal(item->path, ".")) {
		fd = openat(making->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		result = open_parent(making, item->path, &parent, &leaf, err);
		if (result < 0)
			return result;
		if (mkdirat(parent, leaf, 0755) < 0)
			return error_set(err, errno, "make \"%s\"", item->path);
		fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	/* Whatever umask and a parent's set-group-ID bit made of it. */
	if (fd < 0 || fchown(fd, geteuid(), getegid()) < 0 || fchmod(fd, 0755) < 0)
		return error_set(err, errno, "make \"%s\"", item->path);
	result = set_directory(making, item, fd, err);
	if (result == 0 && (item->flags & INDEX_OPAQUE) != 0 &&
	    fsetxattr(fd, making->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0) <
		    0)
		result = error_set(err, errno, "mark \"%s\" opaque", item->path);
	return result;
}

static int make_link(struct making *making, const struct assemble_item *item, const char *source,
		     struct error *err)
{
	const char *slash = strrchr(source, '/'), *leaf;
	int layer = making->view->layers[item->layer].directory, parent;
	autoclose int from = -1;
	int result = 0;

	if (slash != NULL) {
		autofree char *directory = strndup(source, (size_t)(slash - source));

		if (directory == NULL)
			return error_set(err, ENOMEM, "assemble");
		result = path_open_beneath(layer, directory, O_PATH | O_DIRECTORY, true, &from, err);
	}
	if (result == 0)
		result = open_parent(making, item->path, &parent, &leaf, err);
	if (result < 0)
		return result;
	if (linkat(slash == NULL ? layer : from, slash == NULL ? source : slash + 1, parent, leaf, 0) < 0)
		return error_set(err, errno, "link \"%s\"", item->path);
	return 0;
}

static int make_item(struct making *making, const struct assemble_item *item, struct error *err)
{
	const char *leaf;
	int parent;

	if (item->at == SIZE_MAX)
		return make_directory(making, item, err);
	struct index_entry entry = index_at(making->view->layers[item->layer].index, item->at);
	if (S_ISDIR(entry.mode))
		return make_directory(making, item, err);
	if ((entry.flags & INDEX_WHITEOUT) == 0)
		return make_link(making, item, entry.path, err);
	int result = open_parent(making, item->path, &parent, &leaf, err);
	if (result == 0 && mknodat(parent, leaf, S_IFCHR, 0) < 0)
		result = error_set(err, errno, "make the whiteout \"%s\"", item->path);
	return result;
}

/* When everything is in it. */
static int set_time(struct making *making, const struct assemble_item *item, struct error *err)
{
	const struct assemble_view *view = making->view;
	struct assemble_found found = { .layer = item->layer, .at = item->at };
	autoclose int fd = -1;
	int result =
		item->at != SIZE_MAX ? 1 : assemble_view_look(view, making->at + 1, item->path, &found, err);

	if (result <= 0 || found.at == SIZE_MAX)
		return result < 0 ? result : 0;
	struct index_entry entry = index_at(view->layers[found.layer].index, found.at);
	if (!S_ISDIR(entry.mode))
		return 0;
	result = path_open_beneath(making->top, item->path, O_RDONLY | O_DIRECTORY, true, &fd, err);
	return result < 0 ? result : attributes_set_time(fd, entry.mtime, entry.mtime_ns, err);
}

static int make_tree(struct assemble_view *view, size_t at, int target, bool user_xattr, struct error *err)
{
	const struct assemble_sheet *sheet = &view->sheets[at];
	struct making making = { .view = view, .at = at, .user_xattr = user_xattr, .parent = -1 };
	char name[ASSEMBLE_NAME_BYTES];
	int result = 0;

	assemble_name(at, sheet->kind, name);
	if (mkdirat(target, name, 0755) < 0)
		return error_set(err, errno, "make \"%s\"", name);
	autoclose int top = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return error_set(err, errno, "open \"%s\"", name);
	making.top = top;
	for (size_t i = 0; result == 0 && i < sheet->count; i++)
		result = make_item(&making, &sheet->items[i], err);
	for (size_t i = sheet->count; result == 0 && i-- > 0;)
		result = set_time(&making, &sheet->items[i], err);
	if (making.parent >= 0)
		(void)close(making.parent); /* a directory, only read */
	free(making.parent_path);
	return result;
}

int assemble_make(const struct assemble_layer *layers, size_t count, int target, bool user_xattr,
		  enum assemble_kind *ret_kinds, struct error *err)
{
	struct assemble_view view;
	struct arena arena;

	arena_init(&arena, 0);
	int result = assemble_plan_begin(layers, count, &arena, &view, err);
	if (result == 0)
		result = assemble_plan(&view, err);
	for (size_t i = 0; result == 0 && i < count; i++) {
		ret_kinds[i] = view.sheets[i].kind;
		if (ret_kinds[i] != ASSEMBLE_NONE)
			result = make_tree(&view, i, target, user_xattr, err);
	}
	arena_release(&arena);
	return result < 0 ? error_add(err, "assemble") : 0;
}
