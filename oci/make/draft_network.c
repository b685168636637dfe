/* Namespaces, names, the network's hooks, sysctls; see draft.h. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tree.h"
#include "oci/make/draft.h"

#include "base/banned.h"

static void add_namespace(struct draft *draft, const char *type, const char *path)
{
	const struct json *entry = tree_with(draft->arena, NULL, "type", tree_string(draft->arena, type));

	if (path != NULL && entry != NULL)
		entry = tree_with(draft->arena, entry, "path", tree_string(draft->arena, path));
	draft_append(draft, "linux.namespaces", entry);
}

/* @mode: NULL, "private" and the like make one, "host" does not, "ns:PATH" joins one. */
static int put_namespace(struct draft *draft, const char *option, const char *type, const char *mode,
			 bool make, struct error *err)
{
	if (mode == NULL || mode[0] == '\0' || text_equal(mode, "private") ||
	    (text_equal(type, "ipc") && (text_equal(mode, "none") || text_equal(mode, "shareable")))) {
		if (make || mode != NULL)
			add_namespace(draft, type, NULL);
		return 0;
	}
	if (text_equal(mode, "host"))
		return 0;
	if (text_starts(mode, "ns:/")) {
		add_namespace(draft, type, mode + 3);
		return 0;
	}
	return error_set(err, 0, "--%s: invalid %s mode: %s", option, option, mode);
}

/* --- the network ------------------------------------------------------------------------------------ */

static bool is_bridge(const char *network)
{
	return network == NULL || network[0] == '\0' || text_equal(network, "default") ||
	       text_equal(network, "bridge") || text_starts(network, "bridge:") ||
	       text_starts(network, "cni:");
}

static const struct json *add_word(struct draft *draft, const struct json *args, const char *word)
{
	return args == NULL ? NULL : tree_append(draft->arena, args, tree_string(draft->arena, word));
}

static const struct json *add_words(struct draft *draft, const struct json *args, const char *option,
				    const struct flag_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		args = add_word(draft, add_word(draft, args, option), list->items[i]);
	return args;
}

