/* A new container; see make.h. */
#include "shim/container/make.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/number.h"
#include "base/path.h"
#include "base/text.h"
#include "base/tree.h"
#include "base/words.h"
#include "oci/spec/rootfs.h"
#include "shim/container/names.h"
#include "shim/container/spawn.h"
#include "shim/store/parent_cgroup.h"
#include "shim/store/record.h"

#include "base/banned.h"

#define DEFAULT_STOP_TIMEOUT_S 10
#define STOP_SIGNAL_ANNOTATION "org.opencontainers.image.stopSignal"
#define NAME_ATTEMPTS 1000

/* --- the document --------------------------------------------------------------------------------- */

/* @path as seen from the bundle, in the arena. NULL: no memory. */
static const char *from_bundle(struct arena *arena, const char *bundle, const char *path)
{
	return path[0] == '/' ? path : arena_format(arena, "%s/%s", bundle, path);
}

static bool is_bind(const struct spec_mount *mount)
{
	for (size_t i = 0; i < mount->options.count; i++)
		if (text_equal(mount->options.items[i], "bind") ||
		    text_equal(mount->options.items[i], "rbind"))
			return true;
	return text_equal(mount->type, "bind");
}

/* The mounts with absolute sources; the document's own where there is nothing to do. NULL: no memory. */
static const struct json *rewrite_mounts(const struct spec *spec, const char *bundle, struct arena *arena)
{
	const struct json *mounts = json_get(spec->json, "mounts"),
			  *item = mounts == NULL ? NULL : mounts->first;

	for (size_t i = 0; mounts != NULL && item != NULL && i < spec->mounts.count; i++, item = item->next) {
		const struct spec_mount *mount = &spec->mounts.items[i];

		if (mount->source == NULL || mount->source[0] == '/' || !is_bind(mount))
			continue;
		const char *source = from_bundle(arena, bundle, mount->source);
		if (source == NULL)
			return NULL;
		mounts = tree_with_item(arena, mounts, i,
					tree_with(arena, item, "source", tree_string(arena, source)));
	}
	return mounts;
}

int make_rewrite(const struct spec *spec, const struct make_document *wanted, struct arena *arena,
		 struct text *ret, struct error *err)
{
	const struct json *top = spec->json, *process = json_get(top, "process");
	const char *root = from_bundle(arena, wanted->bundle, spec->root->path);

	if (process == NULL)
		return error_set(err, 0, "config.json: process: is missing");
	if (root == NULL)
		return error_set(err, ENOMEM, "rewrite config.json");
	process = tree_with(arena, process, "terminal", tree_bool(arena, wanted->terminal));
	if (process != NULL && wanted->command.count > 0)
		process = tree_with(arena, process, "args",
				    tree_strings(arena, wanted->command.items, wanted->command.count));
	top = tree_with(arena, top, "process", process);
	if (top != NULL)
		top = tree_with(arena, top, "root",
				tree_with(arena, json_get(top, "root"), "path", tree_string(arena, root)));
	if (top != NULL && json_get(top, "mounts") != NULL)
		top = tree_with(arena, top, "mounts", rewrite_mounts(spec, wanted->bundle, arena));
	if (top != NULL)
		top = tree_with(arena, top, "linux",
				tree_with(arena, json_get(top, "linux"), "cgroupsPath",
					  tree_string(arena, wanted->cgroups_path)));
	if (top == NULL)
		return error_set(err, ENOMEM, "rewrite config.json");
	tree_write(top, NULL, ret);
	text_append(ret, "\n");
	return text_done(ret, err);
}

/* --- what is wanted ------------------------------------------------------------------------------- */

static int read_stop_signal(const struct make_values *values, const struct spec *spec, int *ret,
			    struct error *err)
{
	const char *word = values->stop_signal;

	for (size_t i = 0; word == NULL && i < spec->annotations.count; i++)
		if (text_equal(spec->annotations.items[i].key, STOP_SIGNAL_ANNOTATION))
			word = spec->annotations.items[i].value;
	*ret = word == NULL ? SIGTERM : spec_signal_number(word);
	if (*ret <= 0)
		return error_set(err, 0, "invalid signal: %s", word);
	return 0;
}

