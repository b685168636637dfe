/*
 * What a stack of layers needs to come out right; see assemble.h. Layers are looked at from the bottom up,
 * each against what the ones below it have become. Effects are in assemble_make.c.
 */
#include "oci/layer/assemble.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "oci/layer/assemble_plan.h"
#include "oci/layer/assemble_view.h"

#include "base/banned.h"

#define IMPLIED_MODE 0755
#define MAX_LINKS 40

/* Items of the layer that is being looked at. */
struct list {
	struct assemble_item *items;
	size_t count, room;
};

/* Where a directory of the index has gone. */
struct place {
	size_t index_length; /* of its path in the index: "lib" */
	const char *path;    /* "usr/lib" */
};

struct places {
	struct place *items;
	size_t count, room;
};

void assemble_name(size_t at, enum assemble_kind kind, char ret[ASSEMBLE_NAME_BYTES])
{
	ret[0] = '\0';
	if (kind != ASSEMBLE_NONE)
		(void)snprintf(ret, ASSEMBLE_NAME_BYTES, "%zu.%s", at,
			       kind == ASSEMBLE_ABOVE ? "above" : "instead"); /* it fits */
}

size_t assemble_bottom(const struct assemble_layer *layers, size_t count)
{
	for (size_t i = count; i-- > 1;) {
		if (layers[i].index->count > 0 && (index_at(layers[i].index, 0).flags & INDEX_OPAQUE) != 0)
			return i;
	}
	return 0;
}

static bool ordinary(const struct index_entry *entry)
{
	return (entry->mode & 07777) == IMPLIED_MODE && entry->uid == 0 && entry->gid == 0 &&
	       (entry->flags & INDEX_XATTRS) == 0;
}

static int add_item(struct list *list, const struct assemble_item *item, struct error *err)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 256 : list->room * 2;
		struct assemble_item *items = realloc(list->items, room * sizeof(*items));

		if (items == NULL)
			return error_set(err, ENOMEM, "assemble");
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *item;
	return 0;
}

static int push_place(struct places *places, size_t index_length, const char *path, struct error *err)
{
	if (places->count == places->room) {
		size_t room = places->room == 0 ? 64 : places->room * 2;
		struct place *items = realloc(places->items, room * sizeof(*items));

		if (items == NULL)
			return error_set(err, ENOMEM, "assemble");
		places->items = items;
		places->room = room;
	}
	places->items[places->count++] = (struct place){ index_length, path };
	return 0;
}

/* Every directory on the way to @path, and itself. They are implied where the layer has none of its own. */
static int add_way(struct assemble_view *view, struct list *list, const char *path, struct error *err)
{
	int result =
		add_item(list, &(struct assemble_item){ .path = ".", .at = SIZE_MAX, .flags = INDEX_IMPLIED },
			 err);

	for (const char *slash = path; result == 0 && slash != NULL && !text_equal(path, ".");) {
		slash = strchr(slash, '/');
		struct assemble_item item = {
			.path = slash == NULL ? path : arena_copy(view->arena, path, (size_t)(slash - path)),
			.at = SIZE_MAX,
			.flags = INDEX_IMPLIED,
		};
		if (item.path == NULL)
			return error_set(err, ENOMEM, "assemble");
		result = add_item(list, &item, err);
		slash = slash == NULL ? NULL : slash + 1;
	}
	return result;
}

static const char *join(struct arena *arena, const char *directory, const char *leaf)
{
	if (text_equal(directory, "."))
		return leaf;
	return arena_format(arena, "%s/%s", directory, leaf);
}

/* The entry that the link @link of layer @at leads to. Returns 0 where there is none. */
static int follow_link(struct assemble_view *view, size_t at, const char *link, struct assemble_found *ret,
		       struct error *err)
{
	autotext struct text target = TEXT_EMPTY;
	const char *slash = strrchr(link, '/');
	int result = 0;

	if (slash != NULL) {
		autotext struct text directory = TEXT_EMPTY;

		text_append_bytes(&directory, link, (size_t)(slash - link));
		result = text_done(&directory, err);
		if (result == 0)
			result = assemble_view_resolve(view, at + 1, directory.data, &target, err);
		if (result == 0 && text_equal(target.data, "."))
			target.length = 0;
		else if (result == 0)
			text_append(&target, "/");
	}
	text_append(&target, slash == NULL ? link : slash + 1);
	if (result == 0)
		result = text_done(&target, err);
	return result < 0 ? result : assemble_view_look(view, at + 1, target.data, ret, err);
}

