/* Layers stacked; see assembly.h. */
#include "oci/image/assembly.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/overlay.h"
#include "oci/image/fail.h"
#include "oci/image/layers.h"
#include "oci/layer/assemble.h"
#include "oci/layer/index.h"

#include "base/banned.h"

static int chain_path(const struct content *content, char ret[STORE_PATH_BYTES], struct error *err)
{
	const struct strings *diff_ids = &content->config.diff_ids;
	char chain[DIGEST_TEXT_BYTES];
	int result = content_chain_id(diff_ids, diff_ids->count - 1, chain, err);

	if (result == 0)
		store_path("chains", chain, ret);
	return result;
}

/* What meta.json tells of the layers. */
struct survey {
	size_t bottom; /* the lowest that is seen */
	bool leans;    /* one could lean on what is below it; one that stands alone has nothing to lean on */
};

static int look(const struct store *store, const struct content *content, struct survey *ret,
		struct error *err)
{
	const struct strings *diff_ids = &content->config.diff_ids;

	*ret = (struct survey){ 0 };
	for (size_t i = 0; i < diff_ids->count; i++) {
		struct layers_meta meta;
		int result = layers_load_meta(store, diff_ids->items[i], &meta, err);

		if (result < 0)
			return result;
		if (meta.opaque)
			*ret = (struct survey){ .bottom = i };
		/* the lowest has links to nothing: that is told where they are looked for */
		ret->leans = ret->leans || meta.lower_links > 0 || (i > ret->bottom && meta.implied > 0);
	}
	return 0;
}

bool assembly_is_ready(const struct store *store, const struct content *content)
{
	char path[STORE_PATH_BYTES];
	struct error ignored;
	struct survey survey;

	if (look(store, content, &survey, &ignored) < 0)
		return false;
	return !survey.leans || (chain_path(content, path, &ignored) == 0 && store_has(store, path));
}

/* --- making ------------------------------------------------------------------------------------------- */

struct stack {
	struct assemble_layer *layers;
	struct index *indexes;
	size_t count;
};

static void stack_release(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		cleanup_close(&stack->layers[i].directory);
		index_close(&stack->indexes[i]);
	}
	free(stack->layers);
	free(stack->indexes);
}

static int open_stack(const struct store *store, const struct content *content, struct stack *ret,
		      struct error *err)
{
	size_t count = content->config.diff_ids.count;

