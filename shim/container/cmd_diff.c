/* hull container diff: what a container of an image has changed, as hull-image sees it. */
#include "shim/container/command.h"

#include <errno.h>

#include "base/text.h"
#include "shim/container/spawn.h"
#include "shim/container/view.h"

#include "base/banned.h"

static int diff_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct spawn_args words = { .count = 0 };
	struct view view;
	int result = view_find(front, args->items[0], &view, err);

	(void)values;
	if (result == 0 && view.container.image == NULL)
		result = error_set(err, 0, "container %s is of a bundle: its root is changed in place",
				   view.container.name);
	if (result < 0)
		return result;
	spawn_add(&words, arena_format(&front->arena, "%s/hull-image", front->directory));
	if (front->images != NULL) {
		spawn_add(&words, "--root");
		spawn_add(&words, front->images);
	}
	spawn_add(&words, "diff");
	spawn_add(&words, view.container.bundle);
	result = spawn_run(&words, &text, err);
	return result < 0 || text.length == 0 ? result : commands_print(&text, err);
}

const struct command cmd_diff = {
	.name = "diff",
	.usage = "CONTAINER",
	.summary = "Show what a container has changed: A added, C changed, D deleted",
	.min_args = 1,
	.max_args = 1,
	.run = diff_run,
};
