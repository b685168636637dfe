/* Which bundles stand on which layers; see pins.h. */
#include "oci/image/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "oci/spec/field.h"
#include "oci/spec/rootfs.h"

#include "base/banned.h"

#define PIN_MAX_BYTES ((size_t)1 << 20)
#define SUFFIX ".json"

static const struct field fields[] = {
	FIELD(struct pin, image, "image", .required = true),
	FIELD(struct pin, reference, "reference"),
	FIELD(struct pin, directory, "directory", .required = true, .absolute = true),
	FIELD(struct pin, container, "container", .empty_is_absent = true),
	FIELD(struct pin, objects, "objects"),
	{ 0 },
};
static const struct field_object object = { sizeof(struct pin), fields, NULL };

/* The id in "ID.json"; NULL: another file, or no memory. */
static const char *id_of(struct arena *arena, const char *file)
{
	size_t length = strlen(file);

	if (!text_ends(file, SUFFIX) || length == strlen(SUFFIX))
		return NULL;
	length -= strlen(SUFFIX);
	if (strspn(file, "0123456789abcdef") != length || length >= PINS_ID_BYTES)
		return NULL;
	return arena_copy(arena, file, length);
}

static int load(const struct store *store, struct arena *arena, const char *id, struct pin *ret,
		struct error *err)
{
	struct field_reader reader = { .arena = arena };
	autotext struct text text = TEXT_EMPTY;
	char path[PINS_ID_BYTES + 16];
	const struct json *json;

	(void)snprintf(path, sizeof(path), "bundles/%s" SUFFIX, id);
	int result = fd_read_file_at(store->root, path, PIN_MAX_BYTES, &text, err);

	if (result == 0)
		result = json_parse(arena, path, text.data, text.length, &json, err);
	if (result == 0)
		result = field_expect(json, JSON_OBJECT, err);
	if (result == 0)
		result = field_read_object(&reader, json, &object, ret, err);
	ret->id = id;
	return result;
}

/* The bundle names its pin. What cannot be read is not known to be gone, and so it lives. */
static bool lives(const struct pin *pin, struct arena *arena)
{
	autoclose int bundle = open(pin->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct rootfs rootfs;
	struct error ignored;
	bool found = false;

	if (bundle < 0)
		return errno != ENOENT && errno != ENOTDIR;
	if (rootfs_load(bundle, arena, &rootfs, &found, &ignored) < 0)
		return true;
	return found && rootfs.pin != NULL && text_equal(rootfs.pin, pin->id);
}

struct lists {
	struct pin *pins;
	const char **dead;
	size_t count, dead_count, room;
};

static int grow(struct lists *lists, struct arena *arena, struct error *err)
{
	size_t room = lists->room * 2 + 16;
	struct pin *pins = arena_alloc(arena, room * sizeof(*pins));
	const char **dead = arena_alloc(arena, room * sizeof(*dead));

	if (pins == NULL || dead == NULL)
		return error_set(err, ENOMEM, "read bundles");
	if (lists->room > 0) {
		memcpy(pins, lists->pins, lists->count * sizeof(*pins));
		memcpy(dead, lists->dead, lists->dead_count * sizeof(*dead));
	}
	lists->pins = pins;
	lists->dead = dead;
	lists->room = room;
	return 0;
}

static int take(const struct store *store, struct arena *arena, const char *file, struct lists *lists,
		struct error *err)
{
	const char *id = id_of(arena, file);
	struct pin pin = { 0 };
	int result = 0;

	if (id == NULL)
		return 0;
	if (lists->count == lists->room || lists->dead_count == lists->room)
		result = grow(lists, arena, err);
	if (result < 0)
		return result;
	result = load(store, arena, id, &pin, err);
	if (result == -ENOENT)
		return 0; /* removed meanwhile */
	if (result < 0)
		/* cut short by a loss of power: its bundle was never finished, or names a pin that pins
		 * nothing; it is told by check and goes with the next collection */
		pin = (struct pin){ .id = id, .image = "", .directory = "/" };
	if (result == 0 && lives(&pin, arena))
		lists->pins[lists->count++] = pin;
	else
		lists->dead[lists->dead_count++] = id;
	return 0;
}

int pins_load(const struct store *store, struct arena *arena, struct pins *ret, struct strings *ret_dead,
	      struct error *err)
{
	int fd = openat(store->root, "bundles", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct lists lists = { 0 };
	int result = 0;

	if (stream == NULL) {
		result = error_set(err, errno, "read \"%s/bundles\"", store->path);
		cleanup_close(&fd);
		return result;
	}
	for (const struct dirent *entry = readdir(stream); result == 0 && entry != NULL;
	     entry = readdir(stream))
		result = take(store, arena, entry->d_name, &lists, err);
	(void)closedir(stream); /* only read */
	if (result < 0)
		return result;
	*ret = (struct pins){ lists.count, lists.pins };
	if (ret_dead != NULL)
		*ret_dead = (struct strings){ lists.dead_count, lists.dead };
	return 0;
}

int pins_make_id(char ret[PINS_ID_BYTES], struct error *err)
{
	unsigned char bytes[PINS_ID_BYTES / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set(err, errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static void append_member(struct text *ret, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_format(ret, ",\n \"%s\": ", name);
	text_append_json(ret, value);
}

/*
 * Not synced: a bundle is not either. Where the power goes between the two, one may survive without the
 * other; then hull says at its start that the layers are gone, if somebody has removed the image since.
 */
int pins_write(const struct store *store, const struct pin *pin, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	char path[PINS_ID_BYTES + 16];

	text_append(&text, "{\"version\": 1");
	append_member(&text, "image", pin->image);
	append_member(&text, "reference", pin->reference);
	append_member(&text, "directory", pin->directory);
	append_member(&text, "container", pin->container);
	text_append(&text, ",\n \"objects\": [");
	for (size_t i = 0; i < pin->objects.count; i++) {
		text_append(&text, i == 0 ? "\n  " : ",\n  ");
		text_append_json(&text, pin->objects.items[i]);
	}
	text_append(&text, "]}\n");
	int result = text_done(&text, err);

	(void)snprintf(path, sizeof(path), "bundles/%s" SUFFIX, pin->id);
	return result < 0 ? result : store_write(store, path, &text, false, err);
}

int pins_remove(const struct store *store, const char *id, struct error *err)
{
	char path[PINS_ID_BYTES + 16];

	(void)snprintf(path, sizeof(path), "bundles/%s" SUFFIX, id);
	if (unlinkat(store->root, path, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove \"%s/%s\"", store->path, path);
	return 0;
}

const struct pin *pins_of(const struct pins *pins, const char *image)
{
	for (size_t i = 0; image != NULL && i < pins->count; i++)
		if (text_equal(pins->items[i].image, image))
			return &pins->items[i];
	return NULL;
}

void pins_format_holder(const struct pin *pin, struct text *ret)
{
	if (pin->container != NULL)
		text_format(ret, "container %.12s", pin->container);
	else
		text_format(ret, "bundle %s", pin->directory);
}
