/* Claims of CNI networks that are to go; see reclaim.h. */
#include "runtime/net/reclaim.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/net/cni.h"
#include "runtime/net/hosts.h"

#include "base/banned.h"

/* As it is now: another hull-net may have taken or removed it. NULL: it is not there. The lock is held. */
static int look_again(struct front *front, const struct claim *claim, struct state_view *view,
		      struct claim **ret, struct error *err)
{
	int result = state_load(&front->state, &front->arena, view, err);

	if (result == 0)
		*ret = state_find_claim(view, claim->driver, claim->network, claim->id);
	return result;
}

int reclaim_cni(struct front *front, struct claim *claim, struct error *err)
{
	struct state_view view = { 0 };
	struct claim *found = NULL;
	int result = state_lock(&front->state, err);

	if (result < 0)
		return result;
	result = look_again(front, claim, &view, &found, err);
	if (result == 0 && found != NULL)
		result = claim_take(found, err);
	if (result == 0 && found != NULL)
		result = state_write_claim(&front->state, found, err);
	state_unlock(&front->state);
	if (result < 0 || found == NULL)
		return result;

	struct claim taken = *found;
	result = cni_remove(front, &taken, err);
	if (result < 0)
		return error_add(err, "\"%s\" in the network \"cni:%s\"", taken.id, taken.network);

	result = state_lock(&front->state, err);
	if (result == 0)
		result = state_remove_claim(&front->state, &taken, err);
	if (result == 0)
		result = look_again(front, &taken, &view, &found, err);
	if (result == 0)
		hosts_sync(&view.claims, &taken);
	state_unlock(&front->state);
	return result;
}

int reclaim_all_cni(struct front *front, void (*seen)(const struct claim *claim, void *data), void *data,
		    struct error *err)
{
	struct state_view view = { 0 };

	/* most hosts never had one */
	if (faccessat(front->state.root, claim_driver_names[CLAIM_CNI], F_OK, 0) < 0)
		return 0;
	int result = state_load(&front->state, &front->arena, &view, err);
	for (size_t i = 0; result == 0 && i < view.claims.count; i++) {
		struct claim *claim = &view.claims.items[i];
		struct error why;

		if (claim->driver != CLAIM_CNI || claim->alive)
			continue;
		if (reclaim_cni(front, claim, &why) < 0)
			commands_fail(&why);
		else if (seen != NULL)
			seen(claim, data);
	}
	return result;
}
