/* What the commands of hull-container work with; see front.h. */
#include "shim/container/front.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/program.h"
#include "base/text.h"
#include "shim/container/command.h"

#include "base/banned.h"

int front_each(struct front *front, const struct strings *words, bool echo,
	       int (*act)(struct front *front, const char *id, const void *data, struct error *err),
	       const void *data)
{
	int status = 0;

	for (size_t i = 0; i < words->count; i++) {
		char id[STORE_ID_DIGITS + 1];
		struct error err;
		autotext struct text text = TEXT_EMPTY;

		error_clear(&err);
		int result = store_find(&front->store, words->items[i], id, &err);
		if (result == 0)
			result = act(front, id, data, &err);
		if (result == 0 && echo) {
			text_format(&text, "%s\n", words->items[i]);
			result = commands_print(&text, &err);
		}
		if (result < 0) {
			commands_fail(&err);
			status = FRONT_FAILED;
		}
	}
	return status;
}

/* @path (or @otherwise) absolute, in the arena. */
static int place(struct front *front, const char *path, const char *otherwise, const char **ret,
		 struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	if (path == NULL) {
		*ret = otherwise;
		return 0;
	}
	int result = path_absolute(path, &text, err);
	if (result < 0)
		return result;
	*ret = arena_copy(&front->arena, text.data, text.length);
	return *ret == NULL ? error_set(err, ENOMEM, "read the command line") : 0;
}

static int find_program(struct front *front, const char *directory, const char *name, const char **ret,
			struct error *err)
{
	static const char *const installed[] = { "", "../../bin/" };
	autotext struct text path = TEXT_EMPTY;

	/* hull itself is in bin, two floors above libexec/hull */
	for (size_t i = 0; i < ARRAY_LEN(installed); i++) {
		const char *candidate = arena_format(&front->arena, "%s/%s%s", directory, installed[i], name);

		if (candidate == NULL)
			return error_set(err, ENOMEM, "find %s", name);
		if (access(candidate, X_OK) == 0) {
			*ret = candidate;
			return 0;
		}
	}
	int result = program_find(directory, name, &path, err);
	if (result < 0)
		return result;
	*ret = arena_copy(&front->arena, path.data, path.length);
	return *ret == NULL ? error_set(err, ENOMEM, "find %s", name) : 0;
}

int front_open(struct front *front, const void *values, struct error *err)
{
	const struct command_globals *globals = values;
	autotext struct text directory = TEXT_EMPTY;
	const char *store, *run;
	int result = place(front, globals->store, STORE_DEFAULT_ROOT, &store, err);

	if (result == 0)
		result = place(front, globals->run, STORE_DEFAULT_RUN, &run, err);
	if (result == 0)
		result = place(front, globals->root, NULL, &front->root, err);
	if (result == 0)
		result = place(front, globals->hull, NULL, &front->hull, err);
	if (result == 0)
		result = place(front, globals->images, NULL, &front->images, err);
	if (result == 0)
		result = place(front, globals->volumes, NULL, &front->volumes, err);
	if (result == 0)
		result = program_directory(&directory, err);
	if (result == 0) {
		front->directory = arena_copy(&front->arena, directory.data, directory.length);
		if (front->directory == NULL)
			result = error_set(err, ENOMEM, "find hull's programs");
	}
	if (result == 0 && front->hull == NULL)
		result = find_program(front, directory.data, "hull", &front->hull, err);
	if (result == 0)
		result = find_program(front, directory.data, "hull-shim", &front->shim, err);
	if (result == 0)
		result = store_open(store, run, &front->store, err);
	return result;
}

int front_main(int argc, char **argv)
{
	struct front front = { .store = { .root = -1, .names = -1, .run = -1 } };

	arena_init(&front.arena, 0);
	int status = commands_main(&command_program, &front, &front.arena, argc, argv);
	store_close(&front.store);
	arena_release(&front.arena);
	return status;
}
