/* Claims as documents; see view.h. */
#include "runtime/net/view.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#include "base/banned.h"

static void add_text(struct text *ret, const char *name, const char *value)
{
	text_format(ret, "\"%s\":", name);
	text_append_json(ret, value == NULL ? "" : value);
	text_append(ret, ",");
}

static void add_address(struct text *ret, const char *name, uint32_t address)
{
	char room[ADDRESS_TEXT_BYTES];

	address_format(address, room);
	add_text(ret, name, address == 0 ? "" : room);
}

static void add_address6(struct text *ret, const char *name, const struct address6 *address)
{
	char room[ADDRESS6_TEXT_BYTES];

	address6_format(address, room);
	add_text(ret, name, address6_is_none(address) ? "" : room);
}

static void add_ports(struct text *ret, const struct publish_list *ports)
{
	text_append(ret, "\"Ports\":[");
	for (size_t i = 0; i < ports->count; i++) {
		const struct publish_port *port = &ports->items[i];

		text_append(ret, i == 0 ? "{" : ",{");
		/* the host's own word for every address is 0.0.0.0 */
		char room[ADDRESS_TEXT_BYTES];
		address_format(port->host_ip, room);
		add_text(ret, "HostIp", room);
		text_format(ret,
			    "\"HostPort\":%" PRIu16 ",\"ContainerPort\":%" PRIu16 ",\"Protocol\":\"%s\"}",
			    port->host_port, port->container_port, publish_protocol_names[port->protocol]);
	}
	text_append(ret, "]");
}

int view_make(const struct claim *claim, struct arena *arena, const struct json **ret, struct error *err)
{
	static const struct address_mac none = { 0 };
	autotext struct text text = TEXT_EMPTY, ports = TEXT_EMPTY;
	char mac[ADDRESS_MAC_TEXT_BYTES];

	address_format_mac(&claim->mac, mac);
	text_append(&text, "{");
	add_text(&text, "ID", claim->id);
	add_text(&text, "Name", claim->name);
	add_text(&text, "Network", claim->network);
	add_text(&text, "Driver", claim_driver_names[claim->driver]);
	add_text(&text, "Interface", claim->interface);
	add_address(&text, "IPAddress", claim->address);
	text_format(&text, "\"IPPrefixLen\":%u,", claim->prefix);
	add_address(&text, "Gateway", claim->gateway);
	add_address6(&text, "GlobalIPv6Address", &claim->address6);
	text_format(&text, "\"GlobalIPv6PrefixLen\":%u,", claim->prefix6);
	add_address6(&text, "IPv6Gateway", &claim->gateway6);
	add_text(&text, "MacAddress", memcmp(&claim->mac, &none, sizeof(none)) == 0 ? "" : mac);
	publish_format(&claim->ports, &ports);
	add_text(&text, "PortsText", ports.data);
	add_ports(&text, &claim->ports);
	text_append(&text, "}");
	int result = text_done(&text, err);
	return result < 0 ? result : json_parse(arena, "view", text.data, text.length, ret, err);
}
