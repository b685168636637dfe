/* See restart.h. */
#include "shim/restart.h"

#include "base/banned.h"

bool restart_wanted(enum store_restart policy, uint32_t max, int32_t code, uint32_t restarts)
{
	switch (policy) {
	case RESTART_NO:
	case RESTART_COUNT:
		return false;
	case RESTART_ON_FAILURE:
		return code != 0 && (max == 0 || restarts < max);
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	}
	return false;
}

int64_t restart_delay_ms(int64_t previous_ms, int64_t ran_ms)
{
	if (previous_ms <= 0 || ran_ms >= RESTART_STEADY_MS)
		return RESTART_FIRST_MS;
	return previous_ms * 2 < RESTART_LAST_MS ? previous_ms * 2 : RESTART_LAST_MS;
}
