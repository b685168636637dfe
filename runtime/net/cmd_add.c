/* hull net add: a container becomes part of a network. As an OCI hook: createRuntime, or prestart. */
#include <errno.h>

#include "base/cleanup.h"
#include "runtime/net/bridge.h"
#include "runtime/net/choose.h"
#include "runtime/net/cni.h"
#include "runtime/net/firewall.h"
#include "runtime/net/front.h"
#include "runtime/net/hosts.h"
#include "runtime/net/probe.h"
#include "runtime/net/reclaim.h"
#include "runtime/net/request.h"

#include "base/banned.h"

/* Of a dead one with the same id nothing stays in the way; a living one has it already. */
static int refuse_second(const struct state_view *view, const struct claim *wanted, struct error *err)
{
	const struct claim *found = state_find_claim(view, wanted->driver, wanted->network, wanted->id);

	if (found == NULL || !found->alive)
		return 0;
	return error_set(err, 0,
			 claim_has_worker(found) ? "another hull-net works on \"%s\" in the network \"%s\""
						 : "\"%s\" is in the network \"%s\" already",
			 wanted->id, wanted->network);
}

static int add_to_bridge(struct front *front, struct request *request, struct error *err)
{
	struct bridge_links links = { 0 };
	struct state_view view = { 0 };
	struct error ignored; /* the error that led there is told */
	int result = state_lock(&front->state, err);

	if (result < 0)
		return result;
	result = state_load(&front->state, &front->arena, &view, err);
	if (result == 0)
		result = refuse_second(&view, &request->claim, err);
	if (result == 0) {
		result = bridge_drop(front, &view, &links, err);
		if (result == 0)
			result = bridge_add(front, request, &view, err);
		else
			ignore_failure(firewall_sync(&front->state, &view, false, &ignored));
	}
	state_unlock(&front->state);
	bridge_remove_links(&links, request->claim.bundle == NULL);
	return result;
}

/* What the container will have of the host is claimed before a plugin is called. */
static int claim_for_plugins(struct front *front, const struct request *request, struct claim *claim,
			     struct error *err)
{
	struct state_view view = { 0 };
	int result = state_lock(&front->state, err);

	if (result < 0)
		return result;
	result = state_load(&front->state, &front->arena, &view, err);
	if (result == 0)
		result = refuse_second(&view, claim, err);
	if (result == 0)
		result = choose_ports(&request->publish, &view.claims, probe_port, &front->arena,
				      &claim->ports, err);
	if (result == 0)
		result = cni_prepare(front, request, claim, err);
	if (result == 0)
		result = claim_take(claim, err);
	if (result == 0)
		result = state_write_claim(&front->state, claim, err);
	state_unlock(&front->state);
	return result;
}

static int finish(struct front *front, const struct request *request, const struct claim *claim,
		  struct error *err)
{
	struct state_view view = { 0 };
	int result = state_lock(&front->state, err);

	if (result < 0)
		return result;
	result = state_write_claim(&front->state, claim, err);
	if (result == 0)
		result = state_load(&front->state, &front->arena, &view, err);
	if (result == 0) {
		hosts_sync(&view.claims, claim);
		if (request->resolver_path != NULL)
			result = hosts_write_resolver(request->resolver_path, &request->resolver, err);
	}
	state_unlock(&front->state);
	return result;
}

static int add_to_cni(struct front *front, const struct request *request, struct error *err)
{
	static const struct process_id nobody = { 0 };
	struct claim claim = request->claim;
	struct error ignored; /* the error that led there is told; the claim stays where something stays */
	int result = claim_for_plugins(front, request, &claim, err);

	if (result < 0)
		return result;
	result = cni_add(front, request, &claim, err);
	claim.worker = nobody;
	if (result == 0)
		result = finish(front, request, &claim, err);
	if (result < 0)
		ignore_failure(reclaim_cni(front, &claim, &ignored));
	return result;
}

static int add_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	struct request request;
	/* their plugins' rules for ports would come before ours; and nothing of the request is kept open by
	 * it */
	int result = reclaim_for_a_while(front, err);

	(void)args; /* the command takes none */
	if (result == 0)
		result = request_read(front, values, &request, err);
	if (result < 0)
		return result;
	result = request.claim.driver == CLAIM_BRIDGE ? add_to_bridge(front, &request, err)
						      : add_to_cni(front, &request, err);
	request_release(&request);
	return result;
}

const struct command cmd_add = {
	.name = "add",
	.usage = "",
	.summary = "Connect a container to a network (an OCI hook: createRuntime)",
	.options = request_rows,
	.values_size = COMMAND_VALUES(struct request_values),
	.run = add_run,
};
