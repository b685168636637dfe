/* The files below /run/hull/net; see state.h. Knows nothing of what is made of them. */
#include "runtime/net/state.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/commands.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/number.h"
#include "base/path.h"

#include "base/banned.h"

#define MAX_FILE ((size_t)8 << 20) /* a claim with all ports of a host has 6 MiB */
#define MAX_NETWORK_NAME 100
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* --- names ------------------------------------------------------------------------------------------ */

int state_check_id(const char *id, struct error *err)
{
	size_t length = strlen(id);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)id[i]) && strchr("_+-.", id[i]) == NULL)
			return error_set(err, 0, "invalid container id: \"%.100s\"", id);
	if (length == 0 || length > NAME_MAX || text_equal(id, ".") || text_equal(id, ".."))
		return error_set(err, 0, "invalid container id: \"%.100s\"", id);
	return 0;
}

int state_check_network(enum claim_driver driver, const char *name, struct error *err)
{
	size_t length = strlen(name), max = driver == CLAIM_BRIDGE ? IFNAMSIZ - 1 : MAX_NETWORK_NAME;

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && (i == 0 || strchr("_-.", name[i]) == NULL))
			return error_set(err, 0, "invalid network name: \"%.100s\"", name);
	if (length == 0 || length > max)
		return error_set(err, 0, "invalid network name: \"%.100s\" has not 1 to %zu characters", name,
				 max);
	return 0;
}

/* --- the directory ----------------------------------------------------------------------------------- */

int state_open(const char *path, struct state *ret, struct error *err)
{
	struct stat st;
	int result = 0;

	autoclose int root = open(path, DIRECTORY);
	if (root < 0) {
		result = path_make(path, 0700, err);
		if (result < 0)
			return result;
		root = open(path, DIRECTORY);
	}
	if (root < 0 || fstat(root, &st) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, EPERM, "\"%s\" can be written to by others", path);
	*ret = (struct state){ .root = take_fd(&root), .lock = -1 };
	return 0;
}

void state_close(struct state *state)
{
	state_unlock(state);
	cleanup_close(&state->root);
	state->root = -1;
}

int state_lock(struct state *state, struct error *err)
{
	autoclose int lock = openat(state->root, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (lock < 0)
		return error_set(err, errno, "open the lock");
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "lock");
	state->lock = take_fd(&lock);
	return 0;
}

void state_unlock(struct state *state)
{
	cleanup_close(&state->lock); /* the lock goes with its only descriptor */
	state->lock = -1;
}

/* --- reading ----------------------------------------------------------------------------------------- */

/* A list that grows in an arena; @room is doubled. */
static void *grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	size_t wanted = *room == 0 ? 16 : *room * 2;
	void *larger = arena_alloc(arena, wanted * size);
	if (larger != NULL && count > 0)
		memcpy(larger, items, count * size);
	if (larger != NULL)
		*room = wanted;
	return larger;
}

struct loading {
	struct arena *arena;
	struct state_view view;
	size_t network_room, claim_room;
};

static int read_claim(int containers, const struct state_network *network, const char *id,
		      struct loading *loading, struct error *err)
{
	struct claim claim = { .prefix = 0 };
	autotext struct text text = TEXT_EMPTY;
	int result = fd_read_file_at(containers, id, MAX_FILE, &text, err);

	if (result == -ENOENT)
		return 0; /* removed meanwhile */
	if (result == 0)
		result = claim_parse(id, text.data == NULL ? "" : text.data, text.length, loading->arena,
				     &claim, err);
	if (result == -ENOMEM)
		return result;
	if (result < 0) {
		/* nothing is known of it: a dead one's */
		commands_fail(err);
		claim = (struct claim){ .interface = "" };
	}
	claim.driver = network->driver;
	claim.network = network->name;
	claim.id = arena_copy(loading->arena, id, strlen(id));
	claim.alive = result == 0 && claim_is_alive(&claim);
	struct claim_list *list = &loading->view.claims;
	struct claim *items =
		grow(loading->arena, list->items, list->count, &loading->claim_room, sizeof(*items));
	if (items == NULL || claim.id == NULL)
		return error_set(err, ENOMEM, "read the state");
	list->items = items;
	items[list->count++] = claim;
	return 0;
}

/* @each for every name in the directory @fd that is none of "." and "..". */
static int each_name(int fd, int (*each)(int dir, const char *name, void *data, struct error *err),
		     void *data, struct error *err)
{
	int copy;
	int result = fd_dup(fd, 3, &copy, err);

	if (result < 0)
		return result;
	DIR *stream = fdopendir(copy);
	if (stream == NULL) {
		(void)close(copy); /* nothing was read */
		return error_set(err, ENOMEM, "read a directory");
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(stream);

		if (entry == NULL) {
			result = errno == 0 ? 0 : error_set(err, errno, "read a directory");
			break;
		}
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		result = each(fd, entry->d_name, data, err);
		if (result < 0)
			break;
	}
	(void)closedir(stream); /* it was read only */
	return result;
}

