/* How a run has ended: taken from the kernel, kept on the disk. */
#ifndef HULL_SHIM_ENDING_H
#define HULL_SHIM_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "shim/store/store.h"

/* CLOCK_REALTIME. */
int64_t ending_now_ns(void);
/* Reap our child behind @pidfd, which has ended: code and signal. */
void ending_take(int pidfd, struct store_exit *ret);
/*
 * The same of a process that is another's child: Linux 6.15 keeps it for who holds a pidfd, once the
 * process is reaped.
 */
enum ending_foreign { ENDING_KNOWN, ENDING_NOT_YET, ENDING_NEVER };
enum ending_foreign ending_take_foreign(int pidfd, struct store_exit *ret);
/* The exit code of a container that could not be started, as docker and podman have it: 127 there is no such
 * program, 126 it may not be executed, else 128. */
int32_t ending_failure_code(const char *error);
/* Blocks on the disk that the record can have when there are no others. */
must_check int ending_reserve(int dir, struct error *err);
void ending_unreserve(const struct store *store, const char *id);
/* store_exit_save, with the reserve where the disk is full. */
must_check int ending_save(const struct store *store, const char *id, const struct store_exit *exit,
			   struct error *err);
/* Whether exit.json is of this run; it is then in @ret, without its error. */
bool ending_is_recorded(const struct store *store, const char *id, const struct store_run *run,
			struct store_exit *ret);

#endif
