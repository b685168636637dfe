/* Signals as events of the loop. */
#ifndef HULL_SHIM_SIGNALS_H
#define HULL_SHIM_SIGNALS_H

#include "base/error.h"
#include "shim/loop.h"

/* Block all but those of faults, and have @got called for each that comes, from the loop. */
must_check int signals_open(const struct loop *loop, void (*got)(int signal), struct error *err);

#endif
