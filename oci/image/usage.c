/* Who uses which layers; see usage.h. */
#include "oci/image/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/image/content.h"
#include "oci/image/layers.h"

#include "base/banned.h"

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "look at the images");
}

static struct usage_image *find_image(struct usage *usage, const struct ref *ref)
{
	for (size_t i = 0; i < usage->image_count; i++)
		if (refs_same_image(usage->images[i].ref, ref))
			return &usage->images[i];
	return NULL;
}

/* The number of the layer, new or known. */
static size_t find_layer(struct front *front, struct usage *usage, const char *diff_id)
{
	struct layers_meta meta;
	struct error ignored;

	for (size_t i = 0; i < usage->layer_count; i++)
		if (text_equal(usage->layers[i].diff_id, diff_id))
			return i;
	bool known = layers_load_meta(&front->store, diff_id, &meta, &ignored) == 0;

	usage->layers[usage->layer_count] =
		(struct usage_layer){ .diff_id = diff_id, .bytes = known ? meta.bytes : 0 };
	return usage->layer_count++;
}

static int add_layers(struct front *front, struct usage *usage, struct usage_image *image,
		      const struct content *content, struct error *err)
{
	size_t count = content->config.diff_ids.count;
	size_t *numbers = arena_alloc(&front->arena, (count + 1) * sizeof(*numbers));
	struct usage_layer *layers =
		arena_alloc(&front->arena, (usage->layer_count + count + 1) * sizeof(*layers));

	if (numbers == NULL || layers == NULL)
		return no_memory(err);
	if (usage->layer_count > 0)
		memcpy(layers, usage->layers, usage->layer_count * sizeof(*layers));
	usage->layers = layers;
	for (size_t i = 0; i < count; i++) {
		bool again = false;

		numbers[i] = find_layer(front, usage, content->config.diff_ids.items[i]);
		for (size_t j = 0; j < i; j++)
			again = again || numbers[j] == numbers[i];
		layers[numbers[i]].images += !again;
	}
	image->layers = numbers;
	image->layer_count = count;
	image->diff_ids = &content->config.diff_ids;
	return 0;
}

static int add_image(struct front *front, struct usage *usage, const struct ref *ref, struct error *err)
{
	struct usage_image *image = find_image(usage, ref);
	struct content *content;
	struct error ignored;

	if (image != NULL) {
		if (image->ref->name == NULL)
			image->ref = ref;
		return 0;
	}
	image = &usage->images[usage->image_count++];
	*image = (struct usage_image){ .ref = ref };
	for (size_t i = 0; ref->id != NULL && i < usage->pins.count; i++)
		image->containers += text_equal(usage->pins.items[i].image, ref->id);
	content = arena_alloc(&front->arena, sizeof(*content));
	if (content == NULL)
		return no_memory(err);
	if (content_load(&front->store, ref, NULL, &front->arena, content, &ignored) < 0) {
		image->damaged = true;
		return 0;
	}
	return add_layers(front, usage, image, content, err);
}

int usage_load(struct front *front, struct usage *ret, struct error *err)
{
	struct usage usage = { 0 };
	int result = refs_load(&front->store, &front->arena, &usage.refs, err);

	if (result == 0)
		result = pins_load(&front->store, &front->arena, &usage.pins, NULL, err);
	if (result < 0)
		return result;
	usage.images = arena_alloc(&front->arena, (usage.refs.count + 1) * sizeof(*usage.images));
	if (usage.images == NULL)
		return no_memory(err);
	for (size_t i = 0; result == 0 && i < usage.refs.count; i++)
		result = add_image(front, &usage, &usage.refs.items[i], err);
	for (size_t i = 0; result == 0 && i < usage.image_count; i++)
		for (size_t j = 0; usage.images[i].containers > 0 && j < usage.images[i].layer_count; j++)
			usage.layers[usage.images[i].layers[j]].in_use = true;
	if (result == 0)
		*ret = usage;
	return result;
}

void usage_sizes(const struct usage *usage, const struct usage_image *image, uint64_t *ret_unique,
		 uint64_t *ret_shared)
{
	*ret_unique = *ret_shared = 0;
	for (size_t i = 0; i < image->layer_count; i++) {
		const struct usage_layer *layer = &usage->layers[image->layers[i]];

		*(layer->images > 1 ? ret_shared : ret_unique) += layer->bytes;
	}
}

void usage_format_name(struct front *front, const struct ref *ref, struct text *ret)
{
	char digits[REFS_SHORT_ID + 1];
	struct reference reference;
	struct error ignored;

	if (ref->name != NULL && reference_parse(ref->name, &front->arena, &reference, &ignored) == 0) {
		reference_familiar(&reference, ret);
		return;
	}
	refs_short_id(ref->id == NULL ? ref->digest : ref->id, digits);
	text_append(ret, digits);
}
