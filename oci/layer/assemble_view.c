/* Layers seen from above; see assemble_view.h. */
#include "oci/layer/assemble_view.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define MAX_LINKS 40 /* as the kernel has it */

int assemble_view_compare(const char *a, const char *b)
{
	bool top = text_equal(a, "."), other = text_equal(b, ".");

	/* The top comes before everything, and sorts so in no alphabet. */
	return top || other ? (int)other - (int)top : index_compare(a, b);
}

const struct assemble_item *assemble_view_item(const struct assemble_sheet *sheet, const char *path)
{
	size_t low = 0, high = sheet->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = assemble_view_compare(sheet->items[middle].path, path);

		if (order == 0)
			return &sheet->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool assemble_view_entry(const struct assemble_view *view, size_t layer, const char *path,
			 struct assemble_found *ret)
{
	const struct assemble_sheet *sheet = &view->sheets[layer];

	if (sheet->kind == ASSEMBLE_INSTEAD) {
		const struct assemble_item *item = assemble_view_item(sheet, path);

		if (item == NULL)
			return false;
		*ret = (struct assemble_found){ .layer = item->layer, .at = item->at, .flags = item->flags };
	} else {
		int64_t at = index_find(sheet->index, path);

		if (at < 0)
			return false;
		*ret = (struct assemble_found){ .layer = layer, .at = (size_t)at };
		ret->flags = index_at(sheet->index, ret->at).flags;
	}
	if (ret->at == SIZE_MAX) {
		ret->mode = S_IFDIR | 0755;
		ret->link = "";
	} else {
		struct index_entry entry = index_at(view->layers[ret->layer].index, ret->at);

		ret->mode = entry.mode;
		ret->link = entry.link;
	}
	return true;
}

/* A directory above @path in this layer hides what lower ones have at @path; or is none. */
static int hides(const struct assemble_view *view, size_t layer, const char *path, struct error *err)
{
	autotext struct text above = TEXT_EMPTY;
	struct assemble_found found;

	if (text_equal(path, "."))
		return 0;
	if (assemble_view_entry(view, layer, ".", &found) && (found.flags & INDEX_OPAQUE) != 0)
		return 1;
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		above.length = 0;
		text_append_bytes(&above, path, (size_t)(slash - path));
		int result = text_done(&above, err);
		if (result < 0)
			return result;
		if (!assemble_view_entry(view, layer, above.data, &found))
			continue;
		if (!S_ISDIR(found.mode) || (found.flags & (INDEX_OPAQUE | INDEX_WHITEOUT)) != 0)
			return 1;
	}
	return 0;
}

int assemble_view_look(const struct assemble_view *view, size_t below, const char *path,
		       struct assemble_found *ret, struct error *err)
{
	struct assemble_found found;
	int candidate = 0;

	for (size_t layer = below; layer-- > 0;) {
		if (assemble_view_entry(view, layer, path, &found)) {
			if ((found.flags & INDEX_WHITEOUT) != 0)
				return candidate;
			bool implied = (found.flags & INDEX_IMPLIED) != 0;
			if (!implied || candidate == 0)
				*ret = found;
			if (!implied)
				return 1;
			candidate = 1;
		}
		int hidden = hides(view, layer, path, err);
		if (hidden != 0)
			return hidden < 0 ? hidden : candidate;
	}
	return candidate;
}

/* The way through a path: done has no symlink in it, rest is what is still to go. */
struct way {
	struct text done, rest;
	unsigned links;
};

static void go_up(struct way *way)
{
	while (way->done.length > 0 && way->done.data[way->done.length - 1] != '/')
		way->done.length--;
	if (way->done.length > 0)
		way->done.length--;
	if (way->done.data != NULL)
		way->done.data[way->done.length] = '\0';
}

/* Follow @link, the target of what was @part in the directory that is done. */
static int follow(struct way *way, const char *link, struct error *err)
{
	autotext struct text rest = TEXT_EMPTY;

	if (++way->links > MAX_LINKS || strlen(link) + way->rest.length > (size_t)2 * PATH_MAX)
		return error_set(err, EBADMSG, "symlinks lead in a circle");
	text_append(&rest, link);
	text_append(&rest, "/");
	text_append(&rest, way->rest.data);
	int result = text_done(&rest, err);
	if (result < 0)
		return result;
	if (link[0] == '/')
		way->done.length = 0;
	struct text old = way->rest;
	way->rest = rest;
	rest = old;
	return 0;
}

static int go_on(const struct assemble_view *view, size_t below, struct way *way, const char *part,
		 struct error *err)
{
	struct assemble_found found;
	size_t before = way->done.length;

	if (before > 0)
		text_append(&way->done, "/");
	text_append(&way->done, part);
	int result = text_done(&way->done, err);
	if (result == 0)
		result = assemble_view_look(view, below, way->done.data, &found, err);
	if (result <= 0 || !S_ISLNK(found.mode))
		return result < 0 ? result : 0;
	way->done.length = before;
	way->done.data[before] = '\0';
	return follow(way, found.link, err);
}

static int resolve(const struct assemble_view *view, size_t below, struct way *way, struct error *err)
{
	char part[NAME_MAX + 1];
	int result = 0;

	while (result == 0) {
		size_t skip = strspn(way->rest.data, "/");
		size_t length = strcspn(way->rest.data + skip, "/");

		if (length == 0)
			break;
		if (length > NAME_MAX)
			return error_set(err, EBADMSG, "a symlink leads nowhere");
		memcpy(part, way->rest.data + skip, length);
		part[length] = '\0';
		way->rest.length -= skip + length;
		memmove(way->rest.data, way->rest.data + skip + length, way->rest.length + 1);
		if (text_equal(part, ".."))
			go_up(way);
		else if (!text_equal(part, "."))
			result = go_on(view, below, way, part, err);
	}
	return result;
}

int assemble_view_resolve(const struct assemble_view *view, size_t below, const char *path, struct text *ret,
			  struct error *err)
{
	struct way way = { 0 };

	text_append(&way.rest, path);
	int result = text_done(&way.rest, err);
	if (result == 0)
		result = resolve(view, below, &way, err);
	if (result == 0) {
		ret->length = 0;
		text_append(ret, way.done.length == 0 ? "." : way.done.data);
		result = text_done(ret, err);
	}
	text_release(&way.done);
	text_release(&way.rest);
	return result;
}
