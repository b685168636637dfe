/* The first steps of create; see decide.c. */
#ifndef HULL_RUNTIME_CONTAINER_DECIDE_H
#define HULL_RUNTIME_CONTAINER_DECIDE_H

#include "runtime/container/create.h"

/* Read config.json of the bundle into creation->spec and keep its bytes. */
must_check int decide_bundle(struct creation *creation, struct error *err);
/* Fill creation->state and the plan; warnings go to the log. creation->root is open. */
must_check int decide_plan(struct creation *creation, struct error *err);

#endif
