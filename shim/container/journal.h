/*
 * Reading what hull-shim has given to the journal of systemd: journalctl(1) in its export format, as entries
 * like those of log files.
 */
#ifndef HULL_SHIM_CONTAINER_JOURNAL_H
#define HULL_SHIM_CONTAINER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "shim/store/logread.h"

#define JOURNAL_CURSOR_BYTES 512

struct journal_query {
	const char *id;             /* of the container */
	const char *lines;          /* the last so many entries; NULL: all */
	const char *after;          /* only what comes after this cursor; NULL: everything */
	int64_t since_ns, until_ns; /* to the second; INT64_MIN, INT64_MAX: no limit */
	bool follow;                /* it has no end */
};

struct journal {
	pid_t pid;
	int fd;
	struct text bytes; /* read and not yet passed on, from at on */
	size_t at;
	bool ended;
	char cursor[JOURNAL_CURSOR_BYTES]; /* of the last entry; "" before the first */
};

/* @query is used in the call only; words are made in @arena. */
must_check int journal_open(const struct journal_query *query, struct arena *arena, struct journal *ret,
			    struct error *err);
/*
 * The next entry, its text valid until the next call. Returns 1; 0 when none came within @timeout_ms (-1: no
 * limit) or there are no more: then ended is set. Errors: -EINVAL what comes is no journal's.
 */
must_check int journal_next(struct journal *journal, int timeout_ms, struct logread_entry *ret,
			    struct error *err);
/* Ends journalctl. @ret_status: its exit status; 0 where it was ended before its time. */
must_check int journal_close(struct journal *journal, int *ret_status, struct error *err);
/* Waits until the journal has written down what it was given up to now, where we may ask for that. */
void journal_sync(void);

#endif
