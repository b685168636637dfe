/* hull image prune: images without a name, or all that no container uses, and whatever else nobody needs. */
#include "oci/image/command.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "oci/image/collect.h"
#include "oci/image/pins.h"
#include "oci/image/refs.h"

#include "base/banned.h"

struct prune_values {
	struct opt_bool all, force;
};

static const struct flag_row prune_rows[] = {
	FLAG(struct prune_values, all, BOOL, "all", 'a', NULL,
	     "all images that no container uses, not only those without a name"),
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

static bool goes(const struct ref *ref, const struct pins *pins, bool all)
{
	return (all || ref->name == NULL) && pins_of(pins, ref->id) == NULL;
}

/* Takes the entries out, and says so. */
static int remove_entries(struct front *front, bool all, struct text *said, struct error *err)
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

		if (!goes(ref, &pins, all))
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
	autotext struct text said = TEXT_EMPTY;
	struct collect_result collected;

	if (!given->force.value && !confirmed(given->all.value, err))
		return err->text[0] == '\0' ? 0 : -EIO;
	int result = front_enter(front, err);

	if (result == 0)
		result = remove_entries(front, given->all.value, &said, err);

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
