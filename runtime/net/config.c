/* Reading /etc/hull/net.json; see config.h. */
#include "runtime/net/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/net/trust.h"

#include "base/banned.h"

#define MAX_BYTES ((size_t)1 << 20)
#define MAX_TIMEOUT 3600

/* None is another program's usual choice: docker has 172.17 and up, podman 10.88 and up, flannel 10.244. */
static const struct address_subnet default_pools[] = {
	{ 0x0a5b0000, 16 }, { 0x0a5c0000, 16 }, { 0x0a5d0000, 16 }, /* 10.91, 10.92, 10.93 */
	{ 0x0a5e0000, 16 }, { 0x0a5f0000, 16 }, { 0x0a600000, 16 }, /* 10.94, 10.95, 10.96 */
	{ 0xac1f0000, 16 }, { 0xc0a8d000, 20 },                     /* 172.31, 192.168.208 */
};
static const char *const default_lists[] = { "/etc/cni/net.d" };
static const char *const default_plugins[] = { "/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni" };

static const struct config defaults = {
	.pools = default_pools,
	.pool_count = ARRAY_LEN(default_pools),
	.cni_lists = { ARRAY_LEN(default_lists), default_lists },
	.cni_plugins = { ARRAY_LEN(default_plugins), default_plugins },
	.cni_timeout_s = 60,
};

int config_parse_subnet(const char *text, struct address_subnet *ret, struct error *err)
{
	struct address_subnet subnet;
	int result = address_parse_subnet(text, &subnet, err);

	if (result < 0)
		return result;
	if (subnet.prefix < CONFIG_MIN_PREFIX || subnet.prefix > CONFIG_MAX_PREFIX)
		return error_set(err, 0, "invalid subnet: %.64s: its prefix is not between %d and %d", text,
				 CONFIG_MIN_PREFIX, CONFIG_MAX_PREFIX);
	*ret = subnet;
	return 0;
}

static int expect(const struct json *value, enum json_type type, struct error *err)
{
	return value->type == type ? 0
				   : json_error(value, err, "is %s, not %s", json_type_name(value->type),
						json_type_name(type));
}

static int read_number(const struct json *value, uint64_t min, uint64_t max, unsigned *ret, struct error *err)
{
	uint64_t number;

	if (expect(value, JSON_NUMBER, err) < 0)
		return -EINVAL;
	if (number_parse_u64(value->text, max, &number, err) < 0 || number < min)
		return json_error(value, err, "%s is not between %u and %u", value->text, (unsigned)min,
				  (unsigned)max);
	*ret = (unsigned)number;
	return 0;
}

static int read_directories(const struct json *value, struct arena *arena, struct strings *ret,
			    struct error *err)
{
	size_t count = 0;

	if (expect(value, JSON_ARRAY, err) < 0)
		return -EINVAL;
	const char **items = arena_alloc(arena, (value->count + 1) * sizeof(*items));
	if (items == NULL)
		return error_set(err, ENOMEM, "read the settings");
	for (const struct json *item = value->first; item != NULL; item = item->next) {
		if (expect(item, JSON_STRING, err) < 0)
			return -EINVAL;
		if (item->text[0] != '/')
			return json_error(item, err, "\"%s\" is no absolute path", item->text);
		items[count++] = item->text;
	}
	*ret = (struct strings){ count, items };
	return 0;
}

