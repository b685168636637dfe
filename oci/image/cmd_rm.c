/*
 * hull image rm: names are taken away, and an image that has lost its last one is deleted, as docker does it:
 * one of several names can always go; the last one stays while a container uses the image, unless forced.
 * Even then a container keeps its layers.
 */
#include "oci/image/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/image/collect.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"
#include "oci/image/pins.h"
#include "oci/image/refs.h"

#include "base/banned.h"

struct rm_values {
	struct opt_bool force;
};

static const struct flag_row rm_rows[] = {
	FLAG(struct rm_values, force, BOOL, "force", 'f', NULL,
	     "take all names of an id away, also while containers use the image"),
	{ 0 },
};

/* What a removal is about, and what it tells. */
struct removal {
	struct front *front;
	struct refs refs;
	struct refs_found found;
	struct ref image; /* a copy of the entry that was found */
	bool force;
	struct strings objects; /* that the image stands on */
	const char **chains;    /* chainIDs of its layers, the topmost first */
	size_t chain_count;
	bool gone; /* no entry of the image is left */
	struct text said;
};

static void untagged(struct removal *removal, const struct ref *ref)
{
	struct reference reference;
	struct error ignored;

	if (ref->name == NULL || reference_parse(ref->name, &removal->front->arena, &reference, &ignored) < 0)
		return;
	text_append(&removal->said, "Untagged: ");
	reference_familiar(&reference, &removal->said);
	text_append(&removal->said, "\nUntagged: ");
	reference_familiar_name(&reference, &removal->said);
	text_format(&removal->said, "@%s\n", ref->index == NULL ? ref->digest : ref->index);
}

static void remove_entry(struct removal *removal, size_t index)
{
	untagged(removal, &removal->refs.items[index]);
	refs_remove(&removal->refs, index);
}

/* All entries of the image; also those that other compressions of it have. */
static void remove_all(struct removal *removal)
{
	for (size_t i = removal->refs.count; i > 0; i--)
		if (refs_same_image(&removal->refs.items[i - 1], &removal->image))
			remove_entry(removal, i - 1);
	removal->gone = true;
}

static int find_holder(struct removal *removal, const struct pin **ret, struct error *err)
{
	struct pins pins;
	int result = pins_load(&removal->front->store, &removal->front->arena, &pins, NULL, err);

	*ret = result < 0 ? NULL : pins_of(&pins, removal->image.id);
	return result;
}

static int remove_by_id(struct removal *removal, const char *word, struct error *err)
{
	autotext struct text holder = TEXT_EMPTY;
	const struct pin *pin;
	char id[REFS_SHORT_ID + 1];

	refs_short_id(removal->image.id == NULL ? removal->image.digest : removal->image.id, id);
	if (refs_count_names(&removal->refs, removal->found.index) > 1 && !removal->force)
		return fail_conflict(
			err,
			"conflict: unable to delete %s (must be forced) - image is referenced in "
			"multiple repositories",
			id);
	int result = find_holder(removal, &pin, err);

	if (result < 0)
		return result;
	if (pin != NULL && !removal->force) {
		pins_format_holder(pin, &holder);
		return fail_conflict(
			err,
			"conflict: unable to delete %s (must be forced) - image is being used by "
			"%s",
			id, holder.data);
	}
	(void)word;
	remove_all(removal);
	return 0;
}

static int remove_by_name(struct removal *removal, const char *word, struct error *err)
{
	autotext struct text holder = TEXT_EMPTY;
	const struct pin *pin;
	char id[REFS_SHORT_ID + 1];

	if (refs_count_names(&removal->refs, removal->found.index) > 1) {
		remove_entry(removal, removal->found.index);
		return 0;
	}
	int result = find_holder(removal, &pin, err);

	if (result < 0)
		return result;
	if (pin != NULL && !removal->force) {
		pins_format_holder(pin, &holder);
		refs_short_id(removal->image.id, id);
		return fail_conflict(
			err,
			"conflict: unable to remove repository reference \"%s\" (must force) - %s is "
			"using its referenced image %s",
			word, holder.data, id);
	}
	remove_all(removal);
	return 0;
}

