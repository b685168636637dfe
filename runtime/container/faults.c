/* The injected faults of a build with FAULTS=1; see faults.h. A normal build has nothing of it. */
#include "runtime/container/faults.h"

#ifdef HULL_FAULTS
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool is_wanted(const char *variable, const struct step *step)
{
	const char *value = getenv(variable);

	return value != NULL && strcmp(value, step->name) == 0;
}

int faults_list(const struct step *steps, size_t count, struct error *err)
{
	if (getenv("HULL_LIST_STEPS") == NULL)
		return 0;
	for (size_t i = 0; i < count; i++)
		(void)printf("%s\n", steps[i].name);
	return fflush(stdout) == 0 ? error_set(err, 0, "the steps are listed")
				   : error_set(err, errno, "write");
}

int faults_before(const struct step *step, struct error *err)
{
	if (is_wanted("HULL_KILL_STEP", step))
		(void)raise(SIGKILL); /* not survived */
	if (is_wanted("HULL_FAIL_STEP", step))
		return error_set(err, EIO, "injected fault at '%s'", step->name);
	return 0;
}

void faults_after(const struct step *step)
{
	if (is_wanted("HULL_KILL_AFTER", step))
		(void)raise(SIGKILL); /* not survived */
}

void faults_plan(struct plan_builder *builder)
{
	builder->head.fault_step = build_text(builder, getenv("HULL_FAIL_INIT_STEP"));
}
#endif
