/* hull image check and repair: what is wrong with the store's images, and what can be put right again. */
#include "oci/image/command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "oci/image/collect.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"
#include "oci/image/layers.h"
#include "oci/image/pins.h"
#include "oci/image/rebuild.h"
#include "oci/image/usage.h"
#include "oci/image/verify.h"

#include "base/banned.h"

struct check_values {
	struct opt_bool deep, quiet;
};

static const struct flag_row check_rows[] = {
	FLAG(struct check_values, deep, BOOL, "deep", 0, NULL,
	     "read every blob, and look at every file of every layer"),
	FLAG(struct check_values, quiet, BOOL, "quiet", 'q', NULL, "say only what is wrong"),
	{ 0 },
};

/* One use of either. */
struct work {
	struct front *front;
	struct refs refs;
	struct pins pins;
	struct progress progress;
	bool deep, repair;
	size_t found, left; /* problems; those that are left */
	struct text said;
};

static const char *const parts[] = { "document", "blob", "layer" };
_Static_assert(ARRAY_LEN(parts) == VERIFY_PART_COUNT, "every part needs a word");

static void say_finding(struct work *work, const struct verify_finding *finding, const char *what)
{
	usage_format_name(work->front, finding->ref, &work->said);
	text_format(&work->said, ": %s", parts[finding->part]);
	if (finding->digest != NULL)
		text_format(&work->said, " %s", finding->digest);
	text_append(&work->said, ": ");
	text_append_escaped(&work->said, finding->problem, false);
	text_append(&work->said, what);
	text_append(&work->said, "\n");
}

/* --- repair --------------------------------------------------------------------------------------------- */

static const struct pin *holder_of(const struct work *work, const char *path)
{
	for (size_t i = 0; i < work->pins.count; i++)
		for (size_t j = 0; j < work->pins.items[i].objects.count; j++)
			if (text_equal(work->pins.items[i].objects.items[j], path))
				return &work->pins.items[i];
	return NULL;
}

/* The layer is unpacked again out of its blob. */
static int unpack_again(struct work *work, const struct verify_finding *finding, struct error *err)
{
	struct front *front = work->front;
	struct session session;
	struct content content;
	struct blob_new blob = { 0 };
	char path[STORE_PATH_BYTES];
	int result = content_load(&front->store, finding->ref, NULL, &front->arena, &content, err);

	if (result == 0)
		result = session_open(&front->store, &session, err);
	if (result < 0)
		return result;
	const struct image_descriptor *layer = &content.manifest.layers.items[finding->layer];
	struct layers_wanted wanted = { finding->digest, &blob };
	bool there;

	(void)snprintf(blob.digest, sizeof(blob.digest), "%s", layer->digest);
	blob.size = (uint64_t)layer->size;
	store_path("blobs", layer->digest, path);
	result = session_claim(&session, path, &there, err);
	if (result == 0)
		result = blob_check(&front->store, layer->digest, layer->size, err);
	store_path("layers", finding->digest, path);
	if (result == 0)
		result = store_discard(&front->store, path, err);
	if (result == 0)
		result = layers_make(&session, &wanted, 1, &work->progress, err);
	if (result == 0)
		result = store_sync_directory(&front->store, "layers/sha256", err);
	session_close(&session);
	return result;
}

/* Returns words for what was done; NULL: it is not repaired. */
static const char *try_repair(struct work *work, const struct verify_finding *finding)
{
	char path[STORE_PATH_BYTES];
	struct error problem;

	if (finding->part == VERIFY_BLOB) {
		/* out of the way, so that an import brings the right one */
		store_path("blobs", finding->digest, path);
		if (store_has(&work->front->store, path))
			ignore_failure(store_discard(&work->front->store, path, &problem));
		return NULL;
	}
	if (finding->part != VERIFY_LAYER)
		return NULL;
	store_path("layers", finding->digest, path);
	if (store_has(&work->front->store, path) && holder_of(work, path) != NULL)
		return NULL; /* files that a container has open are not taken from it */
	return unpack_again(work, finding, &problem) < 0 ? NULL : ": unpacked again";
}

