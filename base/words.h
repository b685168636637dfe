/*
 * Quantities as docker says and takes them: durations, sizes, times.
 */
#ifndef HULL_BASE_WORDS_H
#define HULL_BASE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "base/values.h"

#define WORDS_SECOND_NS INT64_C(1000000000)

/* Nanoseconds of CLOCK_REALTIME. */
int64_t words_now_ns(void);
/* "5 seconds", "About a minute", "3 weeks"; negative durations count as none. */
void words_duration(int64_t ns, struct text *ret);
/* "1.2MiB" (@unit 1024) or "1.2MB" (1000). */
void words_size(double bytes, unsigned unit, struct text *ret);
/* "2026-11-25T08:29:43.012345678Z" */
void words_time(int64_t ns, struct text *ret);
/* "2026-11-25 08:29:43 +0000 UTC" */
void words_time_plain(int64_t ns, struct text *ret);
/*
 * A moment: seconds since 1970 ("1763000000", "1763000000.5"), "2026-11-25[T08:29[:43[.5]][Z|±hh:mm]]", or a
 * duration before @now_ns ("10m", "1h30m", "2.5s"). Without a zone it is UTC. Errors: -EINVAL.
 */
must_check int words_parse_moment(const char *text, int64_t now_ns, int64_t *ret_ns, struct error *err);
/* "1h30m10.5s", "300ms"; a bare number counts seconds. Errors: -EINVAL. */
must_check int words_parse_duration(const char *text, int64_t *ret_ns, struct error *err);
/* @args joined by blanks, cut to 19 characters and "…" when @cut, in double quotes. */
void words_command(const struct strings *args, bool cut, struct text *ret);

#endif
