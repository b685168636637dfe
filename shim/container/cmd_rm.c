/* hull container rm, prune, rename, wait, top, version: the small ones. */
#include "shim/container/command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/words.h"
#include "oci/spec/filter.h"
#include "shim/container/operate.h"
#include "shim/container/spawn.h"

#include "base/banned.h"

struct force_values {
	struct opt_bool force;
};

/* --- rm ------------------------------------------------------------------------------------------- */

static const struct flag_row rm_rows[] = {
	FLAG(struct force_values, force, BOOL, "force", 'f', NULL, "kill a running container first"),
	{ 0 },
};

static int rm_one(struct front *front, const char *id, const void *data, struct error *err)
{
	const struct force_values *given = data;

	return operate_remove(front, id, given->force.value, err);
}

static int rm_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)err;
	return front_each(front, args, true, rm_one, values);
}

const struct command cmd_rm = {
	.name = "rm",
	.aliases = "remove",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.options = rm_rows,
	.values_size = COMMAND_VALUES(struct force_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = rm_run,
};

/* --- prune ---------------------------------------------------------------------------------------- */

struct prune_values {
	struct flag_list filters;
	struct opt_bool force;
};

static const struct flag_row prune_rows[] = {
	FLAG(struct prune_values, filters, LIST, "filter", 0, "KEY=VALUE",
	     "only those that until, label or label!= names (repeatable)"),
	FLAG(struct prune_values, force, BOOL, "force", 'f', NULL, "do not ask"),
	{ 0 },
};

static bool is_sure(void)
{
	char answer = 'n';

	printf("WARNING! This will remove all stopped containers.\nAre you sure you want to continue? "
	       "[y/N] ");
	(void)fflush(stdout); /* a question nobody sees gets no answer */
	return read(STDIN_FILENO, &answer, 1) == 1 && (answer == 'y' || answer == 'Y');
}

/* 1: it goes. Its labels are the annotations of its document, read only when they are asked for. */
static int passes(struct front *front, const struct view *view, const struct filter_prune *filter,
		  struct error *err)
{
	autoclose int dir = -1;
	struct spec *spec = NULL;
	int result = 0;

	if (filter->by_label) {
		result = store_directory(&front->store, view->id, &dir, err);
		if (result == 0)
			result = spec_load(dir, &spec, NULL, NULL, err);
	}
	if (result == 0)
		result = filter_prune_passes(filter, view->container.created_ns,
					     spec == NULL ? NULL : &spec->annotations);
	spec_free(spec);
	return result;
}

/* 1: it was removed. */
static int prune_one(struct front *front, const char *id, const struct filter_prune *filter,
		     struct error *err)
{
	struct view view;
	int result = view_load(front, id, true, &view, err);

	if (result == 0 && view.state != LIFE_CREATED && view.state != LIFE_EXITED)
		return 0;
	if (result == 0)
		result = passes(front, &view, filter, err);
	if (result <= 0)
		return result;
	result = operate_remove(front, id, false, err);
	return result < 0 ? result : 1;
}

static int prune_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct prune_values *given = values;
	char(*ids)[STORE_ID_DIGITS + 1] = NULL;
	autotext struct text text = TEXT_EMPTY;
	struct filter_prune filter;
	size_t count = 0;
	int status = 0;
	int result = filter_prune_parse(&given->filters, words_now_ns(), &filter, err);

	(void)args;
	if (result < 0)
		return result;
	if (!given->force.value && !is_sure())
		return 0;
	result = store_list(&front->store, &ids, &count, err);
	if (result < 0)
		return result;
	for (size_t i = 0; i < count; i++) {
		result = prune_one(front, ids[i], &filter, err);
		if (result > 0)
			text_format(&text, "%s%s\n", text.length == 0 ? "Deleted Containers:\n" : "", ids[i]);
		if (result >= 0)
			continue;
		commands_fail(err);
		status = FRONT_FAILED;
	}
	free(ids);
	if (text.length > 0 && commands_print(&text, err) < 0)
		return -EIO;
	return status;
}

const struct command cmd_prune = {
	.name = "prune",
	.usage = "",
	.summary = "Remove all stopped containers",
	.options = prune_rows,
	.values_size = COMMAND_VALUES(struct prune_values),
	.run = prune_run,
};

/* --- rename --------------------------------------------------------------------------------------- */

static int rename_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	char id[STORE_ID_DIGITS + 1];
	int result = store_find(&front->store, args->items[0], id, err);

	(void)values;
	return result < 0 ? result : operate_rename(front, id, args->items[1], err);
}

const struct command cmd_rename = {
	.name = "rename",
	.usage = "CONTAINER NEW_NAME",
	.summary = "Rename a container",
	.min_args = 2,
	.max_args = 2,
	.run = rename_run,
};

/* --- wait ----------------------------------------------------------------------------------------- */

static int wait_one(struct front *front, const char *id, const void *data, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int code;
	int result = operate_wait(front, id, -1, &code, err);

	(void)data;
	if (result < 0)
		return result;
	text_format(&text, "%d\n", code);
	return commands_print(&text, err);
}

static int wait_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)values;
	(void)err;
	return front_each(front, args, false, wait_one, NULL);
}

const struct command cmd_wait = {
	.name = "wait",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Block until one or more containers stop, then print their exit codes",
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = wait_run,
};

/* --- top ------------------------------------------------------------------------------------------ */

static int top_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct spawn_args words = { .count = 0 };
	struct view view;
	int result = view_find(front, args->items[0], &view, err);

	(void)values;
	if (result == 0)
		result = lifecycle_check(LIFE_TOP, view.state, view.container.name, err);
	if (result < 0)
		return result;
	spawn_add_hull(&words, front, "/dev/null");
	spawn_add(&words, "ps");
	spawn_add(&words, view.id);
	for (size_t i = 1; i < args->count; i++)
		spawn_add(&words, args->items[i]);
	result = spawn_run(&words, &text, err);
	return result < 0 ? result : commands_print(&text, err);
}

const struct command cmd_top = {
	.name = "top",
	.usage = "CONTAINER [ps OPTIONS]",
	.summary = "Display the running processes of a container",
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.order = FLAGS_FIRST,
	.run = top_run,
};

/* --- version -------------------------------------------------------------------------------------- */

static int version_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	(void)front;
	(void)values;
	(void)args;
	text_append(&text, "hull-container version " HULL_VERSION "\n");
	return commands_print(&text, err);
}

const struct command cmd_version = {
	.name = "version",
	.usage = "",
	.summary = "Show the version",
	.no_store = true,
	.run = version_run,
};
