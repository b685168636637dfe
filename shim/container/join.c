/* Another container's network; see join.h. */
#include "shim/container/join.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tree.h"
#include "shim/store/record.h"

#include "base/banned.h"

#define PREFIX "container:"

/* The namespaces of @top with the network's at @path. NULL: no memory. */
static const struct json *with_path(struct front *front, const struct json *top, const char *path)
{
	struct arena *arena = &front->arena;
	const struct json *list = tree_at(top, "linux.namespaces");
	const struct json *type = tree_string(arena, "network");
	const struct json *entry = type == NULL ? NULL : tree_with(arena, NULL, "type", type);
	size_t index = 0;

	if (entry != NULL)
		entry = tree_with(arena, entry, "path", tree_string(arena, path));
	for (const struct json *item = list == NULL ? NULL : list->first; item != NULL;
	     item = item->next, index++) {
		const struct json *name = json_get(item, "type");

		if (name != NULL && name->type == JSON_STRING && text_equal(name->text, "network"))
			return tree_put(arena, top, "linux.namespaces",
					tree_with_item(arena, list, index, entry));
	}
	return tree_put(arena, top, "linux.namespaces", tree_append(arena, list, entry));
}

static int rewrite(struct front *front, const char *id, const char *path, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	const struct json *top = NULL;
	int result = store_directory(&front->store, id, &dir, err);

	if (result == 0)
		result = record_read(dir, "config.json", &front->arena, &top, err);
	if (result < 0)
		return result;
	top = with_path(front, top, path);
	if (top == NULL)
		return error_set(err, ENOMEM, "join a network");
	tree_write(top, NULL, &text);
	text_append(&text, "\n");
	return record_write(dir, "config.json", &text, true, err);
}

int join_network(struct front *front, const struct view *view, struct error *err)
{
	const char *network = view->container.network;
	struct view other;

	if (network == NULL || !text_starts(network, PREFIX))
		return 0;
	int result = view_load(front, network + strlen(PREFIX), false, &other, err);
	if (result < 0)
		return error_add(err, "joining network of container %.12s", network + strlen(PREFIX));
	if (other.state != LIFE_RUNNING && other.state != LIFE_PAUSED)
		return error_set(err, 0, "cannot join network of a non running container: %s", other.id);
	const char *path = arena_format(&front->arena, "/proc/%d/ns/net", (int)other.run.container.pid);
	return path == NULL ? error_set(err, ENOMEM, "join a network") : rewrite(front, view->id, path, err);
}
