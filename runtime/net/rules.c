/* The text of the nftables table; see rules.h. No effects. */
#include "runtime/net/rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

/* --- facts ------------------------------------------------------------------------------------------- */

/*
 * "bridge hull0 10.91.0.0/16" and "port published tcp . 8080 : 10.91.0.2 . 80": the map, its key, its value,
 * in nftables' words.
 */
static void add_port(const struct claim *claim, const struct publish_port *port, struct text *ret)
{
	const char *protocol = publish_protocol_names[port->protocol];
	char from[ADDRESS_TEXT_BYTES], to[ADDRESS_TEXT_BYTES];

	address_format(port->host_ip, from);
	address_format(claim->address, to);
	if (port->host_ip == 0)
		text_format(ret, "port published %s . %" PRIu16, protocol, port->host_port);
	else
		text_format(ret, "port published-at %s . %s . %" PRIu16, from, protocol, port->host_port);
	text_format(ret, " : %s . %" PRIu16 "\n", to, port->container_port);
}

/* A port of every address of the host is one of its IPv6 addresses too. */
static void add_port6(const struct claim *claim, const struct publish_port *port, struct text *ret)
{
	char to[ADDRESS6_TEXT_BYTES];

	if (port->host_ip != 0 || address6_is_none(&claim->address6))
		return;
	address6_format(&claim->address6, to);
	text_format(ret, "port published6 %s . %" PRIu16 " : %s . %" PRIu16 "\n",
		    publish_protocol_names[port->protocol], port->host_port, to, port->container_port);
}

