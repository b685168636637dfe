/*
 * Strict numbers: the whole text is the number or it is an error. No blanks, no plus sign, no
 * leading zeros that would hint at octal, no silent wrap.
 */
#ifndef HULL_BASE_NUMBER_H
#define HULL_BASE_NUMBER_H

#include <stdint.h>

#include "base/error.h"

/* Decimal. Errors: -EINVAL not a number, -ERANGE out of [min, max]; the text names both. */
must_check int number_parse_u64(const char *text, uint64_t max, uint64_t *ret, struct error *err);
must_check int number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err);
/* Octal digits only, at most @max. */
must_check int number_parse_octal(const char *text, uint32_t max, uint32_t *ret, struct error *err);
/* Bytes with an optional binary suffix: b k m g t p, also kb, kib, as docker and runc take them; -1
 * is allowed and means unlimited. */
must_check int number_parse_bytes(const char *text, int64_t *ret, struct error *err);

#endif
