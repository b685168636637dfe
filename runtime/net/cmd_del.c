/* hull net del: a container leaves its networks. As an OCI hook: poststop. That it is in none is no error. */
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/flags.h"
#include "runtime/net/bridge.h"
#include "runtime/net/firewall.h"
#include "runtime/net/front.h"
#include "runtime/net/reclaim.h"
#include "runtime/net/request.h"

#include "base/banned.h"

struct del_values {
	const char *id, *network;
};

static const struct flag_row del_rows[] = {
	FLAG(struct del_values, network, TEXT, "network", 0, "NETWORK", "only this one (default: all)"),
	FLAG(struct del_values, id, TEXT, "id", 0, "ID",
	     "the container; without it the state document is read from standard input"),
	{ 0 },
};

struct leaving {
	struct request_container container;
	const char *network; /* NULL: all */
	enum claim_driver driver;
};

/*
 * A hook is called for a container that has ended. Where its id's process runs, or stands in another bundle,
 * it is another container of the same id, of another runtime's: poststop hooks run also after an `add` that
 * was refused for that very reason.
 */
static bool is_meant(const struct leaving *leaving, const struct claim *claim)
{
	const struct request_container *container = &leaving->container;

	if (!text_equal(claim->id, container->id))
		return false;
	if (leaving->network != NULL &&
	    (claim->driver != leaving->driver || !text_equal(claim->network, leaving->network)))
		return false;
	if (container->status == NULL)
		return true;
	if (claim->bundle != NULL && !text_equal(claim->bundle, container->bundle))
		return false;
	return !claim_has_process(claim);
}

static int leave(struct front *front, const struct leaving *leaving, struct error *err)
{
	struct bridge_links links = { 0 };
	struct state_view view = { 0 };
	bool bridges = false;
	int result = state_lock(&front->state, err);

	if (result < 0)
		return result;
	result = state_load(&front->state, &front->arena, &view, err);
	for (size_t i = 0; result == 0 && i < view.claims.count; i++) {
		struct claim *claim = &view.claims.items[i];

		if (claim->driver == CLAIM_BRIDGE && is_meant(leaving, claim)) {
			claim->alive = false;
			bridges = true;
		}
	}
	if (bridges)
		result = bridge_drop(front, &view, &links, err);
	if (bridges && result == 0)
		result = firewall_sync(&front->state, &view, false, err);
	state_unlock(&front->state);
	bridge_remove_links(&links, leaving->container.status == NULL);
	for (size_t i = 0; result == 0 && i < view.claims.count; i++)
		if (view.claims.items[i].driver == CLAIM_CNI && is_meant(leaving, &view.claims.items[i]))
			result = reclaim_cni(front, &view.claims.items[i], err);
	return result;
}

static int del_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct del_values *given = values;
	struct leaving leaving = { .network = given->network };
	int result = request_read_container(front, given->id, &leaving.container, err);

	(void)args; /* the command takes none */
	if (result == 0 && given->network != NULL)
		result = request_parse_network(front, given->network, &leaving.driver, &leaving.network, err);
	return result < 0 ? result : leave(front, &leaving, err);
}

const struct command cmd_del = {
	.name = "del",
	.usage = "",
	.summary = "Disconnect a container from its networks (an OCI hook: poststop)",
	.options = del_rows,
	.values_size = COMMAND_VALUES(struct del_values),
	.run = del_run,
};
