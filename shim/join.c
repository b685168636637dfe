/* Another container's network; see join.h. */
#include "shim/join.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tree.h"
#include "shim/store/record.h"

#include "base/banned.h"

#define PREFIX "container:"

/* The namespaces of @top with the network's at @path. NULL: no memory. */
static const struct json *with_path(struct arena *arena, const struct json *top, const char *path)
{
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

static int rewrite(const struct store *store, const char *id, pid_t pid, struct arena *arena,
		   struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	const struct json *top = NULL;
	const char *path = arena_format(arena, "/proc/%d/ns/net", (int)pid);
	int result = store_directory(store, id, &dir, err);

	if (result == 0)
		result = record_read(dir, "config.json", arena, &top, err);
	if (result < 0)
		return result;
	top = path == NULL ? NULL : with_path(arena, top, path);
	if (top == NULL)
		return error_set(err, ENOMEM, "join a network");
	tree_write(top, NULL, &text);
	text_append(&text, "\n");
	return record_write(dir, "config.json", &text, false, err);
}

int join_network(const struct store *store, const struct store_container *container, struct process_id *ret,
		 struct error *err)
{
	struct store_run run = { 0 };
	struct arena arena;
	struct pidfd pidfd;
	struct error why; /* whatever it is: it does not run */

	*ret = (struct process_id){ 0 };
	if (container->network == NULL || !text_starts(container->network, PREFIX))
		return 0;
	const char *other = container->network + strlen(PREFIX);
	if (store_run_load(store, other, &run, &why) < 0 || run.container.pid == 0 ||
	    process_find(&run.container, &pidfd, &why) < 0)
		return error_set(err, 0, "cannot join network of a non running container: %s", other);
	(void)close(pidfd.fd); /* only looked for */
	arena_init(&arena, 0);
	int result = rewrite(store, container->id, run.container.pid, &arena, err);
	arena_release(&arena);
	if (result == 0)
		*ret = run.container;
	return result;
}

int join_check(const struct process_id *joined, struct error *err)
{
	struct pidfd pidfd;
	struct error why;

	if (joined->pid == 0)
		return 0;
	if (process_find(joined, &pidfd, &why) < 0)
		return error_set(err, ESRCH, "the container whose network is joined has ended");
	(void)close(pidfd.fd); /* only looked for */
	return 0;
}