/* Which layers a deletion may take away: known before, told after. */
static int list_chains(struct removal *removal, struct error *err)
{
	struct front *front = removal->front;
	struct content content;
	struct error ignored;

	if (content_load(&front->store, &removal->image, NULL, &front->arena, &content, &ignored) < 0)
		return 0; /* a damaged image can be removed, too */
	size_t count = content.config.diff_ids.count;

	removal->chains = arena_alloc(&front->arena, (2 * count + 1) * sizeof(*removal->chains));
	if (removal->chains == NULL)
		return error_set(err, ENOMEM, "remove an image");
	for (size_t i = 0; i < count; i++) {
		char chain[DIGEST_TEXT_BYTES];
		int result = content_chain_id(&content.config.diff_ids, count - 1 - i, chain, err);

		if (result < 0)
			return result;
		removal->chains[2 * i] = content.config.diff_ids.items[count - 1 - i];
		removal->chains[2 * i + 1] = arena_copy(&front->arena, chain, strlen(chain));
		if (removal->chains[2 * i + 1] == NULL)
			return error_set(err, ENOMEM, "remove an image");
	}
	removal->chain_count = count;
	return 0;
}

static int change_refs(struct removal *removal, const char *word, struct error *err)
{
	struct front *front = removal->front;
	int result = refs_begin(&front->store, &front->arena, &removal->refs, err);

	if (result < 0)
		return result;
	result = refs_find(&removal->refs, &front->arena, word, &removal->found, err);
	if (result == 0) {
		removal->image = removal->refs.items[removal->found.index];
		result = collect_objects(&front->store, &front->arena, &removal->image, &removal->objects,
					 err);
	}
	if (result == 0)
		result = list_chains(removal, err);
	if (result == 0)
		result = removal->found.by_id ? remove_by_id(removal, word, err)
					      : remove_by_name(removal, word, err);
	if (result < 0) {
		refs_cancel(&front->store);
		return result;
	}
	return refs_commit(&front->store, &front->arena, &removal->refs, err);
}

/* What is gone now: the image, and the layers that nobody else needs. */
static void tell_deleted(struct removal *removal)
{
	const char *id = removal->image.id == NULL ? removal->image.digest : removal->image.id;
	char path[STORE_PATH_BYTES];

	text_format(&removal->said, "Deleted: %s\n", id);
	for (size_t i = 0; i < removal->chain_count; i++) {
		store_path("layers", removal->chains[2 * i], path);
		if (!store_has(&removal->front->store, path))
			text_format(&removal->said, "Deleted: %s\n", removal->chains[2 * i + 1]);
	}
}

static int remove_image(struct front *front, const char *word, const void *data, struct error *err)
{
	const struct rm_values *given = data;
	struct removal removal = { .front = front, .force = given->force.value };
	struct collect_result ignored;
	int result = front_enter(front, err);

	if (result == 0)
		result = change_refs(&removal, word, err);
	if (result == 0)
		result = collect_garbage(&front->store, &front->arena, &removal.objects, &ignored, err);
	if (result == 0 && removal.gone)
		tell_deleted(&removal);
	if (removal.said.length > 0 && result == 0)
		result = commands_print(&removal.said, err);
	text_release(&removal.said);
	return result;
}

static int rm_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)err;
	return front_each(front, args, remove_image, values);
}

const struct command cmd_rm = {
	.name = "rm",
	.aliases = "rmi remove",
	.usage = "IMAGE [IMAGE...]",
	.summary = "Remove names of images, and images without one",
	.options = rm_rows,
	.values_size = COMMAND_VALUES(struct rm_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = rm_run,
};
