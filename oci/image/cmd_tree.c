/* hull image tree: the layers of images, and who shares them. */
#include "oci/image/command.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "oci/image/usage.h"

#include "base/banned.h"

static void append_sharers(struct front *front, const struct usage *usage, const struct usage_image *image,
			   size_t layer, struct text *ret)
{
	bool first = true;

	for (size_t i = 0; i < usage->image_count; i++) {
		const struct usage_image *other = &usage->images[i];
		bool has = false;

		for (size_t j = 0; other != image && j < other->layer_count; j++)
			has = has || other->layers[j] == layer;
		if (!has)
			continue;
		text_append(ret, first ? "  shared with " : ", ");
		usage_format_name(front, other->ref, ret);
		first = false;
	}
}

static void append_image(struct front *front, const struct usage *usage, const struct usage_image *image,
			 struct text *ret)
{
	char digits[REFS_SHORT_ID + 1];

	refs_short_id(image->ref->id == NULL ? image->ref->digest : image->ref->id, digits);
	usage_format_name(front, image->ref, ret);
	text_format(ret, "  %s", digits);
	if (image->containers > 0)
		text_format(ret, "  used by %zu container%s", image->containers,
			    image->containers == 1 ? "" : "s");
	text_append(ret, image->damaged ? "  damaged\n" : "\n");
	for (size_t i = 0; i < image->layer_count; i++) {
		const struct usage_layer *layer = &usage->layers[image->layers[i]];

		refs_short_id(layer->diff_id, digits);
		text_append(ret, i + 1 < image->layer_count ? "├── " : "└── ");
		text_format(ret, "%s  ", digits);
		words_size((double)layer->bytes, 1000, ret);
		append_sharers(front, usage, image, image->layers[i], ret);
		text_append(ret, "\n");
	}
}

static int do_tree(struct front *front, const struct strings *args, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct refs_found found;
	struct usage usage;
	int result = usage_load(front, &usage, err);

	text_append(&text, "");
	for (size_t a = 0; result == 0 && a < args->count; a++) {
		result = refs_find(&usage.refs, &front->arena, args->items[a], &found, err);
		for (size_t i = 0; result == 0 && i < usage.image_count; i++)
			if (refs_same_image(usage.images[i].ref, &usage.refs.items[found.index]))
				append_image(front, &usage, &usage.images[i], &text);
	}
	for (size_t i = 0; result == 0 && args->count == 0 && i < usage.image_count; i++)
		append_image(front, &usage, &usage.images[i], &text);
	return result < 0 ? result : commands_print(&text, err);
}

static int tree_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)values;
	return front_end(do_tree(front, args, err), err);
}

const struct command cmd_tree = {
	.name = "tree",
	.usage = "[IMAGE...]",
	.summary = "Show the layers of images, and who shares them",
	.max_args = COMMAND_ARGS_ANY,
	.run = tree_run,
};
