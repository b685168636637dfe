/* The file of one container in one network; see claim.h. */
#include "runtime/net/claim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/tree.h"
#include "oci/spec/field.h"

#include "base/banned.h"

const char *const claim_driver_names[] = { [CLAIM_BRIDGE] = "bridge", [CLAIM_CNI] = "cni" };
_Static_assert(ARRAY_LEN(claim_driver_names) == CLAIM_DRIVER_COUNT, "every driver needs a name");

/* --- writing ---------------------------------------------------------------------------------------- */

static void add_text(struct text *ret, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_format(ret, ",\"%s\":", name);
	text_append_json(ret, value);
}

static void add_address(struct text *ret, const char *name, uint32_t address)
{
	char room[ADDRESS_TEXT_BYTES];

	address_format(address, room);
	if (address != 0)
		text_format(ret, ",\"%s\":\"%s\"", name, room);
}

static void add_address6(struct text *ret, const char *name, const struct address6 *address)
{
	char room[ADDRESS6_TEXT_BYTES];

	address6_format(address, room);
	if (!address6_is_none(address))
		text_format(ret, ",\"%s\":\"%s\"", name, room);
}

static void add_process(struct text *ret, const char *name, const struct process_id *process)
{
	if (process->pid != 0)
		text_format(ret,
			    ",\"%s\":{\"pid\":%" PRId32 ",\"startTime\":%" PRIu64 ",\"pidfd\":%" PRIu64
			    ",\"boot\":\"%s\"}",
			    name, process->pid, process->start_time, process->pidfd_inode, process->boot_id);
}

static void add_file(struct text *ret, const char *name, const struct claim_file *file)
{
	if (file->path == NULL)
		return;
	text_format(ret, ",\"%s\":{\"device\":%" PRIu64 ",\"inode\":%" PRIu64 ",\"path\":", name,
		    file->device, file->inode);
	text_append_json(ret, file->path);
	text_append(ret, "}");
}

static void add_ports(struct text *ret, const struct publish_list *ports)
{
	text_append(ret, ",\"ports\":[");
	for (size_t i = 0; i < ports->count; i++) {
		const struct publish_port *port = &ports->items[i];
		char address[ADDRESS_TEXT_BYTES];

		address_format(port->host_ip, address);
		text_format(ret,
			    "%s{\"hostIP\":\"%s\",\"hostPort\":%" PRIu16 ",\"containerPort\":%" PRIu16
			    ",\"protocol\":\"%s\"}",
			    i == 0 ? "" : ",", address, port->host_port, port->container_port,
			    publish_protocol_names[port->protocol]);
	}
	text_append(ret, "]");
}

void claim_format(const struct claim *claim, struct text *ret)
{
	char mac[ADDRESS_MAC_TEXT_BYTES];

	address_format_mac(&claim->mac, mac);
	text_format(ret, "{\"prefix\":%u,\"mac\":\"%s\"", claim->prefix, mac);
	add_text(ret, "interface", claim->interface);
	add_text(ret, "bundle", claim->bundle);
	add_text(ret, "link", claim->link);
	add_text(ret, "name", claim->name);
	add_text(ret, "hostname", claim->hostname);
	add_address(ret, "address", claim->address);
	add_address(ret, "gateway", claim->gateway);
	add_address6(ret, "address6", &claim->address6);
	add_address6(ret, "gateway6", &claim->gateway6);
	if (claim->prefix6 != 0)
		text_format(ret, ",\"prefix6\":%u", claim->prefix6);
	add_process(ret, "process", &claim->process);
	add_process(ret, "worker", &claim->worker);
	add_file(ret, "namespace", &claim->namespace);
	add_file(ret, "hosts", &claim->hosts);
	text_append(ret, ",\"aliases\":[");
	for (size_t i = 0; i < claim->aliases.count; i++) {
		text_append(ret, i == 0 ? "" : ",");
		text_append_json(ret, claim->aliases.items[i]);
	}
	text_append(ret, "]");
	add_ports(ret, &claim->ports);
	if (claim->cni != NULL) {
		text_append(ret, ",\"cni\":");
		tree_write(claim->cni, NULL, ret);
	}
	text_append(ret, "}\n");
}

/* --- reading ---------------------------------------------------------------------------------------- */