static int read_log_opts(const struct make_values *values, struct store_container *ret, struct error *err)
{
	for (size_t i = 0; i < values->log_opts.count; i++) {
		const char *item = values->log_opts.items[i];
		int64_t bytes;
		uint64_t files;

		if (text_starts(item, "max-size=")) {
			int result = number_parse_bytes(item + strlen("max-size="), &bytes, err);

			if (result < 0)
				return error_add(err, "invalid log opt \"%s\"", item);
			ret->log_max_bytes = bytes < 0 ? 0 : (uint64_t)bytes;
		} else if (text_starts(item, "max-file=")) {
			int result = number_parse_u64(item + strlen("max-file="), 10000, &files, err);

			if (result < 0)
				return error_add(err, "invalid log opt \"%s\"", item);
			if (files == 0)
				return error_set(err, 0, "max-file cannot be less than 1");
			ret->log_max_files = (uint32_t)files;
		} else {
			return error_set(err, 0, "unknown log opt '%.*s'", (int)strcspn(item, "="), item);
		}
	}
	return 0;
}

static int read_log(const struct make_values *values, struct store_container *ret, struct error *err)
{
	int found = values->log_driver == NULL ? LOG_DRIVER_JSON_FILE : -1;

	for (int i = 0; found < 0 && i < LOG_DRIVER_COUNT; i++)
		if (text_equal(store_log_driver_names[i], values->log_driver))
			found = i;
	if (found < 0)
		return error_set(err, 0, "logger: no log driver named '%s' is registered",
				 values->log_driver);
	ret->log_driver = (enum store_log_driver)found;
	ret->log_max_files = 1;
	return read_log_opts(values, ret, err);
}

static int read_wanted(const struct make_values *values, const struct spec *spec, struct store_container *ret,
		       struct error *err)
{
	int64_t timeout = values->stop_timeout.set ? values->stop_timeout.value : DEFAULT_STOP_TIMEOUT_S;

	ret->terminal = values->tty.value;
	ret->open_stdin = values->interactive.value;
	ret->auto_remove = values->rm.value;
	ret->created_ns = words_now_ns();
	if (timeout < 0 || timeout > INT32_MAX)
		return error_set(err, 0, "invalid stop timeout: %lld", (long long)timeout);
	ret->stop_timeout_s = (uint32_t)timeout;
	int result = values->restart == NULL
			     ? 0
			     : store_parse_restart(values->restart, &ret->restart, &ret->restart_max, err);
	if (result == 0 && ret->auto_remove && ret->restart != RESTART_NO)
		result = error_set(err, 0, "conflicting options: cannot specify both --restart and --rm");
	if (result == 0)
		result = read_stop_signal(values, spec, &ret->stop_signal, err);
	return result < 0 ? result : read_log(values, ret, err);
}

/* --- in the store --------------------------------------------------------------------------------- */

static int claim_name(struct front *front, const char *wanted, const char *id, const char **ret,
		      struct error *err)
{
	char name[64];
	uint64_t number;

	if (wanted != NULL) {
		*ret = wanted;
		return store_claim_name(&front->store, wanted, id, err);
	}
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return error_set(err, errno, "getrandom");
	for (unsigned attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		names_make(number, attempt, name, sizeof(name));
		int result = store_claim_name(&front->store, name, id, err);

		if (result == -EEXIST)
			continue;
		*ret = arena_copy(&front->arena, name, strlen(name));
		return result == 0 && *ret == NULL ? error_set(err, ENOMEM, "name a container") : result;
	}
	return -EEXIST;
}

/* What a container is made of. */
struct making {
	const struct make_values *values;
	const struct choices *choices;
	struct strings words;
	struct spec *spec;    /* of the bundle; of an image's once hull-image has made it */
	struct rootfs rootfs; /* where has_rootfs; strings in the front's arena */
	bool has_rootfs;
	struct store_container container;
};

/* For flags_words: the choices alone. */
struct choices_only {
	struct choices choices;
};
static const struct flag_row choice_rows[] = { CHOICE_ROWS(struct choices_only), { 0 } };