static int read_subnet(const struct json *value, struct address_subnet *ret, struct error *err)
{
	struct error why;

	if (expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	return config_parse_subnet(value->text, ret, &why) == 0 ? 0 : json_error(value, err, "%s", why.text);
}

static int read_subnet6(const struct json *value, struct address6_subnet *ret, struct error *err)
{
	struct error why;

	if (expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	return address6_parse_subnet(value->text, ret, &why) == 0 ? 0
								  : json_error(value, err, "%s", why.text);
}

int config_check_network(const struct config_network *network, struct error *err)
{
	if (network->subnet6.prefix != 0 && network->mtu != 0 && network->mtu < CONFIG_MIN_MTU6)
		return error_set(err, 0, "network \"%s\": IPv6 needs an MTU of at least %d", network->name,
				 CONFIG_MIN_MTU6);
	return 0;
}

static int read_pools(const struct json *value, struct arena *arena, struct config *into, struct error *err)
{
	if (expect(value, JSON_ARRAY, err) < 0)
		return -EINVAL;
	struct address_subnet *pools = arena_alloc(arena, (value->count + 1) * sizeof(*pools));
	if (pools == NULL)
		return error_set(err, ENOMEM, "read the settings");
	for (const struct json *item = value->first; item != NULL; item = item->next)
		if (read_subnet(item, &pools[item->index], err) < 0)
			return -EINVAL;
	into->pools = pools;
	into->pool_count = value->count;
	return 0;
}

static int read_network(const struct json *value, struct config_network *ret, struct error *err)
{
	struct config_network network = { .name = value->name };
	const struct json *gateway = NULL;
	struct error why;

	if (expect(value, JSON_OBJECT, err) < 0)
		return -EINVAL;
	for (const struct json *member = value->first; member != NULL; member = member->next) {
		int result = 0;

		if (text_equal(member->name, "subnet"))
			result = read_subnet(member, &network.subnet, err);
		else if (text_equal(member->name, "subnet6"))
			result = read_subnet6(member, &network.subnet6, err);
		else if (text_equal(member->name, "mtu"))
			result = read_number(member, CONFIG_MIN_MTU, CONFIG_MAX_MTU, &network.mtu, err);
		else if (text_equal(member->name, "gateway"))
			gateway = member;
		else
			result = json_error(member, err, "is not known");
		if (result < 0)
			return result;
	}
	if (config_check_network(&network, &why) < 0)
		return json_error(value, err, "%s", why.text);
	if (gateway != NULL) {
		if (expect(gateway, JSON_STRING, err) < 0)
			return -EINVAL;
		if (address_parse(gateway->text, &network.gateway, &why) < 0)
			return json_error(gateway, err, "%s", why.text);
		if (network.subnet.prefix == 0 || !address_contains(&network.subnet, network.gateway))
			return json_error(gateway, err, "%s is not in the subnet", gateway->text);
		uint32_t rest = ~address_mask(network.subnet.prefix);
		if ((network.gateway & rest) == 0 || (network.gateway & rest) == rest)
			return json_error(gateway, err, "%s is nobody's in its subnet", gateway->text);
	}
	*ret = network;
	return 0;
}

static int read_networks(const struct json *value, struct arena *arena, struct config *into,
			 struct error *err)
{
	if (expect(value, JSON_OBJECT, err) < 0)
		return -EINVAL;
	struct config_network *networks = arena_alloc(arena, (value->count + 1) * sizeof(*networks));
	if (networks == NULL)
		return error_set(err, ENOMEM, "read the settings");
	for (const struct json *member = value->first; member != NULL; member = member->next)
		if (read_network(member, &networks[member->index], err) < 0)
			return -EINVAL;
	into->networks = networks;
	into->network_count = value->count;
	return 0;
}

static int read_cni(const struct json *value, struct arena *arena, struct config *into, struct error *err)
{
	if (expect(value, JSON_OBJECT, err) < 0)
		return -EINVAL;
	for (const struct json *member = value->first; member != NULL; member = member->next) {
		int result;

		if (text_equal(member->name, "lists"))
			result = read_directories(member, arena, &into->cni_lists, err);
		else if (text_equal(member->name, "plugins"))
			result = read_directories(member, arena, &into->cni_plugins, err);
		else if (text_equal(member->name, "timeout"))
			result = read_number(member, 1, MAX_TIMEOUT, &into->cni_timeout_s, err);
		else
			result = json_error(member, err, "is not known");
		if (result < 0)
			return result;
	}
	return 0;
}

int config_parse(const char *name, const char *text, size_t length, struct arena *arena, struct config *ret,
		 struct error *err)
{
	struct config config = defaults;
	const struct json *document;

	if (text == NULL) {
		*ret = config;
		return 0;
	}
	int result = json_parse(arena, name, text, length, &document, err);
	if (result < 0)
		return result; /* it names the file */
	result = expect(document, JSON_OBJECT, err);
	for (const struct json *member = document->first; result == 0 && member != NULL;
	     member = member->next) {
		if (text_equal(member->name, "pools"))
			result = read_pools(member, arena, &config, err);
		else if (text_equal(member->name, "networks"))
			result = read_networks(member, arena, &config, err);
		else if (text_equal(member->name, "cni"))
			result = read_cni(member, arena, &config, err);
		else
			result = json_error(member, err, "is not known");
	}
	if (result < 0)
		return error_add(err, "%s", name);
	*ret = config;
	return 0;
}

int config_load(const char *path, struct arena *arena, struct config *ret, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	autotext struct text text = TEXT_EMPTY;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return config_parse(path, NULL, 0, arena, ret, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "\"%s\" is no regular file", path);
	int result = trust_check(&st, path, err);
	if (result == 0)
		result = fd_read_all(fd, MAX_BYTES, path, &text, err);
	if (result < 0)
		return result;
	return config_parse(path, text.length == 0 ? "" : text.data, text.length, arena, ret, err);
}

struct config_network config_network_of(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->network_count; i++)
		if (text_equal(config->networks[i].name, name))
			return config->networks[i];
	return (struct config_network){ .name = name };
}
