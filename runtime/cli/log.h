/*
 * What hull tells: records in the log (text or JSON lines, the formats that engines read) and, when
 * the log is a file, the plain message of an error on standard error.
 *
 * A message may hold text of a container's: control characters never reach a terminal or split a
 * record, they are written as escapes.
 */
#ifndef HULL_RUNTIME_CLI_LOG_H
#define HULL_RUNTIME_CLI_LOG_H

#include <stdbool.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "runtime/container/container.h"

struct log {
	int fd; /* owned; -1: standard error */
	bool json;
	bool debug; /* debug records are written */
};

#define LOG_TO_STDERR ((struct log){ .fd = -1 })

/*
 * @file: appended to, made with mode 0644; NULL or empty: standard error. @format: "text", "json",
 * NULL for text.
 * Errors: those of open(2); -EINVAL "invalid log-format: …".
 */
must_check int log_open(const char *file, const char *format, bool debug, struct log *ret, struct error *err);
void log_close(struct log *log);
/* One record. Has the form of container_log's write; @data is the struct log. A record that cannot
 * be written is lost: there is nobody left to tell. */
void log_write(void *data, enum log_level level, const char *message);
/* An error record and, when the log is a file, the message on standard error. */
void log_failure(struct log *log, const char *message);

/* A record with its newline: time="…" level=error msg="…", or the same as a JSON object. */
void log_format(const struct log *log, enum log_level level, time_t now, const char *message,
		struct text *ret);
/* "2026-11-25T08:29:43Z" */
void log_format_time(time_t now, struct text *ret);
/* What @err says, with the words of its errno behind it: "open \"/x\": no such file or directory". */
void log_format_error(const struct error *err, struct text *ret);

#endif
