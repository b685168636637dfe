/*
 * The life of a container: its states, and what each command may do in each. The table is the documentation.
 */
#ifndef HULL_SHIM_CONTAINER_LIFECYCLE_H
#define HULL_SHIM_CONTAINER_LIFECYCLE_H

#include "base/error.h"

enum lifecycle_state {
	LIFE_CREATED,
	LIFE_RUNNING,
	LIFE_PAUSED,
	LIFE_RESTARTING,
	LIFE_EXITED,
	LIFE_STATE_COUNT
};
/* docker's words: "created", "running", "paused", "restarting", "exited" */
extern const char *const lifecycle_state_names[LIFE_STATE_COUNT];

enum lifecycle_command {
	LIFE_START,
	LIFE_STOP,
	LIFE_RESTART,
	LIFE_KILL,
	LIFE_PAUSE,
	LIFE_UNPAUSE,
	LIFE_REMOVE,
	LIFE_REMOVE_FORCE,
	LIFE_ATTACH,
	LIFE_EXEC,
	LIFE_TOP,
	LIFE_COMMAND_COUNT
};

/*
 * 1: carry it out; 0: it is a success without any effect; otherwise -EBUSY and docker's words about the
 * container @name.
 */
must_check int lifecycle_check(enum lifecycle_command command, enum lifecycle_state state, const char *name,
			       struct error *err);

#endif