static const char *advice(const struct work *work, const struct verify_finding *finding)
{
	char path[STORE_PATH_BYTES];

	if (finding->part != VERIFY_LAYER)
		return ": import the image again";
	store_path("layers", finding->digest, path);
	if (holder_of(work, path) != NULL)
		return ": remove the containers that use it, then repair";
	return ": its blob is damaged, too: import the image again";
}

static int found(void *context, const struct verify_finding *finding, struct error *err)
{
	struct work *work = context;
	const char *done = work->repair ? try_repair(work, finding) : NULL;

	(void)err;
	work->found++;
	work->left += done == NULL;
	say_finding(work, finding, done != NULL ? done : work->repair ? advice(work, finding) : "");
	return 0;
}

/* --- both ----------------------------------------------------------------------------------------------- */

static int look_at_all(struct work *work, struct error *err)
{
	struct front *front = work->front;
	const struct verify verify = { front, work->deep, found, work };
	int result = refs_load(&front->store, &front->arena, &work->refs, err);

	if (result == 0)
		result = pins_load(&front->store, &front->arena, &work->pins, NULL, err);
	for (size_t i = 0; result == 0 && i < work->refs.count; i++) {
		const struct ref *ref = &work->refs.items[i];
		bool again = false;

		for (size_t j = 0; j < i; j++) {
			again = again || text_equal(work->refs.items[j].digest, ref->digest);
			if (ref->name != NULL && work->refs.items[j].name != NULL &&
			    text_equal(work->refs.items[j].name, ref->name)) {
				text_format(&work->said, "%s: several images have this name\n", ref->name);
				work->found++;
				work->left++;
			}
		}
		if (!again)
			result = verify_image(&verify, ref, err);
	}
	return result;
}

static int say_sum(struct work *work, struct error *err)
{
	struct collect_result garbage;
	int result = collect_measure(&work->front->store, &work->front->arena, &garbage, err);

	if (result < 0)
		return result;
	text_format(&work->said, "%zu image%s, %zu problem%s", work->refs.count,
		    work->refs.count == 1 ? "" : "s", work->found, work->found == 1 ? "" : "s");
	if (work->repair && work->found > 0)
		text_format(&work->said, ", %zu repaired", work->found - work->left);
	if (garbage.objects > 0) {
		text_format(&work->said, "; garbage: %llu objects, ", (unsigned long long)garbage.objects);
		words_size((double)garbage.bytes, 1000, &work->said);
		text_append(&work->said, " (hull image prune)");
	}
	text_append(&work->said, "\n");
	return 0;
}

static int do_work(struct front *front, bool deep, bool quiet, bool repair, struct error *err)
{
	struct work work = { .front = front, .deep = deep, .repair = repair };
	bool rebuilt = false;
	int result = front_enter(front, err);

	progress_open(&work.progress, true);
	if (result == 0 && repair)
		result = rebuild_index(front, &rebuilt, err);
	if (rebuilt)
		text_append(&work.said,
			    "index.json was damaged: images have been found again, without names\n");
	if (result == 0)
		result = look_at_all(&work, err);
	if (result == 0 && !quiet)
		result = say_sum(&work, err);
	if (result == 0 && repair)
		result = store_empty_trash(&front->store, err);
	text_append(&work.said, "");
	if (result == 0)
		result = commands_print(&work.said, err);
	text_release(&work.said);
	return result == 0 && work.left > 0 ? FAIL_INTEGRITY : result;
}

static int check_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct check_values *given = values;

	(void)args;
	return front_end(do_work(front, given->deep.value, given->quiet.value, false, err), err);
}

static int repair_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct check_values *given = values;

	(void)args;
	return front_end(do_work(front, given->deep.value, given->quiet.value, true, err), err);
}

const struct command cmd_check = {
	.name = "check",
	.usage = "",
	.summary = "Look for damage in the store",
	.options = check_rows,
	.values_size = COMMAND_VALUES(struct check_values),
	.run = check_run,
};

const struct command cmd_repair = {
	.name = "repair",
	.usage = "",
	.summary = "Put right what `check` finds, as far as the store itself can",
	.options = check_rows,
	.values_size = COMMAND_VALUES(struct check_values),
	.run = repair_run,
};
