/* Networks of containers; see network.h. */
#include "shim/container/network.h"

#include <errno.h>
#include <string.h>

#include "base/commands.h"
#include "base/text.h"
#include "shim/container/spawn.h"

#include "base/banned.h"

bool network_possible(const struct view *view)
{
	const char *network = view->container.network;

	return network != NULL && (view->state == LIFE_RUNNING || view->state == LIFE_PAUSED) &&
	       !text_equal(network, "host") && !text_equal(network, "none") &&
	       !text_starts(network, "container:") && !text_starts(network, "ns:");
}

/* One object per line. */
static int read_lines(struct front *front, const struct text *text, struct network_list *ret,
		      struct error *err)
{
	size_t lines = 0;

	for (size_t at = 0; at < text->length; at++)
		lines += text->data[at] == '\n';
	ret->items = arena_alloc(&front->arena, (lines + 1) * sizeof(*ret->items));
	if (ret->items == NULL)
		return error_set(err, ENOMEM, "read networks");
	for (size_t at = 0; at < text->length && ret->count < lines;) {
		size_t length = strcspn(text->data + at, "\n");
		int result = json_parse(&front->arena, "hull-net", text->data + at, length,
					&ret->items[ret->count], err);

		if (result < 0)
			return result;
		ret->count++;
		at += length + 1;
	}
	return 0;
}

void network_load(struct front *front, struct network_list *ret)
{
	autotext struct text text = TEXT_EMPTY;
	struct spawn_args args = { .count = 0 };
	struct error err;

	*ret = (struct network_list){ 0 };
	spawn_add(&args, arena_format(&front->arena, "%s/hull-net", front->directory));
	spawn_add(&args, "ls");
	spawn_add(&args, "--no-trunc");
	spawn_add(&args, "--format");
	spawn_add(&args, "json");
	int result = spawn_run(&args, &text, &err);
	if (result == 0)
		result = read_lines(front, &text, ret, &err);
	if (result < 0) {
		commands_fail(&err);
		ret->count = 0;
	}
}

const char *network_text(const struct json *network, const char *name)
{
	const struct json *value = network == NULL ? NULL : json_get(network, name);

	return value == NULL || value->type != JSON_STRING ? "" : value->text;
}

const struct json *network_of(const struct network_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(network_text(list->items[i], "ID"), id))
			return list->items[i];
	return NULL;
}
