/* Lists of plugins and what is said to them; see cni.h. */
#include "runtime/net/cni.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/tree.h"
#include "runtime/net/hosts.h"
#include "runtime/net/plugin.h"
#include "runtime/net/trust.h"

#include "base/banned.h"

#define MAX_LIST ((size_t)1 << 20)
#define MAX_PLUGINS 64

static const struct strings *directories(struct front *front)
{
	return &front->config.cni_plugins;
}

/* --- lists --------------------------------------------------------------------------------------------- */

static int by_name(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return text_ends(name, ".conflist") || text_ends(name, ".conf") || text_ends(name, ".json");
}

static int read_list(const char *path, struct arena *arena, const struct json **ret, struct stat *ret_st,
		     struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	autotext struct text text = TEXT_EMPTY;

	if (fd < 0 || fstat(fd, ret_st) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	if (!S_ISREG(ret_st->st_mode))
		return error_set(err, EINVAL, "\"%s\" is no regular file", path);
	int result = fd_read_all(fd, MAX_LIST, path, &text, err);
	if (result == 0)
		result = json_parse(arena, path, text.data == NULL ? "" : text.data, text.length, ret, err);
	if (result == 0 && (*ret)->type != JSON_OBJECT)
		result = json_error(*ret, err, "is no object");
	return result;
}

static const char *text_of(const struct json *object, const char *name)
{
	const struct json *value = object == NULL ? NULL : json_get(object, name);

	return value != NULL && value->type == JSON_STRING ? value->text : NULL;
}

/* A file with one plugin is a list of it. Errors: -EINVAL. */
static int complete_list(struct arena *arena, const struct json *document, const struct json **ret,
			 struct error *err)
{
	const struct json *plugins = json_get(document, "plugins");

	if (plugins == NULL) {
		autotext struct text text = TEXT_EMPTY;

		text_append(&text, "[");
		tree_write(document, NULL, &text);
		text_append(&text, "]");
		int result = text_done(&text, err);
		if (result == 0)
			result = json_parse(arena, "plugins", text.data, text.length, &plugins, err);
		if (result < 0)
			return result;
		document = tree_with(arena, document, "plugins", plugins);
		if (document == NULL)
			return error_set(err, ENOMEM, "read a list of plugins");
	}
	if (plugins->type != JSON_ARRAY || plugins->count == 0 || plugins->count > MAX_PLUGINS)
		return json_error(document, err, "plugins is no list of 1 to %d plugins", MAX_PLUGINS);
	for (const struct json *plugin = plugins->first; plugin != NULL; plugin = plugin->next)
		if (plugin->type != JSON_OBJECT || text_of(plugin, "type") == NULL)
			return json_error(plugin, err, "is no plugin: it has no type");
	*ret = document;
	return 0;
}

/* The first list of @directory that is called @name. Errors: -ENOENT; those of a list that cannot be read. */
static int find_in(struct arena *arena, const char *directory, const char *name, const struct json **ret,
		   struct error *err)
{
	struct dirent **entries = NULL;
	struct stat st;

	if (stat(directory, &st) < 0)
		return error_set(err, errno, "read \"%s\"", directory);
	int result = trust_check(&st, directory, err);
	if (result < 0)
		return result;
	int count = scandir(directory, &entries, by_name, alphasort);
	if (count < 0)
		return error_set(err, errno, "read \"%s\"", directory);
	result = -ENOENT;
	for (int i = 0; i < count; i++) {
		const char *path = arena_format(arena, "%s/%s", directory, entries[i]->d_name);
		const struct json *document = NULL;
		struct error other; /* a list of another name may be what it likes */

		if (result == -ENOENT && path != NULL &&
		    read_list(path, arena, &document, &st, &other) == 0 &&
		    text_of(document, "name") != NULL && text_equal(text_of(document, "name"), name)) {
			result = complete_list(arena, document, ret, err);
			if (result < 0)
				(void)error_add(err, "%s", path);
			else
				result = trust_check(&st, path, err);
		}
		free(entries[i]);
	}
	free(entries);
	return result == -ENOENT ? error_set(err, ENOENT, "no list \"%s\" in \"%s\"", name, directory)
				 : result;
}

static int find_list(struct front *front, const char *name, const struct json **ret, struct error *err)
{
	int result = error_set(err, ENOENT, "no list \"%s\"", name);

	for (size_t i = 0; result == -ENOENT && i < front->config.cni_lists.count; i++)
		result = find_in(&front->arena, front->config.cni_lists.items[i], name, ret, err);
	return result < 0 ? error_add(err, "network \"cni:%s\"", name) : 0;
}

/* --- what plugins may be told ----------------------------------------------------------------------------
 */

static void add_list(const char *name, const struct strings *words, struct text *ret)
{
	text_format(ret, "\"%s\":[", name);
	for (size_t i = 0; i < words->count; i++) {
		text_append(ret, i == 0 ? "" : ",");
		text_append_json(ret, words->items[i]);
	}
	text_append(ret, "]");
}

static void add_mappings(const struct publish_list *ports, struct text *ret)
{
	text_append(ret, "\"portMappings\":[");
	for (size_t i = 0; i < ports->count; i++) {
		const struct publish_port *port = &ports->items[i];
		char address[ADDRESS_TEXT_BYTES];

		text_format(ret,
			    "%s{\"hostPort\":%" PRIu16 ",\"containerPort\":%" PRIu16 ",\"protocol\":\"%s\"",
			    i == 0 ? "" : ",", port->host_port, port->container_port,
			    publish_protocol_names[port->protocol]);
		address_format(port->host_ip, address);
		if (port->host_ip != 0)
			text_format(ret, ",\"hostIP\":\"%s\"", address);
		text_append(ret, "}");
	}
	text_append(ret, "]");
}

/* Everything that a plugin can ask for by its capabilities; each gets what it asks for. */
static void add_capabilities(const struct request *request, const struct claim *claim, struct text *ret)
{
	char address[ADDRESS_TEXT_BYTES], mac[ADDRESS_MAC_TEXT_BYTES];

	address_format(request->claim.address, address);
	address_format_mac(&request->claim.mac, mac);
	text_append(ret, "{");
	add_mappings(&claim->ports, ret);
	text_append(ret, ",\"aliases\":{");
	text_append_json(ret, claim->network);
	text_append(ret, ":[");
	for (size_t i = 0; i < claim->aliases.count; i++) {
		text_append(ret, i == 0 ? "" : ",");
		text_append_json(ret, claim->aliases.items[i]);
	}
	text_append(ret, "]},\"dns\":{");
	add_list("servers", &request->resolver.servers, ret);
	text_append(ret, ",");
	add_list("searches", &request->resolver.searches, ret);
	text_append(ret, ",");
	add_list("options", &request->resolver.options, ret);
	text_append(ret, "}");
	if (request->claim.address != 0)
		text_format(ret, ",\"ips\":[\"%s\"]", address);
	if (request->has_mac)
		text_format(ret, ",\"mac\":\"%s\"", mac);
	text_append(ret, "}");
}

/* The older way, for plugins without these capabilities. */
static void add_args(const struct request *request, struct text *ret)
{
	char address[ADDRESS_TEXT_BYTES], mac[ADDRESS_MAC_TEXT_BYTES];

	text_append(ret, "IgnoreUnknown=1");
	address_format(request->claim.address, address);
	address_format_mac(&request->claim.mac, mac);
	if (request->claim.address != 0)
		text_format(ret, ";IP=%s", address);
	if (request->has_mac)
		text_format(ret, ";MAC=%s", mac);
}

/* All of @list are there: else some would be called, and nobody could undo it. */
static int find_plugins(struct front *front, const struct json *list, struct error *err)
{
	const char *path;

	for (const struct json *plugin = json_get(list, "plugins")->first; plugin != NULL;
	     plugin = plugin->next) {
		int result =
			plugin_find(text_of(plugin, "type"), directories(front), &front->arena, &path, err);

		if (result < 0)
			return result;
	}
	return 0;
}

int cni_prepare(struct front *front, const struct request *request, struct claim *claim, struct error *err)
{
	autotext struct text text = TEXT_EMPTY, args = TEXT_EMPTY;
	const struct json *list = NULL;
	int result = find_list(front, claim->network, &list, err);

	if (result == 0)
		result = find_plugins(front, list, err);
	if (result < 0)
		return result;
	add_args(request, &args);
	text_append(&text, "{\"list\":");
	tree_write(list, NULL, &text);
	text_append(&text, ",\"capabilities\":");
	add_capabilities(request, claim, &text);
	text_append(&text, ",\"args\":");
	text_append_json(&text, args.data == NULL ? "" : args.data);
	text_append(&text, "}");
	result = text_done(&text, err);
	return result < 0 ? result
			  : json_parse(&front->arena, "cni", text.data, text.length, &claim->cni, err);
}

/* --- calls --------------------------------------------------------------------------------------------- */

/* The plugin's own object, and what libcni adds to it. NULL: no memory. */
static const struct json *make_input(struct arena *arena, const struct claim *claim,
				     const struct json *plugin, const struct json *previous)
{
	const struct json *list = json_get(claim->cni, "list"), *wanted = json_get(plugin, "capabilities");
	const struct json *capabilities = json_get(claim->cni, "capabilities"), *runtime = NULL;
	const struct json *version = json_get(list, "cniVersion");
	const struct json *input = tree_with(arena, plugin, "name", tree_string(arena, claim->network));

	if (version != NULL && input != NULL)
		input = tree_with(arena, input, "cniVersion", version);
	if (previous != NULL && input != NULL)
		input = tree_with(arena, input, "prevResult", previous);
	for (const struct json *each = wanted != NULL && wanted->type == JSON_OBJECT ? wanted->first : NULL;
	     each != NULL; each = each->next) {
		const struct json *value = capabilities == NULL ? NULL : json_get(capabilities, each->name);

		if (each->type != JSON_BOOL || !each->truth || value == NULL)
			continue;
		runtime = tree_with(arena, runtime, each->name, value);
		if (runtime == NULL)
			return NULL;
	}
	if (runtime != NULL && input != NULL)
		input = tree_with(arena, input, "runtimeConfig", runtime);
	return input;
}

static int call(struct front *front, const struct claim *claim, const struct json *plugin,
		const char *command, const char *namespace, const struct json *previous,
		const struct json **ret, struct error *err)
{
	const char *args = text_of(claim->cni, "args");
	struct plugin_call plugin_call = {
		.type = text_of(plugin, "type"),
		.command = command,
		.id = claim->id,
		.namespace = namespace,
		.interface = claim->interface,
		.args = args == NULL ? "" : args,
		.directories = directories(front),
		.input = make_input(&front->arena, claim, plugin, previous),
		.timeout_s = front->config.cni_timeout_s,
	};

	if (plugin_call.type == NULL)
		return error_set(err, EINVAL, "a plugin without a type");
	if (plugin_call.input == NULL)
		return error_set(err, ENOMEM, "call a plugin");
	return plugin_run(&plugin_call, &front->arena, ret, err);
}

static const struct json *plugins_of(const struct claim *claim)
{
	const struct json *list = claim->cni == NULL ? NULL : json_get(claim->cni, "list");
	const struct json *plugins = list == NULL ? NULL : json_get(list, "plugins");

	return plugins != NULL && plugins->type == JSON_ARRAY ? plugins : NULL;
}

int cni_remove(struct front *front, const struct claim *claim, struct error *err)
{
	const struct json *plugins = plugins_of(claim), *items[MAX_PLUGINS], *ignored;
	const struct json *result_of_add = claim->cni == NULL ? NULL : json_get(claim->cni, "result");
	const char *namespace = claim->namespace.path;
	size_t count = 0;
	struct stat st;
	int first = 0;

	/* gone, or another's by now: plugins then remove what is outside of it */
	if (namespace == NULL || stat(namespace, &st) < 0 || st.st_ino != claim->namespace.inode ||
	    st.st_dev != claim->namespace.device)
	namespace = "";
	for (const struct json *plugin = plugins == NULL ? NULL : plugins->first;
	     plugin != NULL && count < MAX_PLUGINS; plugin = plugin->next)
		items[count++] = plugin;
	while (count > 0) {
		struct error why;
		int result =
			call(front, claim, items[--count], "DEL", namespace, result_of_add, &ignored, &why);

		if (result < 0 && first == 0) {
			first = result;
			*err = why;
		}
	}
	return first;
}

/* --- answers ---------------------------------------------------------------------------------------------
 */

static void read_ip(const struct json *ip, struct claim *into)
{
	const char *address = text_of(ip, "address"), *gateway = text_of(ip, "gateway");
	struct address_subnet subnet;
	char host[ADDRESS_TEXT_BYTES] = { 0 };
	struct error ignored; /* IPv6, or what only the plugin understands */

	if (address == NULL)
		address = text_of(ip, "ip"); /* before 0.3 */
	if (into->address != 0 || address == NULL || address_parse_subnet(address, &subnet, &ignored) < 0)
		return;
	memcpy(host, address, strcspn(address, "/"));
	if (address_parse(host, &into->address, &ignored) < 0)
		return;
	into->prefix = subnet.prefix;
	if (gateway != NULL)
		ignore_failure(address_parse(gateway, &into->gateway, &ignored)); /* none, then */
}

/* The address and the interfaces, as far as they can be understood: people look at them, nothing hangs on it.
 */
static void read_answer(const struct json *answer, struct claim *into)
{
	const struct json *ips = json_get(answer, "ips"), *interfaces = json_get(answer, "interfaces");
	const struct json *old = json_get(answer, "ip4");
	struct error ignored; /* a hardware address of another kind */

	into->address = into->gateway = 0;
	if (ips != NULL && ips->type == JSON_ARRAY)
		for (const struct json *ip = ips->first; ip != NULL; ip = ip->next)
			if (ip->type == JSON_OBJECT)
				read_ip(ip, into);
	if (old != NULL && old->type == JSON_OBJECT)
		read_ip(old, into);
	if (interfaces == NULL || interfaces->type != JSON_ARRAY)
		return;
	for (const struct json *each = interfaces->first; each != NULL; each = each->next) {
		const char *name = each->type == JSON_OBJECT ? text_of(each, "name") : NULL;
		const char *sandbox = each->type == JSON_OBJECT ? text_of(each, "sandbox") : NULL;
		const char *mac = each->type == JSON_OBJECT ? text_of(each, "mac") : NULL;

		if (name != NULL && mac != NULL && sandbox != NULL && sandbox[0] != '\0' &&
		    text_equal(name, into->interface))
			ignore_failure(address_parse_mac(mac, &into->mac, &ignored));
	}
}

int cni_add(struct front *front, const struct request *request, struct claim *claim, struct error *err)
{
	const struct json *plugins = plugins_of(claim), *previous = NULL;
	int result = 0;

	for (const struct json *plugin = plugins->first; result == 0 && plugin != NULL;
	     plugin = plugin->next) {
		const struct json *answer = NULL;

		result = call(front, claim, plugin, "ADD", request->claim.namespace.path, previous, &answer,
			      err);
		if (result == 0 && answer == NULL)
			result = error_set(err, EPROTO, "plugin \"%.64s\": ADD: it answered nothing",
					   text_of(plugin, "type"));
		previous = answer;
	}
	if (result == 0) {
		const struct json *cni = tree_with(&front->arena, claim->cni, "result", previous);

		if (cni == NULL)
			result = error_set(err, ENOMEM, "keep what plugins answered");
		else
			claim->cni = cni;
	}
	if (result == 0)
		read_answer(previous, claim);
	return result;
}

int cni_check(struct front *front, const struct claim *claim, struct error *err)
{
	const struct json *plugins = plugins_of(claim), *list = json_get(claim->cni, "list");
	const struct json *disabled = json_get(list, "disableCheck"), *ignored;
	const struct json *answer = json_get(claim->cni, "result");
	const char *version = text_of(list, "cniVersion");
	int result = 0;

	/* CHECK came with 0.4 */
	if (version == NULL || text_starts(version, "0.1") || text_starts(version, "0.2") ||
	    text_starts(version, "0.3") ||
	    (disabled != NULL && disabled->type == JSON_BOOL && disabled->truth))
		return 0;
	for (const struct json *plugin = plugins == NULL ? NULL : plugins->first;
	     result == 0 && plugin != NULL; plugin = plugin->next)
		result = call(front, claim, plugin, "CHECK", claim->namespace.path, answer, &ignored, err);
	return result;
}
