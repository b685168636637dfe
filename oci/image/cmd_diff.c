/*
 * hull image diff: what a container has changed of its image. Places that hull made for the bundle's mounts
 * are no changes of the container's and are not told.
 */
#include "oci/image/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "oci/image/assembly.h"
#include "oci/image/bundle.h"
#include "oci/image/fail.h"
#include "oci/image/nameset.h"
#include "oci/image/pins.h"
#include "oci/layer/diff.h"
#include "oci/spec/rootfs.h"

#include "base/banned.h"

struct line {
	enum diff_kind kind;
	const char *path;
	bool hidden;
};

struct difference {
	struct front *front;
	struct rootfs rootfs;
	int bundle, upper, lower;
	struct nameset mounts; /* destinations of config.json */
	struct line *lines;
	size_t count, room;
};

/* --- which -------------------------------------------------------------------------------------------- */

static int load(struct difference *difference, bool *ret_found, struct error *err)
{
	struct arena *arena = &difference->front->arena;
	int result = rootfs_load(difference->bundle, arena, &difference->rootfs, ret_found, err);

	if (result < 0 || *ret_found)
		return result;
	autoclose int inner =
		openat(difference->bundle, BUNDLE_MOUNTED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return inner < 0 ? 0 : rootfs_load(inner, arena, &difference->rootfs, ret_found, err);
}

/* The bundle of the pin of a container whose id begins so. NULL: none, or no memory. */
static const char *bundle_of(struct front *front, const struct pins *pins, const char *word)
{
	static const char suffix[] = "/" BUNDLE_MOUNTED;

	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];
		size_t length = strlen(pin->directory);

		if (pin->container == NULL || !text_starts(pin->container, word))
			continue;
		if (text_ends(pin->directory, suffix))
			length -= strlen(suffix);
		return arena_copy(&front->arena, pin->directory, length);
	}
	return NULL;
}

