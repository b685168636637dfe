/*
 * What the nftables table of hull-net says: facts, made of claims, and the commands made of facts.
 */
#ifndef HULL_RUNTIME_NET_RULES_H
#define HULL_RUNTIME_NET_RULES_H

#include <stddef.h>

#include "base/text.h"
#include "runtime/net/state.h"

#define RULES_TABLE "hull-net"

/*
 * What @view says, one fact a line, sorted: "bridge hull0 10.91.0.0/16" and
 * "port published tcp . 8080 : 10.91.0.2 . 80"; for networks with IPv6 also "bridge6 hull0 fd00:91::/64" and
 * "port published6 tcp . 8080 : fd00:91::2 . 80": a map, and an element of it in nftables' words.
 */
void rules_facts(const struct state_view *view, struct text *ret);
/* The commands that make the whole table of @facts, whatever it was. */
void rules_table(const char *facts, struct text *ret);
/* The lines of @text in order, in place; the array is the caller's. NULL: no memory. */
char **rules_split(char *text, size_t *ret_count);

#endif