static int choice_words(struct front *front, const struct choices *choices, struct strings *ret,
			struct error *err)
{
	const struct choices_only only = { *choices };

	return flags_words(choice_rows, &only, &front->arena, ret, err);
}

/* "container:X": the id of what X names, which is looked up again at each start. */
static int resolve_network(struct front *front, struct making *making, struct error *err)
{
	static const char prefix[] = "container:";
	const char *network = making->choices->network;
	char id[STORE_ID_DIGITS + 1];

	making->container.network = network == NULL || network[0] == '\0' ? "bridge" : network;
	if (network == NULL || !text_starts(network, prefix))
		return 0;
	int result = store_find(&front->store, network + strlen(prefix), id, err);
	if (result < 0)
		return result;
	making->container.network = arena_format(&front->arena, "%s%s", prefix, id);
	return making->container.network == NULL ? error_set(err, ENOMEM, "make a container") : 0;
}

static void add_option(struct spawn_args *args, const char *option, const char *value)
{
	if (value == NULL)
		return;
	spawn_add(args, option);
	spawn_add(args, value);
}

/* hull-image makes the bundle in the claimed directory: document, layers, files that are mounted. */
static int make_bundle(struct front *front, struct making *making, const char *directory, struct error *err)
{
	const struct store_container *container = &making->container;
	struct choices choices = *making->choices;
	struct spawn_args args = { .count = 0 };
	struct strings words;

	/* until it is started nobody has a network to join */
	if (text_starts(container->network, "container:"))
		choices.network = "none";
	int result = choice_words(front, &choices, &words, err);
	if (result < 0)
		return result;
	spawn_add(&args, arena_format(&front->arena, "%s/hull-image", front->directory));
	add_option(&args, "--root", front->images);
	spawn_add(&args, "bundle");
	add_option(&args, "--id", container->id);
	add_option(&args, "--name", container->name);
	add_option(&args, "--volumes", front->volumes);
	add_option(&args, "--platform", making->values->platform);
	if (container->terminal)
		spawn_add(&args, "--tty");
	for (size_t i = 0; i < words.count; i++)
		spawn_add(&args, words.items[i]);
	spawn_add(&args, "--");
	spawn_add(&args, container->image);
	spawn_add(&args, directory);
	for (size_t i = 1; i < making->words.count; i++)
		spawn_add(&args, making->words.items[i]);
	return spawn_run(&args, NULL, err);
}

static int load_bundle(struct front *front, struct making *making, int dir, struct error *err)
{
	int result = spec_load(dir, &making->spec, NULL, NULL, err);

	return result < 0 ? result
			  : rootfs_load(dir, &front->arena, &making->rootfs, &making->has_rootfs, err);
}

static int make_from_image(struct front *front, struct making *making, int dir, struct error *err)
{
	struct store_container *container = &making->container;
	const char *directory = arena_format(&front->arena, "%s/%s", front->store.root_path, container->id);

	if (directory == NULL)
		return error_set(err, ENOMEM, "make a container");
	int result = resolve_network(front, making, err);
	if (result == 0)
		result = make_bundle(front, making, directory, err);
	if (result == 0)
		result = load_bundle(front, making, dir, err);
	if (result == 0)
		result = read_wanted(making->values, making->spec, container, err);
	container->bundle = directory;
	container->image_id = making->rootfs.image;
	return result;
}

/* A bundle's layers are those of the container. */
static int keep_rootfs(const struct making *making, int dir, bool sync, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;

	/* hull-image has written an image's, and does not wait for the disk */
	if (!making->has_rootfs || (making->container.image != NULL && !sync))
		return 0;
	int result = rootfs_format(&making->rootfs, &text, err);
	return result < 0 ? result : record_write(dir, ROOTFS_FILE, &text, sync, err);
}

