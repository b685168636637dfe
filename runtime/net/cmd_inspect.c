/* hull net inspect: what containers have of their networks, as a document. */
#include "base/cleanup.h"
#include "base/flags.h"
#include "base/template.h"
#include "base/tree.h"
#include "runtime/net/front.h"
#include "runtime/net/view.h"

#include "base/banned.h"

struct inspect_values {
	const char *format;
};

static const struct flag_row inspect_rows[] = {
	FLAG(struct inspect_values, format, TEXT, "format", 'f', "FORMAT",
	     "json, or a template: {{.IPAddress}}"),
	{ 0 },
};

/* Every network that @id is in. */
static int inspect_one(struct front *front, const struct state_view *view, const char *id, const char *format,
		       struct text *ret, struct error *err)
{
	size_t found = 0;

	for (size_t i = 0; i < view->claims.count; i++) {
		const struct claim *claim = &view->claims.items[i];
		const struct json *document = NULL;

		if (!claim->alive || !text_equal(claim->id, id))
			continue;
		found++;
		int result = view_make(claim, &front->arena, &document, err);
		if (result == 0 && format != NULL)
			result = template_write(format, document, true, ret, err);
		if (result < 0)
			return result;
		if (format == NULL) {
			text_append(ret, ret->length > 1 ? ",\n" : "\n");
			tree_write(document, "    ", ret);
		} else {
			text_append(ret, "\n");
		}
	}
	return found > 0 ? 0 : error_set(err, 0, "\"%s\" is in no network", id);
}

static int inspect_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct inspect_values *given = values;
	bool json = given->format == NULL || text_equal(given->format, "json");
	autotext struct text text = TEXT_EMPTY;
	struct state_view view = { 0 };
	int status = 0, result = state_load(&front->state, &front->arena, &view, err);

	if (result < 0)
		return result;
	text_append(&text, json ? "[" : "");
	for (size_t i = 0; i < args->count; i++)
		if (inspect_one(front, &view, args->items[i], json ? NULL : given->format, &text, err) < 0) {
			commands_fail(err);
			status = FRONT_FAILED;
		}
	if (json)
		text_append(&text, text.length > 1 ? "\n]\n" : "]\n");
	result = text.length == 0 ? 0 : commands_print(&text, err);
	return result < 0 ? result : status;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.usage = "ID [ID...]",
	.summary = "Display what containers have of their networks",
	.options = inspect_rows,
	.values_size = COMMAND_VALUES(struct inspect_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = inspect_run,
};