static void add_hook(struct draft *draft, const char *kind, const struct json *args)
{
	const struct json *hook =
		tree_with(draft->arena, NULL, "path", tree_string(draft->arena, draft->request->net_program));

	if (hook != NULL)
		hook = tree_with(draft->arena, hook, "args", args);
	/* nothing of who started it steers what runs as root */
	if (hook != NULL)
		hook = tree_with(
			draft->arena, hook, "env",
			add_word(draft, tree_strings(draft->arena, NULL, 0),
				 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
	if (hook != NULL)
		hook = tree_with(draft->arena, hook, "timeout", tree_number(draft->arena, 120));
	draft_append(draft, kind, hook);
}

/* hull-net as a hook: "add" once the network namespace is there, "del" when the container is gone. */
static void put_hooks(struct draft *draft)
{
	const struct choices *choices = draft->choices;
	const struct document_request *request = draft->request;
	const char *network = choices->network == NULL || choices->network[0] == '\0' ||
					      text_equal(choices->network, "default")
				      ? "bridge"
				      : choices->network;
	const struct json *none = tree_strings(draft->arena, NULL, 0);
	const struct json *args = add_word(draft, add_word(draft, none, "hull-net"), "add");

	args = add_word(draft, add_word(draft, args, "--network"), network);
	args = add_words(draft, args, "--publish", &choices->publish);
	if (choices->ip != NULL)
		args = add_word(draft, add_word(draft, args, "--ip"), choices->ip);
	if (choices->mac_address != NULL)
		args = add_word(draft, add_word(draft, args, "--mac"), choices->mac_address);
	if (request->name != NULL)
		args = add_word(draft, add_word(draft, args, "--name"), request->name);
	if (draft->hostname != NULL)
		args = add_word(draft, add_word(draft, args, "--hostname"), draft->hostname);
	args = add_words(draft, args, "--alias", &choices->network_aliases);
	args = add_word(draft, add_word(draft, args, "--hosts"),
			draft_format(draft, "%s/hosts", request->bundle));
	add_hook(draft, "hooks.createRuntime", args);
	args = add_word(draft, add_word(draft, none, "hull-net"), "del");
	add_hook(draft, "hooks.poststop", add_word(draft, add_word(draft, args, "--network"), network));
}

static int put_network(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	const struct document_request *request = draft->request;
	bool bridge = is_bridge(choices->network);

	if (!bridge && choices->publish.count > 0 && !draft->host_network)
		return error_set(err, 0, "conflicting options: port publishing and the network mode %s",
				 choices->network);
	if (!bridge &&
	    (choices->ip != NULL || choices->mac_address != NULL || choices->network_aliases.count > 0))
		return error_set(err, 0,
				 "user specified IP address, MAC address or alias is supported only when "
				 "connecting to a bridge or a CNI network");
	if (bridge) {
		if (request->net_program == NULL)
			return error_set(err, ENOENT,
					 "hull-net is not installed: only --network host and none work");
		add_namespace(draft, "network", NULL);
		put_hooks(draft);
		return 0;
	}
	if (draft->host_network)
		return 0;
	if (text_equal(choices->network, "none")) {
		add_namespace(draft, "network", NULL);
		return 0;
	}
	if (text_starts(choices->network, "ns:/")) {
		add_namespace(draft, "network", choices->network + 3);
		return 0;
	}
	if (text_starts(choices->network, "container:") && request->net_path != NULL) {
		add_namespace(draft, "network", request->net_path);
		return 0;
	}
	return error_set(err, 0, "network %s not found", choices->network);
}

/* --- sysctls ----------------------------------------------------------------------------------------- */

static void put_sysctl(struct draft *draft, const char *key, const char *value)
{
	const struct json *sysctls = draft->top == NULL ? NULL : tree_at(draft->top, "linux.sysctl");

	draft_put(draft, "linux.sysctl",
		  tree_with(draft->arena, sysctls, key, tree_string(draft->arena, value)));
}

static int put_sysctls(struct draft *draft, struct error *err)
{
	const struct flag_list *list = &draft->choices->sysctls;
	const char *network = draft->choices->network;
	bool own = !draft->host_network &&
		   (network == NULL || (!text_starts(network, "container:") && !text_starts(network, "ns:")));

	/* in a network of its own nobody needs rights for low ports and for ping */
	if (own) {
		put_sysctl(draft, "net.ipv4.ip_unprivileged_port_start", "0");
		put_sysctl(draft, "net.ipv4.ping_group_range", "0 2147483647");
	}
	for (size_t i = 0; i < list->count; i++) {
		const char *value;
		const char *key = draft_split(draft, list->items[i], '=', &value);

		if (value == NULL || key[0] == '\0')
			return error_set(err, 0, "invalid argument \"%s\" for \"--sysctl\" flag",
					 list->items[i]);
		if (draft->host_network && text_starts(key, "net."))
			return error_set(err, 0, "sysctl '%s' is not whitelisted: the network is the host's",
					 key);
		put_sysctl(draft, key, value);
	}
	return 0;
}

int draft_network(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;

	add_namespace(draft, "mount", NULL);
	int result = put_namespace(draft, "pid", "pid", choices->pid, true, err);
	if (result == 0)
		result = put_namespace(draft, "ipc", "ipc", choices->ipc, true, err);
	if (result == 0)
		result = put_namespace(draft, "uts", "uts", choices->uts, true, err);
	if (result == 0)
		result = put_namespace(draft, "cgroupns", "cgroup", choices->cgroupns,
				       draft->request->cgroup_v2 && !choices->privileged.value, err);
	if (result == 0)
		result = put_network(draft, err);
	if (result == 0)
		result = put_sysctls(draft, err);
	if (result < 0)
		return result;
	if (!draft->host_uts && draft->hostname != NULL)
		draft_put_text(draft, "hostname", draft->hostname);
	if (choices->domainname != NULL)
		draft_put_text(draft, "domainname", choices->domainname);
	if (choices->cgroup_parent != NULL)
		draft_put_text(draft, "linux.cgroupsPath",
			       draft_format(draft, "%s%s/%s", choices->cgroup_parent[0] == '/' ? "" : "/",
					    choices->cgroup_parent,
					    draft->request->id != NULL ? draft->request->id : "hull"));
	return 0;
}
