/* hull image diff: what a container has changed of its image. */
#include "oci/image/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/image/assembly.h"
#include "oci/image/bundle.h"
#include "oci/image/fail.h"
#include "oci/image/pins.h"
#include "oci/layer/diff.h"
#include "oci/spec/rootfs.h"

#include "base/banned.h"

static int load(int directory, struct front *front, struct rootfs *ret, bool *ret_found, struct error *err)
{
	int result = rootfs_load(directory, &front->arena, ret, ret_found, err);

	if (result < 0 || *ret_found)
		return result;
	autoclose int inner =
		openat(directory, BUNDLE_MOUNTED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return inner < 0 ? 0 : rootfs_load(inner, &front->arena, ret, ret_found, err);
}

/* A directory, or the id of a container (or its beginning) that the store knows of. */
static int find(struct front *front, const char *word, struct rootfs *ret, struct error *err)
{
	struct pins pins;
	bool found = false;
	autoclose int directory = open(word, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory >= 0) {
		int result = load(directory, front, ret, &found, err);

		if (result < 0 || found)
			return result;
		return fail_missing(err, "\"%s\" is no bundle of an image", word);
	}
	int result = pins_load(&front->store, &front->arena, &pins, NULL, err);

	for (size_t i = 0; result == 0 && i < pins.count; i++) {
		const struct pin *pin = &pins.items[i];

		if (pin->container == NULL || !text_starts(pin->container, word))
			continue;
		autoclose int bundle = open(pin->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (bundle < 0)
			return error_set(err, errno, "open \"%s\"", pin->directory);
		result = load(bundle, front, ret, &found, err);
		if (result < 0 || found)
			return result;
	}
	return result < 0 ? result : fail_missing(err, "No such container or bundle: %.200s", word);
}

static int tell(void *context, enum diff_kind kind, const char *path)
{
	struct text *text = context;

	text_format(text, "%c ", (char)kind);
	text_append_escaped(text, path, false);
	text_append(text, "\n");
	return 0;
}

static int do_diff(struct front *front, const char *word, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int upper = -1, view = -1;
	struct rootfs rootfs;
	int result = front_enter(front, err);

	if (result == 0)
		result = find(front, word, &rootfs, err);
	text_append(&text, "");
	if (result == 0 && rootfs.upper == NULL)
		return 0; /* nothing can have changed */
	if (result == 0) {
		upper = open(rootfs.upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (upper < 0)
			result = error_set(err, errno, "open \"%s\"", rootfs.upper);
	}
	if (result == 0)
		result = assembly_open_view(&rootfs.lower, &view, err);
	if (result < 0)
		return result;
	/* the view is a mount without a place, held by an O_PATH descriptor */
	autoclose int lower = openat(view, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lower < 0)
		return error_set(err, errno, "open the layers");
	result = diff_tree(upper, lower, rootfs.userxattr, tell, &text, err);
	return result < 0 ? result : commands_print(&text, err);
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
