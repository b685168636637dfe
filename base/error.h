/*
 * The one error channel: a value of fixed size on the caller's stack. It allocates nothing, can be
 * filled in hull-init, and crosses the sync socket as it is. hull links base/error.c; hull-init has
 * its own implementation of the same functions (runtime/init/error.c), because it links nothing.
 */
#ifndef HULL_BASE_ERROR_H
#define HULL_BASE_ERROR_H

#include <stdint.h>

#define must_check __attribute__((warn_unused_result))

/* Room for a whole message with its context chain; a longer cause is cut, a context that does not
 * fit is dropped. */
#define ERROR_TEXT_SIZE 1024

struct error {
	int32_t number; /* the errno behind it, positive; 0: the text says everything */
	int32_t length; /* bytes in text, without the final NUL */
	char text[ERROR_TEXT_SIZE];
};

/*
 * Fill @err with the formatted text. @number is the errno that caused it, or 0 when the text alone
 * says what is wrong. Replaces what @err held. Returns -@number, or -EINVAL where @number is 0.
 */
int error_set(struct error *err, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Put "context: " in front of what @err says: what the caller was doing, not that it failed.
 * Returns what error_set returned for it.
 */
int error_add(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where failing is of no consequence; the reason stands beside the call. */
#define ignore_failure(call) ((void)((call) < 0))

/* An empty @err: number 0, no text. */
void error_clear(struct error *err);

#endif