	ret->layers = calloc(count + 1, sizeof(*ret->layers));
	ret->indexes = calloc(count + 1, sizeof(*ret->indexes));
	if (ret->layers == NULL || ret->indexes == NULL)
		return error_set(err, ENOMEM, "stack layers");
	for (size_t i = 0; i < count; i++) {
		autoclose int index = -1;

		ret->layers[i] = (struct assemble_layer){ -1, &ret->indexes[i] };
		ret->indexes[i] = INDEX_NONE;
		ret->count = i + 1;
		int result = layers_open(store, content->config.diff_ids.items[i], &ret->layers[i].directory,
					 &index, err);

		if (result == 0)
			result = index_open(index, &ret->indexes[i], err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int make_chain(struct session *session, const struct content *content, const char *path,
		      struct error *err)
{
	const struct store *store = session->store;
	struct stack stack = { 0 };
	char place[STORE_PATH_BYTES];
	int result = open_stack(store, content, &stack, err);
	enum assemble_kind *kinds = calloc(stack.count + 1, sizeof(*kinds));

	if (result == 0 && kinds == NULL)
		result = error_set(err, ENOMEM, "stack layers");
	session_place(session, place);
	if (result == 0 && mkdirat(store->root, place, 0700) < 0)
		result = error_set(err, errno, "mkdir \"%s\"", place);
	autoclose int target = openat(store->root, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (result == 0 && target < 0)
		result = error_set(err, errno, "open \"%s\"", place);
	if (result == 0)
		result = assemble_make(stack.layers, stack.count, target, layers_user_xattr(), kinds, err);
	if (result == 0)
		result = session_sync(session, err);
	if (result == 0)
		result = session_publish(session, place, path, err);
	stack_release(&stack);
	free(kinds);
	return result;
}

/* Blobs of another program's, that are in the store already. */
static int unpack_missing(struct session *session, struct arena *arena, const struct content *content,
			  struct progress *progress, struct error *err)
{
	size_t count = content->config.diff_ids.count;
	struct layers_wanted *wanted = arena_alloc(arena, (count + 1) * sizeof(*wanted));
	struct blob_new *blobs = arena_alloc(arena, (count + 1) * sizeof(*blobs));

	if (wanted == NULL || blobs == NULL)
		return error_set(err, ENOMEM, "unpack layers");
	for (size_t i = 0; i < count; i++) {
		const struct image_descriptor *layer = &content->manifest.layers.items[i];
		char path[STORE_PATH_BYTES];
		bool there;

		(void)snprintf(blobs[i].digest, sizeof(blobs[i].digest), "%s", layer->digest);
		blobs[i].size = (uint64_t)layer->size;
		wanted[i] = (struct layers_wanted){ content->config.diff_ids.items[i], &blobs[i] };
		store_path("blobs", layer->digest, path);
		int result = session_claim(session, path, &there, err);

		if (result < 0)
			return result;
	}
	return layers_make(session, wanted, count, progress, err);
}

int assembly_prepare(struct session *session, struct arena *arena, const struct content *content,
		     struct progress *progress, struct error *err)
{
	char path[STORE_PATH_BYTES];
	struct survey survey = { 0 };
	bool there = false;
	autoclose int lock = -1;

	if (content->config.diff_ids.count == 0)
		return error_set(err, 0, "the image has no layers: nothing can run of it");
	int result = unpack_missing(session, arena, content, progress, err);

	if (result == 0)
		result = look(session->store, content, &survey, err);
	if (result < 0 || !survey.leans)
		return result;
	result = chain_path(content, path, err);
	if (result == 0)
		result = session_lock_make(session, strrchr(path, '/') + 1, true, &lock, err);
	if (result == 0)
		result = session_claim(session, path, &there, err);
	return result < 0 || there ? result : make_chain(session, content, path, err);
}

/* --- the stack ------------------------------------------------------------------------------------------ */

struct lists {
	struct arena *arena;
	const struct store *store;
	const char **lower, **objects;
	size_t lower_count, object_count;
};

static int add_lower(struct lists *lists, const char *object, const char *name, struct error *err)
{
	const char *path = arena_format(lists->arena, "%s/%s/%s", lists->store->path, object, name);

	if (path == NULL)
		return error_set(err, ENOMEM, "stack layers");
	lists->lower[lists->lower_count++] = path;
	return 0;
}

static int add_object(struct lists *lists, const char *object, struct error *err)
{
	const char *copy = arena_copy(lists->arena, object, strlen(object));

	if (copy == NULL)
		return error_set(err, ENOMEM, "stack layers");
	lists->objects[lists->object_count++] = copy;
	return 0;
}

static bool chain_has(const struct store *store, const char *chain, size_t at, enum assemble_kind kind,
		      char ret_name[ASSEMBLE_NAME_BYTES])
{
	char path[STORE_PATH_BYTES + ASSEMBLE_NAME_BYTES];

	if (chain[0] == '\0')
		return false;
	assemble_name(at, kind, ret_name);
	(void)snprintf(path, sizeof(path), "%s/%s", chain, ret_name);
	return store_has(store, path);
}

/* Layer @at, and what lies above it or stands for it. */
static int add_layer(struct lists *lists, const struct content *content, const char *chain, size_t at,
		     struct error *err)
{
	const struct strings *diff_ids = &content->config.diff_ids;
	char name[ASSEMBLE_NAME_BYTES], path[STORE_PATH_BYTES];
	int result = 0;

	/* a layer that comes again further up is hidden by itself; an overlay takes no directory twice */
	for (size_t above = at + 1; above < diff_ids->count; above++)
		if (text_equal(diff_ids->items[above], diff_ids->items[at]) &&
		    !chain_has(lists->store, chain, above, ASSEMBLE_INSTEAD, name))
			return 0;
	if (chain_has(lists->store, chain, at, ASSEMBLE_INSTEAD, name))
		return add_lower(lists, chain, name, err);
	if (chain_has(lists->store, chain, at, ASSEMBLE_ABOVE, name))
		result = add_lower(lists, chain, name, err);
	store_path("layers", diff_ids->items[at], path);
	if (result == 0)
		result = add_object(lists, path, err);
	return result < 0 ? result : add_lower(lists, path, "diff", err);
}

int assembly_make(const struct store *store, struct arena *arena, const struct content *content,
		  struct assembly *ret, struct error *err)
{
	size_t count = content->config.diff_ids.count;
	struct lists lists = { .arena = arena, .store = store };
	char chain[STORE_PATH_BYTES] = "";
	struct survey survey = { 0 };
	int result = look(store, content, &survey, err);

	lists.lower = arena_alloc(arena, (2 * count + 1) * sizeof(*lists.lower));
	lists.objects = arena_alloc(arena, (count + 2) * sizeof(*lists.objects));
	if (lists.lower == NULL || lists.objects == NULL)
		return error_set(err, ENOMEM, "stack layers");
	if (result == 0 && survey.leans)
		result = chain_path(content, chain, err);
	if (result == 0 && survey.leans)
		result = add_object(&lists, chain, err);
	for (size_t i = count; result == 0 && i > survey.bottom; i--)
		result = add_layer(&lists, content, chain, i - 1, err);
	if (result < 0)
		return result;
	if (lists.lower_count > OVERLAY_MAX_LOWER)
		return error_set(err, 0, "%zu layers, the kernel takes %d", lists.lower_count,
				 OVERLAY_MAX_LOWER);
	ret->lower = (struct strings){ lists.lower_count, lists.lower };
	ret->objects = (struct strings){ lists.object_count, lists.objects };
	return 0;
}

int assembly_open_view(const struct strings *lower, int *ret_fd, struct error *err)
{
	int *fds = calloc(lower->count + 1, sizeof(*fds));
	struct overlay overlay = { .lower = fds, .upper = -1, .work = -1, .userxattr = layers_user_xattr() };
	int result = fds == NULL ? error_set(err, ENOMEM, "look at the layers") : 0;

	for (size_t i = 0; result == 0 && i < lower->count; i++) {
		fds[i] = open(lower->items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds[i] < 0)
			result = errno == ENOENT ? fail_missing(err, "\"%s\" is gone", lower->items[i])
						 : error_set(err, errno, "open \"%s\"", lower->items[i]);
		else
			overlay.lower_count++;
	}
	if (result == 0 && lower->count == 1) {
		*ret_fd = fds[0];
		overlay.lower_count = 0;
	} else if (result == 0) {
		result = overlay_open(&overlay, ret_fd, err);
	}
	for (size_t i = 0; i < overlay.lower_count; i++)
		cleanup_close(&fds[i]);
	free(fds);
	return result;
}
