/* Named steps with undo, and the log; see steps.h. */
#include "runtime/container/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/container/faults.h"

#include "base/banned.h"

int steps_run(const struct container_context *context, const struct step *steps, size_t count, void *data,
	      size_t *ret_done, struct error *err)
{
	int result = faults_list(steps, count, err);
	size_t done = 0;

	while (done < count && result == 0) {
		steps_log(context, LOG_DEBUG, "%s", steps[done].name);
		result = faults_before(&steps[done], err);
		if (result == 0)
			result = steps[done].run(data, err);
		if (result < 0) {
			steps_log(context, LOG_DEBUG, "%s: %s", steps[done].name, err->text);
			break;
		}
		faults_after(&steps[done]);
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
