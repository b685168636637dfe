/* hull net prune: whatever is left of containers that are gone, and networks that nobody is in. */
#include <stdio.h>

#include "base/cleanup.h"
#include "runtime/net/bridge.h"
#include "runtime/net/firewall.h"
#include "runtime/net/front.h"
#include "runtime/net/reclaim.h"

#include "base/banned.h"

static void tell_container(const struct claim *claim, void *data)
{
	text_format(data, "Removed: %s of %s:%s\n", claim->id, claim_driver_names[claim->driver],
		    claim->network);
}

static void tell_network(const struct state_network *network, void *data)
{
	text_format(data, "Removed: network %s:%s\n", claim_driver_names[network->driver], network->name);
}

static int prune_bridges(struct front *front, struct bridge_links *links, struct text *told,
			 struct error *err)
{
	struct state_view view = { 0 };
	int result = state_load(&front->state, &front->arena, &view, err);

	if (result < 0)
		return result;
	for (size_t i = 0; i < view.claims.count; i++)
		if (view.claims.items[i].driver == CLAIM_BRIDGE && !view.claims.items[i].alive)
			tell_container(&view.claims.items[i], told);
	bool any = false;
	for (size_t i = 0; i < view.networks.count; i++)
		any |= view.networks.items[i].driver == CLAIM_BRIDGE;
	result = bridge_drop(front, &view, links, err);
	if (result == 0)
		result = bridge_prune(front, &view, links, tell_network, told, err);
	/* all of it anew: also what others have done to the table */
	if (result == 0 && (any || firewall_exists()))
		result = firewall_sync(&front->state, &view, true, err);
	return result;
}

static int prune_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	struct bridge_links links = { 0 };
	autotext struct text told = TEXT_EMPTY;
	const struct reclaim_listener listener = { .removed = tell_container, .data = &told };
	int result = reclaim_all_cni(front, &listener, err);

	(void)values; /* the command has no options */
	(void)args;   /* … and takes no arguments */
	if (result == 0)
		result = state_lock(&front->state, err);
	if (result < 0)
		return result;
	result = prune_bridges(front, &links, &told, err);
	state_unlock(&front->state);
	bridge_remove_links(&links, true);
	if (result == 0 && told.length > 0)
		result = commands_print(&told, err);
	return result;
}

const struct command cmd_prune = {
	.name = "prune",
	.usage = "",
	.summary = "Remove what is left of containers that are gone, and unused networks",
	.run = prune_run,
};