/* In the claimed directory: the document, then the record that makes it a container. */
static int fill_directory(struct front *front, struct making *making, struct error *err)
{
	struct store_container *container = &making->container;
	autotext struct text document = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(&front->store, container->id, &dir, err);

	if (result == 0 && container->image != NULL)
		result = make_from_image(front, making, dir, err);
	if (result < 0)
		return result;
	const char *chosen =
		making->choices->cgroup_parent == NULL ? NULL : making->spec->linux->cgroups_path;
	struct make_document wanted = {
		.bundle = container->bundle,
		.command = container->command,
		.terminal = container->terminal,
		.cgroups_path = chosen != NULL
					? chosen
					: arena_format(&front->arena, PARENT_CGROUP "/%s", container->id),
	};
	if (wanted.cgroups_path == NULL)
		return error_set(err, ENOMEM, "make a container");
	result = make_rewrite(making->spec, &wanted, &front->arena, &document, err);
	if (result == 0)
		result = record_write(dir, "config.json", &document, !front->store.later, err);
	if (result == 0)
		result = keep_rootfs(making, dir, !front->store.later, err);
	if (result < 0)
		return result;
	if (container->command.count == 0 && making->spec->process != NULL)
		container->command = making->spec->process->args;
	return store_container_save(&front->store, container, err);
}

static int write_cidfile(const char *path, const char *id, struct error *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0 && errno == EEXIST)
		return error_set(err, 0,
				 "container ID file found, make sure the other container isn't running or "
				 "delete %s",
				 path);
	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", path);
	return fd_write_all(fd, id, strlen(id), path, err);
}

static int claim(struct front *front, struct making *making, char ret_id[STORE_ID_DIGITS + 1],
		 struct error *err)
{
	const struct make_values *values = making->values;
	struct store_container *container = &making->container;
	struct error ignored;
	int result = store_claim(&front->store, ret_id, err);

	if (result < 0)
		return result;
	container->id = ret_id;
	result = claim_name(front, values->name, ret_id, &container->name, err);
	if (result == 0) {
		result = fill_directory(front, making, err);
		if (result == 0 && values->cidfile != NULL)
			result = write_cidfile(values->cidfile, ret_id, err);
		if (result < 0)
			ignore_failure(store_drop_name(&front->store, container->name, &ignored)); /* free
				without its directory, too */
	}
	if (result < 0)
		ignore_failure(store_drop(&front->store, ret_id, &ignored)); /* the reason is told already */
	if (result == 0 && front->store.later)
		front->unsynced = container->name;
	return result;
}

static int open_bundle(struct front *front, struct making *making, struct error *err)
{
	autotext struct text bundle = TEXT_EMPTY, given = TEXT_EMPTY;
	struct strings words;
	int result = choice_words(front, making->choices, &words, err);

	if (result == 0 && words.count > 0)
		return error_set(err, 0, "%.*s is for images, not for bundles: their config.json says it",
				 (int)strcspn(words.items[0], "="), words.items[0]);
	if (result == 0)
		result = path_absolute(making->values->bundle, &given, err);
	if (result == 0)
		result = path_clean(given.data, &bundle, err);
	if (result < 0)
		return result;
	making->container.bundle = arena_copy(&front->arena, bundle.data, bundle.length);
	if (making->container.bundle == NULL)
		return error_set(err, ENOMEM, "make a container");
	autoclose int dir = open(bundle.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "bundle \"%s\"", bundle.data);
	result = load_bundle(front, making, dir, err);
	return result < 0 ? error_add(err, "bundle \"%s\"", bundle.data) : 0;
}

int make_container(struct front *front, const struct make_values *values, const struct choices *choices,
		   const struct strings *words, char ret_id[STORE_ID_DIGITS + 1], struct error *err)
{
	struct making making = { .values = values, .choices = choices, .words = *words };
	int result = 0;

	making.container.terminal = values->tty.value;
	if (values->bundle != NULL) {
		making.container.command = *words;
		result = open_bundle(front, &making, err);
		if (result == 0)
			result = read_wanted(values, making.spec, &making.container, err);
	} else if (words->count == 0) {
		return error_set(err, 0, "an image or --bundle DIR is needed");
	} else {
		making.container.image = words->items[0];
	}
	if (result == 0)
		result = claim(front, &making, ret_id, err);
	spec_free(making.spec);
	return result;
}