/* Where the file is that a hard link of layer @at means. */
static int find_target(struct assemble_view *view, size_t at, const struct index_entry *entry,
		       struct assemble_item *item, struct error *err)
{
	const char *link = entry->link;
	struct assemble_found found = { 0 };
	int result = 1;

	/* It may be one more link of this kind. */
	for (int i = 0; i < MAX_LINKS && result > 0 && found.mode == 0; i++) {
		result = follow_link(view, at, link, &found, err);
		if (result > 0 && found.mode == 0)
			link = found.link;
	}
	if (result < 0)
		return result;
	if (result == 0 || found.mode == 0 || S_ISDIR(found.mode))
		return error_set(err, EBADMSG, "\"%s\" is a hard link to \"%s\", which no layer below has",
				 entry->path, entry->link);
	item->layer = found.layer;
	item->at = found.at;
	item->flags = INDEX_LOWER_LINK;
	item->moved = true;
	return 0;
}

/* A directory without an entry: is it a symlink below? Then all that is in it goes where that leads. */
static int place_directory(struct assemble_view *view, size_t at, struct assemble_item *item,
			   struct list *list, const char **ret_path, bool *ret_changed, struct error *err)
{
	struct assemble_found found;

	*ret_path = item->path;
	if ((item->flags & INDEX_IMPLIED) != 0 && !text_equal(item->path, ".")) {
		/* The layer's own entry does not count, but what it hides does. */
		int result = assemble_view_look(view, at + 1, item->path, &found, err);

		if (result < 0)
			return result;
		if (result > 0 && S_ISLNK(found.mode)) {
			autotext struct text target = TEXT_EMPTY;

			*ret_changed = true;
			result = assemble_view_resolve(view, at + 1, item->path, &target, err);
			if (result < 0)
				return error_add(err, "\"%s\"", item->path);
			*ret_path = arena_copy(view->arena, target.data, target.length);
			return *ret_path == NULL ? error_set(err, ENOMEM, "assemble")
						 : add_way(view, list, *ret_path, err);
		}
	}
	return add_item(list, item, err);
}

static int list_entry(struct assemble_view *view, size_t at, size_t number, struct places *places,
		      struct list *list, bool *ret_changed, struct error *err)
{
	struct index_entry entry = index_at(view->layers[at].index, number);
	const char *slash = strrchr(entry.path, '/'), *path;
	struct assemble_item item = { .path = entry.path, .layer = at, .at = number, .flags = entry.flags };
	size_t above = slash == NULL ? 0 : (size_t)(slash - entry.path);
	bool top = text_equal(entry.path, ".");

	/* The places of directories that do not lead to this entry are done with. */
	while (places->count > 0 && places->items[places->count - 1].index_length > above)
		places->count--;
	if (!top) {
		const char *directory = places->count > 0 ? places->items[places->count - 1].path : ".";
		item.path = join(view->arena, directory, slash == NULL ? entry.path : slash + 1);
		if (item.path == NULL)
			return error_set(err, ENOMEM, "assemble");
		item.moved = !text_equal(item.path, entry.path);
	}
	if ((entry.flags & INDEX_LOWER_LINK) != 0) {
		*ret_changed = true;
		int result = find_target(view, at, &entry, &item, err);
		return result < 0 ? result : add_item(list, &item, err);
	}
	if (!S_ISDIR(entry.mode))
		return add_item(list, &item, err);
	int result = place_directory(view, at, &item, list, &path, ret_changed, err);
	return result < 0 ? result : push_place(places, top ? 0 : strlen(entry.path), path, err);
}

/* Of one path: what was there before what came there, an entry of its own before an implied one. */
static int rank(const struct assemble_item *item)
{
	return (item->at == SIZE_MAX ? 4 : 0) + ((item->flags & INDEX_IMPLIED) != 0 ? 2 : 0) + item->moved;
}

static int compare_items(const void *a, const void *b)
{
	const struct assemble_item *one = a, *other = b;
	int order = assemble_view_compare(one->path, other->path);

	return order != 0 ? order : rank(one) - rank(other);
}

