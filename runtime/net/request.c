/* The options of `add` and the state document of hooks; see request.h. */
#include "runtime/net/request.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/number.h"
#include "base/path.h"

#include "base/banned.h"

#define MAX_DOCUMENT ((size_t)1 << 20)
#define SHORT_ID 12
#define LONG_ID 64

const struct flag_row request_rows[] = {
	FLAG(struct request_values, network, TEXT, "network", 0, "NETWORK",
	     "bridge[:NAME] (default: bridge:" REQUEST_BRIDGE ") or cni:NAME"),
	FLAG(struct request_values, publish, LIST, "publish", 'p', "PORT",
	     "[[HOSTIP:]HOSTPORT:]PORT[/udp]: a port of the host leads to the container; also ranges"),
	FLAG(struct request_values, ip, TEXT, "ip", 0, "ADDRESS", "its address (default: the next free one)"),
	FLAG(struct request_values, mac, TEXT, "mac", 0, "MAC", "the interface's hardware address"),
	FLAG(struct request_values, interface, TEXT, "interface", 0, "NAME",
	     "the interface in the container (default: " REQUEST_INTERFACE ")"),
	FLAG(struct request_values, name, TEXT, "name", 0, "NAME", "what others of the network call it"),
	FLAG(struct request_values, aliases, LIST, "alias", 0, "NAME", "and also call it"),
	FLAG(struct request_values, hostname, TEXT, "hostname", 0, "NAME", "what it calls itself"),
	FLAG(struct request_values, hosts, TEXT, "hosts", 0, "FILE",
	     "keep the network's names in this file, which is the container's /etc/hosts"),
	FLAG(struct request_values, resolver, TEXT, "resolv", 0, "FILE",
	     "write this file, which is the container's /etc/resolv.conf"),
	FLAG(struct request_values, dns, LIST, "dns", 0, "ADDRESS", "a name server (default: the host's)"),
	FLAG(struct request_values, dns_search, LIST, "dns-search", 0, "DOMAIN", "a domain to search"),
	FLAG(struct request_values, dns_option, LIST, "dns-option", 0, "OPTION", "an option of resolv.conf"),
	FLAG(struct request_values, subnet, TEXT, "subnet", 0, "SUBNET",
	     "of the bridge, where it has to be made: 10.91.0.0/16"),
	FLAG(struct request_values, subnet6, TEXT, "subnet6", 0, "SUBNET",
	     "IPv6 of the bridge, where it has to be made: fd00:91::/64"),
	FLAG(struct request_values, mtu, INT, "mtu", 0, "BYTES", "of the bridge, where it has to be made"),
	FLAG(struct request_values, id, TEXT, "id", 0, "ID",
	     "the container; without it the state document is read from standard input"),
	FLAG(struct request_values, pid, INT, "pid", 0, "PID", "its process (with --id)"),
	FLAG(struct request_values, namespace, TEXT, "netns", 0, "PATH",
	     "its network namespace (with --id, in place of --pid)"),
	{ 0 },
};

/* --- the container ------------------------------------------------------------------------------------ */

static int read_text(const struct json *document, const char *name, const char **ret, struct error *err)
{
	const struct json *value = json_get(document, name);

	if (value == NULL || value->type != JSON_STRING)
		return json_error(document, err, "%s is missing", name);
	*ret = value->text;
	return 0;
}

static int read_state(struct front *front, struct request_container *into, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	const struct json *document;
	uint64_t pid = 0;
	int result = fd_read_all(STDIN_FILENO, MAX_DOCUMENT, "standard input", &text, err);

	if (result < 0)
		return result;
	if (text.length == 0)
		return error_set(err, 0, "neither --id nor a state document on standard input");
	result = json_parse(&front->arena, "state", text.data, text.length, &document, err);
	if (result == 0 && document->type != JSON_OBJECT)
		result = json_error(document, err, "is no object");
	if (result == 0)
		result = read_text(document, "id", &into->id, err);
	if (result == 0)
		result = read_text(document, "status", &into->status, err);
	if (result == 0)
		result = read_text(document, "bundle", &into->bundle, err);
	const struct json *number = result == 0 ? json_get(document, "pid") : NULL;
	if (number != NULL && number->type != JSON_NUMBER)
		result = json_error(number, err, "is no number");
	else if (number != NULL)
		result = number_parse_u64(number->text, INT32_MAX, &pid, err);
	into->pid = (pid_t)pid;
	return result < 0 ? error_add(err, "the state document on standard input") : 0;
}

int request_read_container(struct front *front, const char *id, struct request_container *ret,
			   struct error *err)
{
	struct request_container container = { .id = id };
	int result = id == NULL ? read_state(front, &container, err) : 0;

	if (result == 0)
		result = state_check_id(container.id, err);
	if (result == 0)
		*ret = container;
	return result;
}

/* --- the namespace ------------------------------------------------------------------------------------ */

