/* hull net check: whether all that a container was given is there. */
#include "base/cleanup.h"
#include "base/flags.h"
#include "runtime/net/bridge.h"
#include "runtime/net/cni.h"
#include "runtime/net/front.h"
#include "runtime/net/request.h"

#include "base/banned.h"

struct check_values {
	const char *id;
};

static const struct flag_row check_rows[] = {
	FLAG(struct check_values, id, TEXT, "id", 0, "ID",
	     "the container; without it the state document is read from standard input"),
	{ 0 },
};

/* What @id has of @driver's networks; counted in @found. */
static int check_all(struct front *front, const struct state_view *view, enum claim_driver driver,
		     const char *id, size_t *found, struct error *err)
{
	for (size_t i = 0; i < view->claims.count; i++) {
		const struct claim *claim = &view->claims.items[i];

		if (!text_equal(claim->id, id) || !claim->alive || claim->driver != driver)
			continue;
		(*found)++;
		int result = driver == CLAIM_BRIDGE ? bridge_check(front, view, claim, err)
						    : cni_check(front, claim, err);
		if (result < 0)
			return error_add(err, "\"%s\" in the network \"%s:%s\"", claim->id,
					 claim_driver_names[claim->driver], claim->network);
	}
	return 0;
}

static int check_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct check_values *given = values;
	struct request_container container = { 0 };
	struct state_view view = { 0 };
	size_t found = 0;
	int result = request_read_container(front, given->id, &container, err);

	(void)args; /* the command takes none */
	if (result == 0)
		result = state_lock(&front->state, err);
	if (result == 0)
		result = state_load(&front->state, &front->arena, &view, err);
	if (result == 0)
		result = check_all(front, &view, CLAIM_BRIDGE, container.id, &found, err);
	state_unlock(&front->state); /* plugins take long, and others have work to do */
	if (result == 0)
		result = check_all(front, &view, CLAIM_CNI, container.id, &found, err);
	if (result == 0 && found == 0)
		result = error_set(err, 0, "\"%s\" is in no network", container.id);
	return result;
}

const struct command cmd_check = {
	.name = "check",
	.usage = "",
	.summary = "Check that a container's networks are as they were made",
	.options = check_rows,
	.values_size = COMMAND_VALUES(struct check_values),
	.run = check_run,
};