struct claims_of {
	struct loading *loading;
	struct state_network network;
};

static int see_claim(int dir, const char *name, void *data, struct error *err)
{
	const struct claims_of *of = data;

	return read_claim(dir, &of->network, name, of->loading, err);
}

static int read_member(const struct json *document, const char *name, const char **ret, struct error *err)
{
	const struct json *value = json_get(document, name);

	if (value == NULL || value->type != JSON_STRING)
		return json_error(document, err, "%s is missing", name);
	*ret = value->text;
	return 0;
}

static int parse_network(const char *bytes, size_t length, struct arena *arena, struct state_network *into,
			 struct error *err)
{
	const struct json *document, *mtu, *subnet6;
	const char *subnet = NULL, *gateway = NULL, *last = NULL;
	uint64_t number = 0;
	int result = json_parse(arena, "network", bytes, length, &document, err);

	if (result == 0)
		result = read_member(document, "subnet", &subnet, err);
	if (result == 0)
		result = read_member(document, "gateway", &gateway, err);
	if (result == 0)
		result = read_member(document, "last", &last, err);
	if (result == 0)
		result = address_parse_subnet(subnet, &into->subnet, err);
	if (result == 0)
		result = address_parse(gateway, &into->gateway, err);
	if (result == 0)
		result = address_parse(last, &into->last, err);
	if (result == 0) {
		mtu = json_get(document, "mtu");
		result = mtu == NULL || mtu->type != JSON_NUMBER
				 ? json_error(document, err, "mtu is missing")
				 : number_parse_u64(mtu->text, UINT16_MAX, &number, err);
	}
	into->mtu = (unsigned)number;
	subnet6 = result < 0 ? NULL : json_get(document, "subnet6");
	if (subnet6 != NULL)
		result = subnet6->type != JSON_STRING
				 ? json_error(subnet6, err, "is no string")
				 : address6_parse_subnet(subnet6->text, &into->subnet6, err);
	return result;
}

/* The settings of a bridge; none where its making was cut short. */
static int read_network(int dir, struct loading *loading, struct state_network *into, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = fd_read_file_at(dir, "network", MAX_FILE, &text, err);

	if (result == 0)
		result = parse_network(text.data == NULL ? "" : text.data, text.length, loading->arena, into,
				       err);
	if (result == -ENOENT)
		return 0;
	return result < 0 ? error_add(err, "network \"%s\"", into->name) : 0;
}

struct networks_of {
	struct loading *loading;
	enum claim_driver driver;
};

static int see_network(int dir, const char *name, void *data, struct error *err)
{
	const struct networks_of *of = data;
	struct loading *loading = of->loading;
	struct claims_of claims = { .loading = loading, .network = { .driver = of->driver } };
	struct state_network *network = &claims.network;
	autoclose int home = openat(dir, name, DIRECTORY);

	if (home < 0 || state_check_network(of->driver, name, err) < 0)
		return 0; /* nothing of hull-net's */
	network->name = arena_copy(loading->arena, name, strlen(name));
	if (network->name == NULL)
		return error_set(err, ENOMEM, "read the state");
	int result = network->driver == CLAIM_BRIDGE ? read_network(home, loading, network, err) : 0;
	if (result == -ENOMEM)
		return result;
	if (result < 0)
		commands_fail(err); /* made anew when it is needed */
	struct state_network_list *list = &loading->view.networks;
	struct state_network *items =
		grow(loading->arena, list->items, list->count, &loading->network_room, sizeof(*items));
	if (items == NULL)
		return error_set(err, ENOMEM, "read the state");
	list->items = items;
	items[list->count++] = *network;
	autoclose int containers = openat(home, "containers", DIRECTORY);
	return containers < 0 ? 0 : each_name(containers, see_claim, &claims, err);
}

int state_load(const struct state *state, struct arena *arena, struct state_view *ret, struct error *err)
{
	struct loading loading = { .arena = arena };

	for (unsigned driver = 0; driver < CLAIM_DRIVER_COUNT; driver++) {
		struct networks_of of = { &loading, (enum claim_driver)driver };
		autoclose int dir = openat(state->root, claim_driver_names[driver], DIRECTORY);
		int result = dir < 0 ? 0 : each_name(dir, see_network, &of, err);

		if (result < 0)
			return error_add(err, "read what is kept of networks");
	}
	*ret = loading.view;
	return 0;
}

struct state_network *state_find_network(const struct state_view *view, enum claim_driver driver,
					 const char *name)
{
	for (size_t i = 0; i < view->networks.count; i++) {
		struct state_network *network = &view->networks.items[i];

		if (network->driver == driver && text_equal(network->name, name))
			return network;
	}
	return NULL;
}