static void add_network(const struct state_network *network, struct text *ret)
{
	char subnet[ADDRESS_TEXT_BYTES], subnet6[ADDRESS6_TEXT_BYTES];

	if (network->driver != CLAIM_BRIDGE || network->subnet.prefix == 0)
		return;
	address_format(network->subnet.network, subnet);
	address6_format(&network->subnet6.network, subnet6);
	text_format(ret, "bridge %s %s/%u\n", network->name, subnet, network->subnet.prefix);
	if (network->subnet6.prefix != 0)
		text_format(ret, "bridge6 %s %s/%u\n", network->name, subnet6, network->subnet6.prefix);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **rules_split(char *text, size_t *ret_count)
{
	size_t room = 1, count = 0;

	for (const char *at = text; *at != '\0'; at++)
		room += *at == '\n';
	char **lines = calloc(room, sizeof(*lines));
	if (lines == NULL)
		return NULL;
	for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		lines[count++] = at;
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	*ret_count = count;
	return lines;
}

void rules_facts(const struct state_view *view, struct text *ret)
{
	autotext struct text unsorted = TEXT_EMPTY;
	size_t count = 0;

	for (size_t i = 0; i < view->networks.count; i++)
		add_network(&view->networks.items[i], &unsorted);
	for (size_t i = 0; i < view->claims.count; i++) {
		const struct claim *claim = &view->claims.items[i];

		for (size_t at = 0; claim->alive && claim->driver == CLAIM_BRIDGE && at < claim->ports.count;
		     at++) {
			add_port(claim, &claim->ports.items[at], &unsorted);
			add_port6(claim, &claim->ports.items[at], &unsorted);
		}
	}
	ret->failed |= unsorted.failed;
	if (unsorted.length == 0 || unsorted.failed)
		return;
	autofree char **lines = rules_split(unsorted.data, &count);
	ret->failed |= lines == NULL;
	for (size_t i = 0; lines != NULL && i < count; i++)
		text_format(ret, "%s\n", lines[i]);
}

/* --- the table ---------------------------------------------------------------------------------------- */

/* What begins "port MAP " goes on with an element of that map. */
static void add_elements(const char *facts, const char *map, struct text *ret)
{
	autotext struct text prefix = TEXT_EMPTY;
	const char *separator = "\t\telements = { ";

	text_format(&prefix, "port %s ", map);
	for (const char *line = facts; !prefix.failed && *line != '\0'; line += strcspn(line, "\n") + 1) {
		if (!text_starts(line, prefix.data))
			continue;
		text_append(ret, separator);
		text_append_bytes(ret, line + prefix.length, strcspn(line + prefix.length, "\n"));
		separator = ", ";
	}
	if (separator[0] == ',')
		text_append(ret, " }\n");
	ret->failed |= prefix.failed;
}

/*
 * @rule once for each fact of @kind ("bridge", "bridge6"): every @ becomes its name, every % its subnet.
 * (They are letters, digits, dots and dashes: nothing that nftables reads otherwise.)
 */
static void add_rules(const char *facts, const char *kind, const char *rule, struct text *ret)
{
	size_t kind_length = strlen(kind);

	for (const char *line = facts; *line != '\0'; line += strcspn(line, "\n") + 1) {
		const char *name = line + kind_length + 1;

		if (!text_starts(line, kind) || line[kind_length] != ' ')
			continue;
		size_t length = strcspn(name, " ");
		for (const char *at = rule; *at != '\0'; at++) {
			if (*at == '@')
				text_append_bytes(ret, name, length);
			else if (*at == '%')
				text_append_bytes(ret, name + length + 1, strcspn(name + length + 1, "\n"));
			else
				text_append_bytes(ret, at, 1);
		}
	}
}

/* Nothing with the address ::1 leaves lo, whatever rules say: who asks there is refused at once. */
static const char to_published6[] = "\t\tip6 daddr != ::1 fib daddr type local"
				    " dnat ip6 addr . port to meta l4proto . th dport map @published6\n";

void rules_table(const char *facts, struct text *ret)
{
	/* named first, so that the deletion finds one; all of it is one transaction */
	bool has_ipv6 = strstr(facts, "bridge6 ") != NULL;

	text_append(ret, "table inet " RULES_TABLE "\ndelete table inet " RULES_TABLE "\n");
	if (*facts == '\0')
		return;
	text_append(ret, "table inet " RULES_TABLE " {\n"
			 "\tmap published {\n"
			 "\t\ttype inet_proto . inet_service : ipv4_addr . inet_service\n");
	add_elements(facts, "published", ret);
	text_append(ret, "\t}\n"
			 "\tmap published-at {\n"
			 "\t\ttype ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service\n");
	add_elements(facts, "published-at", ret);
	if (has_ipv6) {
		text_append(ret, "\t}\n"
				 "\tmap published6 {\n"
				 "\t\ttype inet_proto . inet_service : ipv6_addr . inet_service\n");
		add_elements(facts, "published6", ret);
	}
	/* route_localnet, which published ports need, would let containers reach the host's own 127.0.0.1 */
	text_append(ret, "\t}\n"
			 "\tchain guard {\n"
			 "\t\ttype filter hook prerouting priority -300; policy accept;\n");
	add_rules(facts, "bridge",
		  "\t\tiifname \"@\" ip daddr 127.0.0.0/8 drop\n"
		  "\t\tiifname \"@\" ip saddr 127.0.0.0/8 drop\n",
		  ret);
	/* what comes from outside for 127.0.0.1 is nobody's: it must not be sent on before routing drops it
	 */
	text_append(ret, "\t}\n"
			 "\tchain prerouting {\n"
			 "\t\ttype nat hook prerouting priority -100; policy accept;\n"
			 "\t\tip daddr != 127.0.0.0/8 fib daddr type local"
			 " dnat ip addr . port to meta l4proto . th dport map @published\n"
			 "\t\tip daddr != 127.0.0.0/8"
			 " dnat ip addr . port to ip daddr . meta l4proto . th dport map @published-at\n");
	if (has_ipv6)
		text_append(ret, to_published6);
	text_append(ret,
		    "\t}\n"
		    "\tchain output {\n"
		    "\t\ttype nat hook output priority -100; policy accept;\n"
		    "\t\tfib daddr type local dnat ip addr . port to meta l4proto . th dport map @published\n"
		    "\t\tdnat ip addr . port to ip daddr . meta l4proto . th dport map @published-at\n");
	if (has_ipv6)
		text_append(ret, to_published6);
	text_append(ret, "\t}\n"
			 "\tchain forward {\n"
			 "\t\ttype filter hook forward priority 0; policy accept;\n");
	/* only what is published is reached from elsewhere, other networks included */
	add_rules(facts, "bridge",
		  "\t\toifname \"@\" ct state established,related accept\n"
		  "\t\toifname \"@\" iifname \"@\" accept\n"
		  "\t\toifname \"@\" ct status dnat accept\n"
		  "\t\toifname \"@\" drop\n",
		  ret);
	text_append(ret, "\t}\n"
			 "\tchain postrouting {\n"
			 "\t\ttype nat hook postrouting priority 100; policy accept;\n");
	/* answers must come back through the host where the host changed what they answer to */
	add_rules(facts, "bridge",
		  "\t\toifname \"@\" ip saddr 127.0.0.0/8 masquerade\n"
		  "\t\toifname \"@\" ip saddr % ct status dnat masquerade\n"
		  "\t\toifname != \"@\" oifname != \"lo\" ip saddr % masquerade\n",
		  ret);
	add_rules(facts, "bridge6",
		  "\t\toifname \"@\" ip6 saddr % ct status dnat masquerade\n"
		  "\t\toifname != \"@\" oifname != \"lo\" ip6 saddr % masquerade\n",
		  ret);
	text_append(ret, "\t}\n}\n");
}
