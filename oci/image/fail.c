/* Errors that have an exit status of their own; see fail.h. */
#include "oci/image/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

__attribute__((format(printf, 3, 0))) static int set(struct error *err, int result, const char *format,
						     va_list args)
{
	char what[ERROR_TEXT_SIZE];

	(void)vsnprintf(what, sizeof(what), format, args);
	(void)error_set(err, 0, "%s", what);
	return result;
}

int fail_missing(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int result = set(err, -ENOENT, format, args);
	va_end(args);
	return result;
}

int fail_conflict(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int result = set(err, -EBUSY, format, args);
	va_end(args);
	return result;
}

int fail_integrity(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int result = set(err, -EBADMSG, format, args);
	va_end(args);
	return result;
}

enum fail_status fail_status(int result)
{
	switch (-result) {
	case ENOENT:
		return FAIL_MISSING;
	case EBUSY:
	case EEXIST:
		return FAIL_CONFLICT;
	case ECOMM:
		return FAIL_NETWORK;
	case EBADMSG:
		return FAIL_INTEGRITY;
	default:
		return FAIL_ERROR;
	}
}