struct claim *state_find_claim(const struct state_view *view, enum claim_driver driver, const char *network,
			       const char *id)
{
	for (size_t i = 0; i < view->claims.count; i++) {
		struct claim *claim = &view->claims.items[i];

		if (claim->driver == driver && text_equal(claim->network, network) &&
		    text_equal(claim->id, id))
			return claim;
	}
	return NULL;
}

/* --- writing ----------------------------------------------------------------------------------------- */

/* The directory of a network, made where it is missing. */
static int open_network(const struct state *state, enum claim_driver driver, const char *name, int *ret,
			struct error *err)
{
	char path[MAX_NETWORK_NAME + 40];

	(void)snprintf(path, sizeof(path), "%s/%s", claim_driver_names[driver], name);
	autoclose int home = openat(state->root, path, DIRECTORY);
	if (home < 0) {
		if (mkdirat(state->root, claim_driver_names[driver], 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make \"%s\"", claim_driver_names[driver]);
		if (mkdirat(state->root, path, 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make \"%s\"", path);
		home = openat(state->root, path, DIRECTORY);
		if (home < 0)
			return error_set(err, errno, "open \"%s\"", path);
		if (mkdirat(home, "containers", 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make \"%s/containers\"", path);
	}
	*ret = take_fd(&home);
	return 0;
}

/* @text as the file @name of the directory @dir. Only one hull-net writes: it has the lock. */
static int write_file(int dir, struct text *text, const char *name, struct error *err)
{
	int result = text_done(text, err);

	if (result < 0)
		return result;
	autoclose int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(err, errno, "make a file");
	result = fd_write_all(fd, text->data, text->length, name, err);
	if (result == 0 && renameat(dir, "new", dir, name) < 0)
		result = error_set(err, errno, "rename a file");
	return result;
}

int state_write_claim(const struct state *state, const struct claim *claim, struct error *err)
{
	char name[NAME_MAX + 20];
	autotext struct text text = TEXT_EMPTY;
	autoclose int home = -1;
	int result = open_network(state, claim->driver, claim->network, &home, err);

	claim_format(claim, &text);
	(void)snprintf(name, sizeof(name), "containers/%s", claim->id);
	if (result == 0 && mkdirat(home, "containers", 0700) < 0 && errno != EEXIST)
		result = error_set(err, errno, "make \"containers\"");
	if (result == 0)
		result = write_file(home, &text, name, err);
	return result < 0 ? error_add(err, "note what \"%s\" has", claim->id) : 0;
}

int state_write_network(const struct state *state, const struct state_network *network, struct error *err)
{
	char subnet[ADDRESS_TEXT_BYTES], gateway[ADDRESS_TEXT_BYTES], last[ADDRESS_TEXT_BYTES];
	char subnet6[ADDRESS6_TEXT_BYTES];
	autotext struct text text = TEXT_EMPTY;
	autoclose int home = -1;
	int result = open_network(state, network->driver, network->name, &home, err);

	address_format(network->subnet.network, subnet);
	address_format(network->gateway, gateway);
	address_format(network->last, last);
	address6_format(&network->subnet6.network, subnet6);
	text_format(&text, "{\"subnet\":\"%s/%u\",\"gateway\":\"%s\",\"last\":\"%s\",\"mtu\":%u", subnet,
		    network->subnet.prefix, gateway, last, network->mtu);
	if (network->subnet6.prefix != 0)
		text_format(&text, ",\"subnet6\":\"%s/%u\"", subnet6, network->subnet6.prefix);
	text_append(&text, "}\n");
	if (result == 0)
		result = write_file(home, &text, "network", err);
	return result < 0 ? error_add(err, "note the network \"%s\"", network->name) : 0;
}

int state_remove_claim(const struct state *state, const struct claim *claim, struct error *err)
{
	char path[MAX_NETWORK_NAME + NAME_MAX + 40];

	(void)snprintf(path, sizeof(path), "%s/%s/containers/%s", claim_driver_names[claim->driver],
		       claim->network, claim->id);
	if (unlinkat(state->root, path, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove \"%s\"", path);
	return 0;
}

int state_remove_network(const struct state *state, const struct state_network *network, struct error *err)
{
	static const struct {
		const char *name;
		int flags;
	} parts[] = {
		{ "/new", 0 }, { "/network", 0 }, { "/containers", AT_REMOVEDIR }, { "", AT_REMOVEDIR }
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		char path[MAX_NETWORK_NAME + 40];

		(void)snprintf(path, sizeof(path), "%s/%s%s", claim_driver_names[network->driver],
			       network->name, parts[i].name);
		if (unlinkat(state->root, path, parts[i].flags) < 0 && errno != ENOENT)
			return error_set(err, errno, "remove \"%s\"", path);
	}
	return 0;
}