/* The directory of @path is among the first @count items, as a directory. */
static int has_parent(const struct assemble_view *view, const struct list *list, size_t count,
		      const char *path, struct error *err)
{
	const struct assemble_sheet sheet = { .items = list->items, .count = count };
	const char *slash = strrchr(path, '/');
	autotext struct text directory = TEXT_EMPTY;

	if (slash == NULL)
		return 1;
	text_append_bytes(&directory, path, (size_t)(slash - path));
	int result = text_done(&directory, err);
	if (result < 0)
		return result;
	const struct assemble_item *item = assemble_view_item(&sheet, directory.data);
	return item != NULL &&
	       (item->at == SIZE_MAX || S_ISDIR(index_at(view->layers[item->layer].index, item->at).mode));
}

static int sort_items(const struct assemble_view *view, struct list *list, struct error *err)
{
	size_t kept = 0;

	if (list->count == 0)
		return 0;
	qsort(list->items, list->count, sizeof(*list->items), compare_items);
	for (size_t i = 0; i < list->count; i++) {
		const struct assemble_item *item = &list->items[i];

		if (kept > 0 && text_equal(list->items[kept - 1].path, item->path))
			continue;
		/* Only what came there can be in the way of a path that is there. */
		int result = item->moved ? has_parent(view, list, kept, item->path, err) : 1;
		if (result < 0)
			return result;
		if (result > 0)
			list->items[kept++] = *item;
	}
	list->count = kept;
	return 0;
}

static int keep_items(struct assemble_view *view, size_t at, const struct list *list, enum assemble_kind kind,
		      struct error *err)
{
	struct assemble_sheet *sheet = &view->sheets[at];
	struct assemble_item *items = arena_alloc(view->arena, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return error_set(err, ENOMEM, "assemble");
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof(*items));
	sheet->items = items;
	sheet->count = list->count;
	sheet->kind = kind;
	return 0;
}

/* The layer's tree as it has to be, if it has to be another one. */
static int plan_tree(struct assemble_view *view, size_t at, struct list *list, struct error *err)
{
	const struct index *index = view->layers[at].index;
	struct places places = { 0 };
	bool changed = false;
	int result = 0;

	for (size_t i = 0; result == 0 && i < index->count; i++)
		result = list_entry(view, at, i, &places, list, &changed, err);
	free(places.items);
	if (result < 0 || !changed)
		return result;
	result = sort_items(view, list, err);
	return result < 0 ? result : keep_items(view, at, list, ASSEMBLE_INSTEAD, err);
}

/* Directories that lower layers have with other attributes than implied ones get. */
static int plan_attributes(struct assemble_view *view, size_t at, struct list *list, struct error *err)
{
	const struct index *index = view->layers[at].index;

	list->count = 0;
	for (size_t i = 0; i < index->count; i++) {
		struct index_entry entry = index_at(index, i), lower;
		struct assemble_found found;

		if ((entry.flags & INDEX_IMPLIED) == 0)
			continue;
		int result = assemble_view_look(view, at + 1, entry.path, &found, err);
		if (result < 0)
			return result;
		if (result == 0 || found.at == SIZE_MAX || (found.flags & INDEX_IMPLIED) != 0)
			continue;
		lower = index_at(view->layers[found.layer].index, found.at);
		if (!S_ISDIR(lower.mode) || ordinary(&lower))
			continue;
		result = add_way(view, list, entry.path, err);
		if (result < 0)
			return result;
	}
	if (list->count == 0)
		return 0;
	int result = sort_items(view, list, err);
	return result < 0 ? result : keep_items(view, at, list, ASSEMBLE_ABOVE, err);
}

int assemble_plan(struct assemble_view *view, struct error *err)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct index *index = view->layers[i].index;
		struct list list = { 0 };
		int result = 0;

		if (index->lower_links > 0 || (i > 0 && index->implied > 0))
			result = plan_tree(view, i, &list, err);
		if (result == 0 && i > 0 && view->sheets[i].kind == ASSEMBLE_NONE)
			result = plan_attributes(view, i, &list, err);
		free(list.items);
		if (result < 0)
			return error_add(err, "layer %zu", i + 1);
	}
	return 0;
}

int assemble_plan_begin(const struct assemble_layer *layers, size_t count, struct arena *arena,
			struct assemble_view *ret, struct error *err)
{
	*ret = (struct assemble_view){ .layers = layers, .count = count, .arena = arena };
	ret->sheets = arena_alloc(arena, (count + 1) * sizeof(*ret->sheets));
	if (ret->sheets == NULL)
		return error_set(err, ENOMEM, "assemble");
	for (size_t i = 0; i < count; i++)
		ret->sheets[i].index = layers[i].index;
	return 0;
}
