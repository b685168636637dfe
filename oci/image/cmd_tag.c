/* hull image tag: a further name for an image. */
#include "oci/image/command.h"

#include <errno.h>

#include "base/cleanup.h"
#include "oci/image/refs.h"

#include "base/banned.h"

static int do_tag(struct front *front, const char *source, const char *target, struct error *err)
{
	struct reference reference;
	struct refs_found found;
	struct refs refs;
	autotext struct text text = TEXT_EMPTY;
	int result = reference_parse(target, &front->arena, &reference, err);

	if (result < 0)
		return error_add(err, "\"%.200s\" is no name for an image", target);
	if (reference.digest != NULL)
		return error_set(err, 0, "refusing to create a tag with a digest reference");
	reference = reference_or_latest(&reference);
	reference_format(&reference, &text);
	const char *name = front_copy(front, &text);

	if (name == NULL)
		return error_set(err, ENOMEM, "tag an image");
	result = refs_begin(&front->store, &front->arena, &refs, err);
	if (result < 0)
		return result;
	result = refs_find(&refs, &front->arena, source, &found, err);
	if (result == 0) {
		struct ref ref = refs.items[found.index];

		result = refs_set(&refs, &front->arena, &ref, name, NULL, err);
	}
	if (result < 0) {
		refs_cancel(&front->store);
		return result;
	}
	return refs_commit(&front->store, &front->arena, &refs, err);
}

static int tag_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)values;
	return front_end(do_tag(front, args->items[0], args->items[1], err), err);
}

const struct command cmd_tag = {
	.name = "tag",
	.usage = "IMAGE NAME[:TAG]",
	.summary = "Give an image a further name",
	.min_args = 2,
	.max_args = 2,
	.run = tag_run,
};