static int read_address(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	struct error why;

	(void)reader; /* keeps nothing */
	if (field_expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	return address_parse(value->text, place, &why) == 0 ? 0 : json_error(value, err, "%s", why.text);
}

static int read_address6(struct field_reader *reader, const struct json *value, void *place,
			 struct error *err)
{
	struct error why;

	(void)reader; /* keeps nothing */
	if (field_expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	return address6_parse(value->text, place, &why) == 0 ? 0 : json_error(value, err, "%s", why.text);
}

static int read_mac(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	struct error why;

	(void)reader; /* keeps nothing */
	if (field_expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	return address_parse_mac(value->text, place, &why) == 0 ? 0 : json_error(value, err, "%s", why.text);
}

static int read_boot(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	const size_t room = sizeof(((struct process_id *)NULL)->boot_id);

	(void)reader; /* keeps nothing */
	if (field_expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	if (strlen(value->text) >= room)
		return json_error(value, err, "is too long");
	(void)snprintf(place, room, "%s", value->text);
	return 0;
}

static int read_protocol(struct field_reader *reader, const struct json *value, void *place,
			 struct error *err)
{
	enum publish_protocol *protocol = place;

	(void)reader; /* keeps nothing */
	if (field_expect(value, JSON_STRING, err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < PUBLISH_PROTOCOL_COUNT; i++)
		if (text_equal(value->text, publish_protocol_names[i])) {
			*protocol = (enum publish_protocol)i;
			return 0;
		}
	return json_error(value, err, "\"%s\" is no protocol", value->text);
}

static int read_tree(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	const struct json **tree = place;

	(void)reader; /* keeps nothing */
	if (field_expect(value, JSON_OBJECT, err) < 0)
		return -EINVAL;
	*tree = value;
	return 0;
}

static const struct field process_fields[] = {
	FIELD(struct process_id, pid, "pid", .required = true, .min = 1, .max = INT32_MAX),
	FIELD(struct process_id, start_time, "startTime", .required = true),
	FIELD(struct process_id, pidfd_inode, "pidfd", .required = true),
	FIELD_AS(struct process_id, boot_id, "boot", FIELD_READ, .required = true, .read = read_boot),
	{ 0 },
};
static const struct field_object process_object = { sizeof(struct process_id), process_fields, NULL };

static const struct field file_fields[] = {
	FIELD(struct claim_file, path, "path", .required = true, .absolute = true),
	FIELD(struct claim_file, device, "device", .required = true),
	FIELD(struct claim_file, inode, "inode", .required = true),
	{ 0 },
};
static const struct field_object file_object = { sizeof(struct claim_file), file_fields, NULL };

static const struct field port_fields[] = {
	FIELD_AS(struct publish_port, host_ip, "hostIP", FIELD_READ, .required = true, .read = read_address),
	FIELD(struct publish_port, host_port, "hostPort", .required = true),
	FIELD(struct publish_port, container_port, "containerPort", .required = true),
	FIELD_AS(struct publish_port, protocol, "protocol", FIELD_READ, .required = true,
		 .read = read_protocol),
	{ 0 },
};
static const struct field_object port_object = { sizeof(struct publish_port), port_fields, NULL };

static const struct field claim_fields[] = {
	FIELD(struct claim, prefix, "prefix", .required = true, .max = 32),
	FIELD_AS(struct claim, mac, "mac", FIELD_READ, .required = true, .read = read_mac),
	FIELD(struct claim, interface, "interface", .required = true, .non_empty = true),
	FIELD(struct claim, bundle, "bundle"),
	FIELD(struct claim, link, "link"),
	FIELD(struct claim, name, "name"),
	FIELD(struct claim, hostname, "hostname"),
	FIELD_AS(struct claim, address, "address", FIELD_READ, .read = read_address),
	FIELD_AS(struct claim, gateway, "gateway", FIELD_READ, .read = read_address),
	FIELD_AS(struct claim, address6, "address6", FIELD_READ, .read = read_address6),
	FIELD_AS(struct claim, gateway6, "gateway6", FIELD_READ, .read = read_address6),
	FIELD(struct claim, prefix6, "prefix6", .max = 128),
	FIELD_AS(struct claim, process, "process", FIELD_OBJECT, .of = &process_object),
	FIELD_AS(struct claim, worker, "worker", FIELD_OBJECT, .of = &process_object),
	FIELD_AS(struct claim, namespace, "namespace", FIELD_OBJECT, .of = &file_object),
	FIELD_AS(struct claim, hosts, "hosts", FIELD_OBJECT, .of = &file_object),
	FIELD(struct claim, aliases, "aliases"),
	FIELD_AS(struct claim, ports, "ports", FIELD_ARRAY, .of = &port_object),
	FIELD_AS(struct claim, cni, "cni", FIELD_READ, .read = read_tree),
	{ 0 },
};
static const struct field_object claim_object = { sizeof(struct claim), claim_fields, NULL };

int claim_parse(const char *name, const char *bytes, size_t length, struct arena *arena, struct claim *ret,
		struct error *err)
{
	struct field_reader reader = { .arena = arena };
	struct claim claim = { 0 };
	const struct json *document;
	int result = json_parse(arena, name, bytes, length, &document, err);

	if (result == 0)
		result = field_expect(document, JSON_OBJECT, err);
	if (result == 0)
		result = field_read_object(&reader, document, &claim_object, &claim, err);
	if (result < 0)
		return error_add(err, "%s", name);
	*ret = claim;
	return 0;
}

/* --- the world --------------------------------------------------------------------------------------- */

static bool runs(const struct process_id *process)
{
	struct pidfd pidfd;
	struct error ignored; /* whatever it is: it cannot be found */

	if (process->pid == 0 || process_find(process, &pidfd, &ignored) < 0)
		return false;
	cleanup_close(&pidfd.fd);
	return true;
}

bool claim_has_process(const struct claim *claim)
{
	return runs(&claim->process);
}

bool claim_has_worker(const struct claim *claim)
{
	return runs(&claim->worker);
}

bool claim_is_alive(const struct claim *claim)
{
	struct stat st;

	if (runs(&claim->worker) || runs(&claim->process))
		return true;
	return claim->process.pid == 0 && claim->namespace.path != NULL &&
	       stat(claim->namespace.path, &st) == 0 && st.st_dev == claim->namespace.device &&
	       st.st_ino == claim->namespace.inode;
}

int claim_take(struct claim *claim, struct error *err)
{
	struct pidfd self;
	int result = process_open(getpid(), &self, err);

	if (result == 0) {
		result = process_identify(getpid(), &self, &claim->worker, err);
		cleanup_close(&self.fd);
	}
	return result;
}