static int open_namespace(const char *path, int *ret, struct stat *ret_stat, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "open the network namespace \"%s\"", path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(fd, ret_stat) < 0)
		return error_set(err, 0, "\"%s\" is no network namespace", path);
	*ret = take_fd(&fd);
	return 0;
}

/* The process is held first: what /proc/PID/ns/net then opens is its own, if it still lives afterwards. */
static int open_of_process(struct front *front, pid_t pid, struct request *into, struct stat *ret_stat,
			   struct error *err)
{
	struct pidfd pidfd = { .fd = -1 };
	char *path = arena_format(&front->arena, "/proc/%d/ns/net", (int)pid);
	int result = path == NULL ? error_set(err, ENOMEM, "open the network namespace")
				  : process_open(pid, &pidfd, err);

	if (result == 0)
		result = process_identify(pid, &pidfd, &into->claim.process, err);
	if (result == 0)
		result = open_namespace(path, &into->namespace, ret_stat, err);
	if (result == 0 && process_ended(&pidfd))
		result = error_set(err, ESRCH, "process %d", (int)pid);
	cleanup_close(&pidfd.fd);
	into->claim.namespace.path = path;
	return result;
}

static int read_namespace(struct front *front, const struct request_values *values, pid_t pid,
			  struct request *into, struct error *err)
{
	struct stat st, own;
	int result;

	if (values->namespace != NULL) {
		autotext struct text path = TEXT_EMPTY;

		result = path_absolute(values->namespace, &path, err);
		if (result == 0) {
			into->claim.namespace.path = arena_copy(&front->arena, path.data, path.length);
			result = into->claim.namespace.path == NULL
					 ? error_set(err, ENOMEM, "open the network namespace")
					 : open_namespace(into->claim.namespace.path, &into->namespace, &st,
							  err);
		}
	} else if (pid != 0) {
		result = open_of_process(front, pid, into, &st, err);
	} else {
		return error_set(err, 0, "neither a process nor a network namespace is given");
	}
	if (result < 0)
		return result;
	if (stat("/proc/self/ns/net", &own) < 0)
		return error_set(err, errno, "open \"/proc/self/ns/net\"");
	if (st.st_ino == own.st_ino && st.st_dev == own.st_dev)
		return error_set(err, 0, "\"%s\" is in the host's network: it has none of its own",
				 into->claim.id);
	into->claim.namespace.device = st.st_dev;
	into->claim.namespace.inode = st.st_ino;
	return 0;
}

/* --- options ------------------------------------------------------------------------------------------ */

int request_parse_network(struct front *front, const char *text, enum claim_driver *ret_driver,
			  const char **ret_name, struct error *err)
{
	const char *colon = strchr(text, ':');
	size_t length = colon == NULL ? strlen(text) : (size_t)(colon - text);
	const char *driver = arena_copy(&front->arena, text, length);

	if (driver == NULL)
		return error_set(err, ENOMEM, "read the network's name");
	if (text_equal(text, "host") || text_equal(text, "none") || text_equal(driver, "container"))
		return error_set(err, 0, "network \"%s\" is made by the container's config.json alone", text);
	for (unsigned i = 0; i < CLAIM_DRIVER_COUNT; i++) {
		if (!text_equal(driver, claim_driver_names[i]))
			continue;
		const char *name = colon != NULL ? colon + 1 : i == CLAIM_BRIDGE ? REQUEST_BRIDGE : "";

		*ret_driver = (enum claim_driver)i;
		*ret_name = name;
		return state_check_network(*ret_driver, name, err);
	}
	return error_set(err, 0, "network \"%.100s\" is neither bridge[:NAME] nor cni:NAME", text);
}

static int check_interface(const char *name, struct error *err)
{
	size_t length = strlen(name);
	bool good = length > 0 && length < IFNAMSIZ && !text_equal(name, ".") && !text_equal(name, "..");

	for (size_t i = 0; good && i < length; i++)
		good = isgraph((unsigned char)name[i]) && name[i] != '/' && name[i] != ':';
	if (!good || text_equal(name, "lo"))
		return error_set(err, 0, "invalid interface name: \"%.64s\"", name);
	return 0;
}

/* Words that become part of a line of resolv.conf. */
static int check_words(const char *what, const struct flag_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *word = list->items[i];

		for (const char *at = word; *at != '\0'; at++)
			if (!isgraph((unsigned char)*at))
				return error_set(err, 0, "invalid %s", what);
		if (*word == '\0')
			return error_set(err, 0, "invalid %s", what);
	}
	return 0;
}

/* The names under which others find the container: without --name its id. */
static int read_names(struct front *front, const struct request_values *values, struct claim *into,
		      struct error *err)
{
	size_t count = 0, length = strlen(into->id);
	struct error ignored; /* an id that is no name is none */
	int result = 0;

