/*
 * Reading what hull-shim has logged into files: both forms, from the oldest file that is left through all
 * rotations to the newest, and on as it grows. Lines that are no entries (a disk that failed) are
 * skipped; a line that is not at its end yet is left for later.
 */
#ifndef HULL_SHIM_STORE_LOGREAD_H
#define HULL_SHIM_STORE_LOGREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "shim/store/store.h"

struct logread_entry {
	int64_t time_ns;  /* CLOCK_REALTIME */
	int stream;       /* 1: output, 2: errors */
	const char *text; /* without the line's end; until the next call */
	size_t length;
	bool partial; /* the line goes on in the stream's next entry, or has no end */
};

struct logread;

/*
 * The log of container @id. Errors: -ENOENT it has none yet; -EOPNOTSUPP the driver writes no files (its
 * name is in the message).
 */
must_check int logread_open(const struct store *store, const char *id, enum store_log_driver driver,
			    struct logread **ret, struct error *err);
/* The next entry. Returns 1, or 0 where there is none now: called again later, it goes on. */
must_check int logread_next(struct logread *log, struct logread_entry *ret, struct error *err);
/* The directory of the files: watched by inotify(7) for changes, it tells when there is more. */
int logread_directory(const struct logread *log);
void logread_close(struct logread *log);
/* RFC 3339 as logs have it, "2026-11-25T09:00:00.123456789Z" or with an offset. Errors: -EINVAL. */
must_check int logread_parse_time(const char *text, size_t length, int64_t *ret_ns, struct error *err);

#endif
