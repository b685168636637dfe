/* Restart policies: whether, and after how long. Pure. */
#ifndef HULL_SHIM_RESTART_H
#define HULL_SHIM_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/store/store.h"

#define RESTART_FIRST_MS 100
#define RESTART_LAST_MS 60000
#define RESTART_STEADY_MS 10000 /* a run that lasted so long starts the back-off anew */

/* Whether a run that ended with @code (store_exit) is followed by another one, after @restarts of them. */
bool restart_wanted(enum store_restart policy, uint32_t max, int32_t code, uint32_t restarts);
/* How long to wait now: @previous_ms is what was waited before the run (0: nothing), @ran_ms how long it ran.
 */
int64_t restart_delay_ms(int64_t previous_ms, int64_t ran_ms);

#endif
