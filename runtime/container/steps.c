/* Named steps with undo, and the log; see steps.h. */
#include "runtime/container/steps.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * Builds for the fault tests: HULL_FAIL_STEP=name makes a step fail before it runs,
 * HULL_FAIL_AFTER=name after it ran, HULL_KILL_STEP=name kills hull there. A normal build has none
 * of it.
 */
#ifdef HULL_FAULTS
static bool fault_is(const char *variable, const char *step)
{
	const char *value = getenv(variable);

	return value != NULL && strcmp(value, step) == 0;
}

static int fault_before(const char *step, struct error *err)
{
	if (fault_is("HULL_KILL_STEP", step))
		(void)raise(SIGKILL); /* not survived */
	if (fault_is("HULL_FAIL_STEP", step))
		return error_set(err, EIO, "injected fault");
	return 0;
}

static void fault_after(const char *step)
{
	if (fault_is("HULL_KILL_AFTER", step))
		(void)raise(SIGKILL); /* not survived */
}
#else
static int fault_before(const char *step, struct error *err)
{
	(void)step;
	(void)err;
	return 0;
}

static void fault_after(const char *step)
{
	(void)step;
}
#endif

int steps_run(const struct container_context *context, const struct step *steps, size_t count, void *data,
	      size_t *ret_done, struct error *err)
{
	int result = 0;
	size_t done = 0;

	while (done < count && result == 0) {
		steps_log(context, LOG_DEBUG, "%s", steps[done].name);
		result = fault_before(steps[done].name, err);
		if (result == 0)
			result = steps[done].run(data, err);
		if (result < 0) {
			steps_log(context, LOG_DEBUG, "%s: %s", steps[done].name, err->text);
			break;
		}
		fault_after(steps[done].name);
		done++;
	}
	if (ret_done != NULL)
		*ret_done = done;
	if (result == 0)
		return 0;
	while (done > 0) {
		done--;
		if (steps[done].undo != NULL)
			steps[done].undo(data);
	}
	return result;
}

void steps_log(const struct container_context *context, enum log_level level, const char *format, ...)
{
	char line[2048];
	va_list args;

	if (level == LOG_DEBUG && !context->log.debug)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	context->log.write(context->log.data, level, line);
}

void steps_log_warnings(const struct container_context *context, const struct text *warnings)
{
	const char *line = warnings->data;

	while (line != NULL && *line != '\0') {
		size_t length = strcspn(line, "\n");

		steps_log(context, LOG_WARNING, "%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}
