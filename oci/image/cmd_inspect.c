/* hull image inspect: all that is known of an image, in the shape that docker's has. */
#include "oci/image/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/template.h"
#include "base/tree.h"
#include "oci/image/content.h"
#include "oci/image/refs.h"

#include "base/banned.h"

struct inspect_values {
	const char *format, *platform;
};

static const struct flag_row inspect_rows[] = {
	FLAG(struct inspect_values, format, TEXT, "format", 'f', "FORMAT",
	     "json, or a template: {{.Id}} {{json .Config.Cmd}}"),
	FLAG(struct inspect_values, platform, TEXT, "platform", 0, "OS/ARCH[/VARIANT]",
	     "which of an index that another program put into the store"),
	{ 0 },
};

static const struct json *number(struct arena *arena, int64_t value)
{
	return tree_i64(arena, value);
}

/* RepoTags, or (@digests) RepoDigests. */
static const struct json *names_of(struct arena *arena, const struct refs *refs, const struct ref *image,
				   bool digests)
{
	const struct json *list = tree_strings(arena, NULL, 0);

	for (size_t i = 0; list != NULL && i < refs->count; i++) {
		const struct ref *ref = &refs->items[i];
		autotext struct text text = TEXT_EMPTY;
		struct reference reference;
		struct error ignored;

		if (ref->name == NULL || !refs_same_image(ref, image) ||
		    reference_parse(ref->name, arena, &reference, &ignored) < 0)
			continue;
		if (digests) {
			reference_familiar_name(&reference, &text);
			text_format(&text, "@%s", ref->index == NULL ? ref->digest : ref->index);
		} else {
			reference_familiar(&reference, &text);
		}
		const char *copy =
			text_done(&text, &ignored) < 0 ? NULL : arena_copy(arena, text.data, text.length);

		list = copy == NULL ? NULL : tree_append(arena, list, tree_string(arena, copy));
	}
	return list;
}

static const struct json *with(struct arena *arena, const struct json *object, const char *name,
			       const struct json *value)
{
	return object == NULL || value == NULL ? NULL : tree_with(arena, object, name, value);
}

static const struct json *with_text(struct arena *arena, const struct json *object, const char *name,
				    const char *value)
{
	return with(arena, object, name, tree_string(arena, value == NULL ? "" : value));
}

/* NULL: no memory. */
static const struct json *make_object(struct front *front, const struct refs *refs, const struct ref *ref,
				      const struct content *content, const struct json *config)
{
	struct arena *arena = &front->arena;
	const struct image_config *parsed = &content->config;
	const struct json *rootfs = tree_with(arena, NULL, "Type", tree_string(arena, "layers"));
	const struct json *object = tree_object(arena), *defaults = json_get(config, "config");
	const struct image_history *last =
		parsed->history_count == 0 ? NULL : &parsed->history[parsed->history_count - 1];

	rootfs = with(arena, rootfs, "Layers",
		      tree_strings(arena, parsed->diff_ids.items, parsed->diff_ids.count));
	object = with_text(arena, object, "Id", content->id);
	object = with(arena, object, "RepoTags", names_of(arena, refs, ref, false));
	object = with(arena, object, "RepoDigests", names_of(arena, refs, ref, true));
	object = with_text(arena, object, "Digest", content->digest);
	object = with_text(arena, object, "MediaType", content->media_type);
	object = with_text(arena, object, "Comment",
			   parsed->comment != NULL ? parsed->comment
			   : last == NULL          ? NULL
						   : last->comment);
	object = with_text(arena, object, "Created", parsed->created);
	object = with_text(arena, object, "DockerVersion", parsed->docker_version);
	object = with_text(arena, object, "Author", parsed->author);
	object = with(arena, object, "Config", defaults == NULL ? tree_object(arena) : defaults);
	object = with_text(arena, object, "Architecture", parsed->platform.architecture);
	if (parsed->platform.variant != NULL)
		object = with_text(arena, object, "Variant", parsed->platform.variant);
	object = with_text(arena, object, "Os", parsed->platform.os);
	object = with(arena, object, "Size", number(arena, content_unpacked(&front->store, content)));
	return with(arena, object, "RootFS", rootfs);
}

static int inspect_one(struct front *front, const struct inspect_values *given, const char *word,
		       const struct json **ret, struct error *err)
{
	struct image_platform platform;
	struct refs_found found;
	struct content content;
	struct refs refs;
	const struct json *config;
	int result = given->platform == NULL
			     ? 0
			     : image_platform_parse(given->platform, &front->arena, &platform, err);

	if (result == 0)
		result = front_find(front, word, &refs, &found, err);
	if (result == 0)
		result = content_load(&front->store, &refs.items[found.index],
				      given->platform == NULL ? NULL : &platform, &front->arena, &content,
				      err);
	if (result == 0)
		result = json_parse(&front->arena, "configuration", content.config_text,
				    strlen(content.config_text), &config, err);
	if (result < 0)
		return result;
	*ret = make_object(front, &refs, &refs.items[found.index], &content, config);
	return *ret == NULL ? error_set(err, ENOMEM, "inspect an image") : 0;
}

/* As docker: what could be found is shown, then what could not is told. */
static int inspect_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct inspect_values *given = values;
	bool lines = given->format != NULL && !text_equal(given->format, "json");
	const struct json *list = tree_strings(&front->arena, NULL, 0);
	autotext struct text text = TEXT_EMPTY;
	int status = 0, result = 0;

	for (size_t i = 0; i < args->count; i++) {
		const struct json *object = NULL;
		struct error why;

		error_clear(&why);
		result = inspect_one(front, given, args->items[i], &object, &why);
		if (result == 0 && lines) {
			result = template_write(given->format, object, false, &text, &why);
			text_append(&text, "\n");
		} else if (result == 0) {
			list = list == NULL ? NULL : tree_append(&front->arena, list, object);
		}
		int ended = front_end(result, &why);

		status = status == 0 ? ended : status;
	}
	if (!lines && list != NULL) {
		tree_write(list, given->format == NULL ? "    " : NULL, &text);
		text_append(&text, "\n");
	}
	text_append(&text, "");
	result = list == NULL ? error_set(err, ENOMEM, "inspect images") : commands_print(&text, err);
	int ended = front_end(result, err);

	return status == 0 ? ended : status;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.usage = "IMAGE [IMAGE...]",
	.summary = "Show all that is known of images, as JSON or by a template",
	.options = inspect_rows,
	.values_size = COMMAND_VALUES(struct inspect_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = inspect_run,
};