/* A directory, or the id of a container (or its beginning) that the store knows of. */
static int find(struct difference *difference, const char *word, struct error *err)
{
	struct front *front = difference->front;
	struct pins pins;
	bool found = false;

	difference->bundle = open(word, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (difference->bundle < 0) {
		int result = pins_load(&front->store, &front->arena, &pins, NULL, err);
		const char *path = result < 0 ? NULL : bundle_of(front, &pins, word);

		if (result < 0)
			return result;
		if (path == NULL)
			return fail_missing(err, "No such container or bundle: %.200s", word);
		difference->bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (difference->bundle < 0)
			return error_set(err, errno, "open \"%s\"", path);
	}
	int result = load(difference, &found, err);

	return result < 0 || found ? result : fail_missing(err, "\"%s\" is no bundle of an image", word);
}

/* A bundle whose document cannot be read has no mounts that are known. */
static int load_mounts(struct difference *difference, struct error *err)
{
	struct arena *arena = &difference->front->arena;
	autotext struct text text = TEXT_EMPTY;
	const struct json *json, *mounts;
	struct error ignored;
	int result = 0;

	difference->mounts.arena = arena;
	if (fd_read_file_at(difference->bundle, "config.json", JSON_MAX_BYTES, &text, &ignored) < 0 ||
	    json_parse(arena, "config.json", text.data, text.length, &json, &ignored) < 0 ||
	    (mounts = json_get(json, "mounts")) == NULL || mounts->type != JSON_ARRAY)
		return 0;
	for (const struct json *item = mounts->first; result == 0 && item != NULL; item = item->next) {
		const struct json *destination =
			item->type == JSON_OBJECT ? json_get(item, "destination") : NULL;

		if (destination != NULL && destination->type == JSON_STRING)
			result = nameset_add(&difference->mounts, destination->text, err);
	}
	return result;
}

/* --- what --------------------------------------------------------------------------------------------- */

static int take(void *context, enum diff_kind kind, const char *path)
{
	struct difference *difference = context;
	struct arena *arena = &difference->front->arena;

	if (difference->count == difference->room) {
		size_t room = difference->room * 2 + 64;
		struct line *lines = arena_alloc(arena, room * sizeof(*lines));

		if (lines == NULL)
			return -ENOMEM;
		if (difference->count > 0)
			memcpy(lines, difference->lines, difference->count * sizeof(*lines));
		difference->lines = lines;
		difference->room = room;
	}
	const char *copy = arena_copy(arena, path, strlen(path));

	if (copy == NULL)
		return -ENOMEM;
	difference->lines[difference->count++] = (struct line){ .kind = kind, .path = copy };
	return 0;
}

static bool look(int directory, const char *path, struct stat *ret)
{
	struct error ignored;
	autoclose int fd = -1;

	return path_open_beneath(directory, path + 1, O_PATH | O_NOFOLLOW, false, &fd, &ignored) == 0 &&
	       fstat(fd, ret) == 0;
}

/* Lines are in the order of a walk: what is below a directory follows it. */
static bool has_below(const struct difference *difference, size_t at)
{
	const char *path = difference->lines[at].path;
	size_t length = strlen(path);

	for (size_t i = at + 1; i < difference->count; i++) {
		const struct line *line = &difference->lines[i];

		if (strncmp(line->path, path, length) != 0 || line->path[length] != '/')
			return false;
		if (!line->hidden)
			return true;
	}
	return false;
}

/* From the end, so that a directory is looked at after what is in it. */
static void hide_mount_places(struct difference *difference)
{
	for (size_t i = difference->count; i > 0; i--) {
		struct line *line = &difference->lines[i - 1];
		struct stat upper, lower;

		if (line->kind == DIFF_ADDED && nameset_has(&difference->mounts, line->path))
			line->hidden =
				look(difference->upper, line->path, &upper) &&
				(S_ISDIR(upper.st_mode) ? !has_below(difference, i - 1) : upper.st_size == 0);
		/* a directory in which nothing else happened, and that looks as it did */
		else if (line->kind == DIFF_CHANGED && look(difference->upper, line->path, &upper) &&
			 S_ISDIR(upper.st_mode) && i < difference->count && difference->lines[i].hidden &&
			 look(difference->lower, line->path, &lower))
			line->hidden = !has_below(difference, i - 1) && upper.st_mode == lower.st_mode &&
				       upper.st_uid == lower.st_uid && upper.st_gid == lower.st_gid;
	}
}

static int tell(const struct difference *difference, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	text_append(&text, "");
	for (size_t i = 0; i < difference->count; i++) {
		if (difference->lines[i].hidden)
			continue;
		text_format(&text, "%c ", (char)difference->lines[i].kind);
		text_append_escaped(&text, difference->lines[i].path, false);
		text_append(&text, "\n");
	}
	return commands_print(&text, err);
}

static int compare(struct difference *difference, struct error *err)
{
	const struct rootfs *rootfs = &difference->rootfs;
	autoclose int view = -1;

	difference->upper = open(rootfs->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (difference->upper < 0)
		return error_set(err, errno, "open \"%s\"", rootfs->upper);
	int result = assembly_open_view(&rootfs->lower, &view, err);

	if (result < 0)
		return result;
	/* the view may be a mount without a place, held by an O_PATH descriptor */
	difference->lower = openat(view, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (difference->lower < 0)
		return error_set(err, errno, "open the layers");
	result = diff_tree(difference->upper, difference->lower, rootfs->userxattr, take, difference, err);
	if (result == 0)
		result = load_mounts(difference, err);
	if (result < 0)
		return result;
	hide_mount_places(difference);
	return tell(difference, err);
}

static int do_diff(struct front *front, const char *word, struct error *err)
{
	struct difference difference = { .front = front, .bundle = -1, .upper = -1, .lower = -1 };
	int result = front_enter(front, err);

	if (result == 0)
		result = find(&difference, word, err);
	if (result == 0 && difference.rootfs.upper != NULL) /* without, nothing can have changed */
		result = compare(&difference, err);
	cleanup_close(&difference.bundle);
	cleanup_close(&difference.upper);
	cleanup_close(&difference.lower);
	return result;
}

static int diff_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)values;
	return front_end(do_diff(front, args->items[0], err), err);
}

const struct command cmd_diff = {
	.name = "diff",
	.usage = "DIR|CONTAINER",
	.summary = "Show what a container has changed: A added, C changed, D deleted",
	.min_args = 1,
	.max_args = 1,
	.run = diff_run,
};
