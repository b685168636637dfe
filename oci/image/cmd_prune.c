/* hull image prune: images without a name, or all that no container uses, and whatever else nobody needs. */
#include "oci/image/command.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "oci/image/collect.h"
#include "oci/image/content.h"
#include "oci/image/pins.h"
#include "oci/image/refs.h"
#include "oci/spec/filter.h"

#include "base/banned.h"

struct prune_values {
	struct flag_list filters;
	struct opt_bool all, force;
};

static const struct flag_row prune_rows[] = {
	FLAG(struct prune_values, all, BOOL, "all", 'a', NULL,
	     "all images that no container uses, not only those without a name"),
	FLAG(struct prune_values, filters, LIST, "filter", 0, "KEY=VALUE",
	     "of those only the ones that until, label or label!= names (repeatable)"),
	FLAG(struct prune_values, force, BOOL, "force", 'f', NULL, "do not ask"),
	{ 0 },
};

/* An answer that begins with y. */
static bool confirmed(bool all, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	char answer = 'n', next;

	text_format(&text, "WARNING! This will remove all %s.\nAre you sure you want to continue? [y/N] ",
		    all ? "images without at least one container associated to them" : "dangling images");
	if (commands_print(&text, err) < 0 || read(STDIN_FILENO, &answer, 1) != 1)
		return false;
	for (next = answer; next != '\n' && read(STDIN_FILENO, &next, 1) == 1;)
		;
	return tolower((unsigned char)answer) == 'y';
}

struct choice {
	bool all;
	struct filter_prune filter;
};

/* Labels are in the image's configuration; those of a damaged one are not known. */
static bool passes(struct front *front, const struct ref *ref, const struct filter_prune *filter)
{
	struct content content;
	struct error ignored;
	int64_t created_ns = FILTER_UNKNOWN;

	if (ref->created != NULL && words_parse_moment(ref->created, 0, &created_ns, &ignored) < 0)
		created_ns = FILTER_UNKNOWN;
	bool known = filter->by_label &&
		     content_load(&front->store, ref, NULL, &front->arena, &content, &ignored) == 0;
	return filter_prune_passes(filter, created_ns, known ? &content.config.defaults.labels : NULL);
}

static bool goes(struct front *front, const struct ref *ref, const struct pins *pins,
		 const struct choice *choice)
{
	return (choice->all || ref->name == NULL) && pins_of(pins, ref->id) == NULL &&
	       passes(front, ref, &choice->filter);
}

/* Takes the entries out, and says so. */
static int remove_entries(struct front *front, const struct choice *choice, struct text *said,
			  struct error *err)
{
	struct arena *arena = &front->arena;
	struct refs refs;
	struct pins pins;
	bool changed = false;
	int result = refs_begin(&front->store, arena, &refs, err);

	if (result < 0)
		return result;
	result = pins_load(&front->store, arena, &pins, NULL, err);
	for (size_t i = refs.count; result == 0 && i > 0; i--) {
		const struct ref *ref = &refs.items[i - 1];
		struct reference reference;
		struct error ignored;

		if (!goes(front, ref, &pins, choice))
			continue;
		text_append(said, changed ? "" : "Deleted Images:\n");
		if (ref->name != NULL && reference_parse(ref->name, arena, &reference, &ignored) == 0) {
			text_append(said, "untagged: ");
			reference_familiar(&reference, said);
			text_append(said, "\n");
		}
		text_format(said, "deleted: %s\n", ref->id == NULL ? ref->digest : ref->id);
		refs_remove(&refs, i - 1);
		changed = true;
	}
	if (result < 0 || !changed) {
		refs_cancel(&front->store);
		return result;
	}
	text_append(said, "\n");
	return refs_commit(&front->store, arena, &refs, err);
}

static int do_prune(struct front *front, const struct prune_values *given, struct error *err)
{
	struct choice choice = { .all = given->all.value };
	autotext struct text said = TEXT_EMPTY;
	struct collect_result collected;
	int result = filter_prune_parse(&given->filters, words_now_ns(), &choice.filter, err);

	if (result < 0)
		return result;
	if (!given->force.value && !confirmed(choice.all, err))
		return err->text[0] == '\0' ? 0 : -EIO;
	result = front_enter(front, err);
	if (result == 0)
		result = remove_entries(front, &choice, &said, err);
	if (result == 0)
		result = collect_garbage(&front->store, &front->arena, NULL, &collected, err);
	if (result < 0)
		return result;
	text_append(&said, "Total reclaimed space: ");
	words_size((double)collected.bytes, 1000, &said);
	text_append(&said, "\n");
	return commands_print(&said, err);
}

static int prune_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)args;
	return front_end(do_prune(front, values, err), err);
}

const struct command cmd_prune = {
	.name = "prune",
	.usage = "",
	.summary = "Remove images that nobody needs, and all garbage",
	.options = prune_rows,
	.values_size = COMMAND_VALUES(struct prune_values),
	.run = prune_run,
};
