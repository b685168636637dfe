/*
 * The log of a container, whatever its form. What a container writes is cut into lines here, and a
 * line into pieces of LOG_LINE_BYTES; a driver gets whole entries. Files: <store>/<id>/log/container.log,
 * and container.log.1 (the next older) and so on. A log that cannot be written loses entries, counts
 * them, and says so once it can again; the container never waits.
 */
#ifndef HULL_SHIM_LOG_H
#define HULL_SHIM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "shim/store/store.h"

#define LOG_LINE_BYTES 16384
#define LOG_TIME_BYTES 96
/* Room for one entry in any form: each byte may become six. */
#define LOG_ENTRY_BYTES ((size_t)LOG_LINE_BYTES * 6 + 256)

struct log_entry {
	int64_t time_ns;  /* CLOCK_REALTIME */
	const char *time; /* the same as RFC 3339 with nine digits, in UTC */
	int stream;       /* 1 or 2 */
	const char *text; /* without the line's end */
	size_t length;
	bool partial; /* the line goes on in the next entry */
};

/* @dir: the container's directory in the store; borrowed, as @container is. */
must_check int log_open(int dir, const struct store_container *container, struct error *err);
void log_write(int stream, const char *bytes, size_t length);
/* The streams have ended: lines without an end are written. */
void log_end(void);
void log_close(void);
/* @ret: LOG_TIME_BYTES. */
void log_format_time(int64_t time_ns, char *ret);

#endif
