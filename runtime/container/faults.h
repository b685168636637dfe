/*
 * Where the fault tests cut; builds with FAULTS=1 only. In a normal build the calls are empty and the
 * names below mean nothing.
 *
 *   HULL_FAIL_STEP=NAME       hull's step NAME fails instead of running
 *   HULL_KILL_STEP=NAME       hull dies by SIGKILL just before it
 *   HULL_KILL_AFTER=NAME      hull dies by SIGKILL just after it
 *   HULL_FAIL_INIT_STEP=NAME  hull-init's step NAME fails instead of running (runtime/init/steps.c)
 *   HULL_LIST_STEPS=1         hull prints the names of its table and runs none; `hull-init steps`
 *                             does so for hull-init's
 */
#ifndef HULL_RUNTIME_CONTAINER_FAULTS_H
#define HULL_RUNTIME_CONTAINER_FAULTS_H

#include <stddef.h>

#include "base/error.h"
#include "runtime/container/steps.h"
#include "runtime/plan/build.h"

#ifdef HULL_FAULTS
must_check int faults_list(const struct step *steps, size_t count, struct error *err);
must_check int faults_before(const struct step *step, struct error *err);
void faults_after(const struct step *step);
/* Hand what hull-init is to fail at to the plan. */
void faults_plan(struct plan_builder *builder);
#else
must_check static inline int faults_list(const struct step *steps, size_t count, struct error *err)
{
	(void)steps;
	(void)count;
	(void)err;
	return 0;
}

must_check static inline int faults_before(const struct step *step, struct error *err)
{
	(void)step;
	(void)err;
	return 0;
}

static inline void faults_after(const struct step *step)
{
	(void)step;
}

static inline void faults_plan(struct plan_builder *builder)
{
	(void)builder;
}
#endif

#endif
