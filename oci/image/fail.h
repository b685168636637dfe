/*
 * How a command of hull-image ends: the errno that a function returns (not the one that the message names)
 * says which of the documented exit statuses it is.
 */
#ifndef HULL_OCI_IMAGE_FAIL_H
#define HULL_OCI_IMAGE_FAIL_H

#include "base/error.h"

enum fail_status {
	FAIL_ERROR = 1,
	FAIL_USAGE = 2,
	FAIL_MISSING = 3,   /* -ENOENT */
	FAIL_CONFLICT = 4,  /* -EBUSY, -EEXIST */
	FAIL_NETWORK = 5,   /* -ECOMM */
	FAIL_INTEGRITY = 6, /* -EBADMSG */
};

/* Fill @err with the text alone. Return -ENOENT, -EBUSY, -EBADMSG. */
int fail_missing(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fail_conflict(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fail_integrity(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The exit status of @result, a negative errno. */
enum fail_status fail_status(int result);

#endif
