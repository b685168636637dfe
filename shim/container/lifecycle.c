/* The life of a container as a table; see lifecycle.h. */
#include "shim/container/lifecycle.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

const char *const lifecycle_state_names[LIFE_STATE_COUNT] = {
	[LIFE_CREATED] = "created",       [LIFE_RUNNING] = "running", [LIFE_PAUSED] = "paused",
	[LIFE_RESTARTING] = "restarting", [LIFE_EXITED] = "exited",
};

/* Two cells that are no refusals; every other one is what is said, with @ for the container's name. */
static const char yes[] = "yes", done[] = "done";

#define NOT_RUNNING "container @ is not running"
#define NOT_PAUSED "Container @ is not paused"
#define IS_RESTARTING "Container @ is restarting, wait until the container is running"

static const char *const table[LIFE_COMMAND_COUNT][LIFE_STATE_COUNT] = {
	/*                     created          running          paused           restarting       exited */
	[LIFE_START] = { yes, done, "cannot start a paused container, try unpause instead", done, yes },
	[LIFE_STOP] = { done, yes, yes, yes, done },
	[LIFE_RESTART] = { yes, yes, yes, yes, yes },
	[LIFE_KILL] = { "cannot kill container: @: " NOT_RUNNING, yes, yes, yes,
			"cannot kill container: @: " NOT_RUNNING },
	[LIFE_PAUSE] = { NOT_RUNNING, yes, "Container @ is already paused", IS_RESTARTING, NOT_RUNNING },
	[LIFE_UNPAUSE] = { NOT_PAUSED, NOT_PAUSED, yes, NOT_PAUSED, NOT_PAUSED },
	[LIFE_REMOVE] = { yes,
			  "You cannot remove a running container @. Stop the container before attempting "
			  "removal or "
			  "force remove",
			  "You cannot remove a paused container @. Unpause and then stop the container "
			  "before "
			  "attempting removal or force remove",
			  "You cannot remove a restarting container @. Stop the container before attempting "
			  "removal "
			  "or force remove",
			  yes },
	[LIFE_REMOVE_FORCE] = { yes, yes, yes, yes, yes },
	[LIFE_ATTACH] = { "You cannot attach to a stopped container, start it first", yes,
			  "You cannot attach to a paused container, unpause it first",
			  "You cannot attach to a restarting container, wait until it is running",
			  "You cannot attach to a stopped container, start it first" },
	[LIFE_EXEC] = { NOT_RUNNING, yes, "Container @ is paused, unpause the container before exec",
			IS_RESTARTING, NOT_RUNNING },
	[LIFE_TOP] = { NOT_RUNNING, yes, yes, IS_RESTARTING, NOT_RUNNING },
};

int lifecycle_check(enum lifecycle_command command, enum lifecycle_state state, const char *name,
		    struct error *err)
{
	const char *cell = table[command][state];
	char text[ERROR_TEXT_SIZE];
	size_t length = 0;

	if (cell == yes || cell == done)
		return cell == yes;
	for (; *cell != '\0' && length + 1 < sizeof(text); cell++) {
		size_t room = sizeof(text) - length - 1, size = strnlen(name, room);

		if (*cell != '@') {
			text[length++] = *cell;
			continue;
		}
		memcpy(text + length, name, size);
		length += size;
	}
	text[length] = '\0';
	(void)error_set(err, 0, "%s", text);
	return -EBUSY;
}