	const char **aliases = arena_alloc(&front->arena, (values->aliases.count + 1) * sizeof(*aliases));
	if (aliases == NULL)
		return error_set(err, ENOMEM, "read names");
	if (values->name != NULL)
		result = hosts_check_name("name", values->name, err);
	if (result == 0 && values->hostname != NULL)
		result = hosts_check_name("host name", values->hostname, err);
	for (; result == 0 && count < values->aliases.count; count++) {
		aliases[count] = values->aliases.items[count];
		result = hosts_check_name("alias", aliases[count], err);
	}
	if (result < 0)
		return result;
	into->name = values->name;
	into->hostname = values->hostname;
	if (length == LONG_ID && strspn(into->id, "0123456789abcdef") == LONG_ID) {
		aliases[count] = arena_copy(&front->arena, into->id, SHORT_ID);
		if (aliases[count++] == NULL)
			return error_set(err, ENOMEM, "read names");
	} else if (into->name == NULL && hosts_check_name("id", into->id, &ignored) == 0) {
		into->name = into->id;
	}
	into->aliases = (struct strings){ count, aliases };
	return 0;
}

static int read_addresses(struct front *front, const struct request_values *values, struct request *into,
			  struct error *err)
{
	struct claim *claim = &into->claim;
	int result = publish_parse(values->publish.items, values->publish.count, &front->arena,
				   &into->publish, err);

	if (result == 0 && values->ip != NULL)
		result = address_parse(values->ip, &claim->address, err);
	if (result == 0 && values->mac != NULL)
		result = address_parse_mac(values->mac, &claim->mac, err);
	into->has_mac = values->mac != NULL;
	if (result == 0 && values->subnet != NULL) {
		result = config_parse_subnet(values->subnet, &into->network.subnet, err);
		into->network.gateway = 0;
	}
	if (result == 0 && values->subnet6 != NULL)
		result = address6_parse_subnet(values->subnet6, &into->network.subnet6, err);
	if (result == 0 && values->mtu.set) {
		if (values->mtu.value < CONFIG_MIN_MTU || values->mtu.value > CONFIG_MAX_MTU)
			return error_set(err, 0, "invalid MTU: not between %d and %d", CONFIG_MIN_MTU,
					 CONFIG_MAX_MTU);
		into->network.mtu = (unsigned)values->mtu.value;
	}
	return result < 0 ? result : config_check_network(&into->network, err);
}

static int read_files(struct front *front, const struct request_values *values, struct request *into,
		      struct error *err)
{
	autotext struct text hosts = TEXT_EMPTY;
	int result = check_words("--dns", &values->dns, err);

	if (result == 0)
		result = check_words("--dns-search", &values->dns_search, err);
	if (result == 0)
		result = check_words("--dns-option", &values->dns_option, err);
	if (result == 0 && values->hosts != NULL) {
		result = path_absolute(values->hosts, &hosts, err);
		const char *path = result == 0 ? arena_copy(&front->arena, hosts.data, hosts.length) : NULL;
		if (result == 0)
			result = path == NULL ? error_set(err, ENOMEM, "read the name of a file")
					      : hosts_identify(path, &into->claim.hosts, err);
	}
	into->resolver_path = values->resolver;
	into->resolver = (struct hosts_resolver){
		.servers = { values->dns.count, values->dns.items },
		.searches = { values->dns_search.count, values->dns_search.items },
		.options = { values->dns_option.count, values->dns_option.items },
	};
	return result;
}

int request_read(struct front *front, const struct request_values *values, struct request *ret,
		 struct error *err)
{
	struct request request = { .namespace = -1 };
	struct request_container container = { 0 };
	struct claim *claim = &request.claim;
	const char *network = values->network == NULL ? REQUEST_NETWORK : values->network;
	int result = request_read_container(front, values->id, &container, err);

	if (result == 0)
		result = request_parse_network(front, network, &claim->driver, &claim->network, err);
	if (result < 0)
		return result;
	claim->id = container.id;
	claim->bundle = container.bundle;
	claim->interface = values->interface == NULL ? REQUEST_INTERFACE : values->interface;
	request.network = config_network_of(&front->config, claim->network);
	if (values->pid.set && (values->pid.value < 1 || values->pid.value > INT32_MAX))
		return error_set(err, 0, "invalid --pid");
	result = check_interface(claim->interface, err);
	if (result == 0)
		result = read_names(front, values, claim, err);
	if (result == 0)
		result = read_addresses(front, values, &request, err);
	if (result == 0)
		result = read_files(front, values, &request, err);
	if (result == 0)
		result = read_namespace(front, values,
					values->pid.set ? (pid_t)values->pid.value : container.pid, &request,
					err);
	if (result < 0) {
		request_release(&request);
		return result;
	}
	*ret = request;
	return 0;
}

void request_release(struct request *request)
{
	cleanup_close(&request->namespace);
	request->namespace = -1;
}
