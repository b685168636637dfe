/* The table; see state.h. */
#include "shim/state.h"

#include <stdbool.h>

#include "base/banned.h"

const char *const state_names[STATE_COUNT] = {
	[STATE_CREATING] = "creating", [STATE_CREATED] = "created",   [STATE_CANCELLING] = "cancelling",
	[STATE_RUNNING] = "running",   [STATE_STOPPING] = "stopping", [STATE_ENDED] = "ended",
	[STATE_WAITING] = "waiting",   [STATE_STOPPED] = "stopped",
};

static const struct {
	bool set;
	struct state_row row;
} table[STATE_COUNT][EVENT_COUNT] = {
/* clang-format off */
#define ROW(state, event, next, action) \
	[STATE_##state][EVENT_##event] = { true, { STATE_##next, ACTION_##action } }
	ROW(CREATING,   CREATED,       CREATED,    START),
	ROW(CREATING,   CREATE_FAILED, ENDED,      FAIL),
	ROW(CREATING,   STOP,          CANCELLING, HOLD),

	ROW(CREATED,    STARTED,       RUNNING,    RUNNING),
	ROW(CREATED,    START_FAILED,  STOPPING,   KILL),
	ROW(CREATED,    STOP,          CANCELLING, HOLD),

	ROW(CANCELLING, CREATED,       STOPPING,   KILL),
	ROW(CANCELLING, CREATE_FAILED, ENDED,      FAIL),
	ROW(CANCELLING, STARTED,       STOPPING,   SIGNAL),
	ROW(CANCELLING, START_FAILED,  STOPPING,   KILL),
	ROW(CANCELLING, STOP,          CANCELLING, HOLD),

	ROW(RUNNING,    STOP,          STOPPING,   SIGNAL),
	ROW(RUNNING,    EXITED,        ENDED,      END),

	ROW(STOPPING,   STOP,          STOPPING,   SIGNAL),
	ROW(STOPPING,   OVERDUE,       STOPPING,   KILL),
	ROW(STOPPING,   EXITED,        ENDED,      END),

	ROW(ENDED,      STOP,          ENDED,      HOLD),
	ROW(ENDED,      AGAIN,         WAITING,    WAIT),
	ROW(ENDED,      FINISHED,      STOPPED,    FINISH),

	ROW(WAITING,    DUE,           CREATING,   CREATE),
	ROW(WAITING,    STOP,          STOPPED,    FINISH),
#undef ROW
	/* clang-format on */
};

struct state_row state_step(enum state state, enum state_event event)
{
	if (!table[state][event].set)
		return (struct state_row){ .next = state, .action = ACTION_NONE };
	return table[state][event].row;
}
