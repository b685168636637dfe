/* What the commands of hull-image work with; see front.h. */
#include "oci/image/front.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "oci/image/command.h"
#include "oci/image/fail.h"
#include "oci/image/rootless.h"

#include "base/banned.h"

const char *front_copy(struct front *front, struct text *text)
{
	struct error ignored;

	return text_done(text, &ignored) < 0 ? NULL : arena_copy(&front->arena, text->data, text->length);
}

int front_absolute(struct front *front, const char *path, const char **ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = path_absolute(path, &text, err);

	if (result < 0)
		return result;
	*ret = front_copy(front, &text);
	return *ret == NULL ? error_set(err, ENOMEM, "read \"%s\"", path) : 0;
}

/* As XDG says where a user's data is. */
static const char *default_root(struct front *front)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return STORE_DEFAULT_ROOT;
	if (data != NULL && data[0] == '/')
		return arena_format(&front->arena, "%s/hull/images", data);
	if (home != NULL && home[0] == '/')
		return arena_format(&front->arena, "%s/.local/share/hull/images", home);
	return NULL;
}

int front_open(struct front *front, const void *values, struct error *err)
{
	const struct command_globals *globals = values;
	const char *path = globals->root == NULL ? default_root(front) : globals->root;

	if (path == NULL)
		return error_set(err, 0,
				 "neither XDG_DATA_HOME nor HOME says where images are kept (--root)");
	int result = front_absolute(front, path, &path, err);

	return result < 0 ? result : store_open(path, &front->store, err);
}

int front_enter(struct front *front, struct error *err)
{
	const char *path = front->store.path;

	if (geteuid() == 0)
		return 0;
	int result = rootless_enter(err);

	if (result < 0)
		return result;
	/* what was opened before belongs to mounts of the other namespace */
	store_close(&front->store);
	return store_open(path, &front->store, err);
}

int front_open_status(const struct command *command, const struct error *err)
{
	(void)command;
	return (int)fail_status(-err->number);
}

int front_end(int result, const struct error *err)
{
	if (result >= 0)
		return result;
	commands_fail(err);
	return (int)fail_status(result);
}

int front_each(struct front *front, const struct strings *words,
	       int (*act)(struct front *front, const char *word, const void *data, struct error *err),
	       const void *data)
{
	int status = 0;

	for (size_t i = 0; i < words->count; i++) {
		struct error err;

		error_clear(&err);
		int ended = front_end(act(front, words->items[i], data, &err), &err);

		status = status == 0 ? ended : status;
	}
	return status;
}

int front_find(struct front *front, const char *word, struct refs *ret_refs, struct refs_found *ret,
	       struct error *err)
{
	int result = refs_load(&front->store, &front->arena, ret_refs, err);

	return result < 0 ? result : refs_find(ret_refs, &front->arena, word, ret, err);
}

int front_main(int argc, char **argv)
{
	struct front front = { .store = { .root = -1, .lock = -1 } };

	arena_init(&front.arena, 0);
	int status = commands_main(&command_program, &front, &front.arena, argc, argv);

	store_close(&front.store);
	arena_release(&front.arena);
	return status;
}
