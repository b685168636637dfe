/* Strict numbers; see number.h. */
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

static bool digits_parse(const char *text, uint64_t base, uint64_t *ret, bool *overflow)
{
	uint64_t value = 0;

	*overflow = false;
	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0' && base == 10))
		return false;
	for (const char *s = text; *s != '\0'; s++) {
		if (*s < '0' || (uint64_t)(*s - '0') >= base)
			return false;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			*overflow = true;
	}
	*ret = value;
	return true;
}

int number_parse_u64(const char *text, uint64_t max, uint64_t *ret, struct error *err)
{
	uint64_t value;
	bool overflow;

	if (text[0] == '-' && digits_parse(text + 1, 10, &value, &overflow) && value != 0)
		return error_set(err, 0, "number %s: must not be negative", text), -ERANGE;
	if (!digits_parse(text, 10, &value, &overflow))
		return error_set(err, 0, "\"%.64s\" is not a whole number", text);
	if (overflow || value > max)
		return error_set(err, 0, "number %.64s: must be at most %llu", text, (unsigned long long)max),
		       -ERANGE;
	*ret = value;
	return 0;
}

int number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	bool negative = text[0] == '-', overflow;
	uint64_t magnitude;

	if (!digits_parse(text + negative, 10, &magnitude, &overflow))
		return error_set(err, 0, "\"%.64s\" is not a whole number", text);
	int64_t value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (overflow || (negative ? magnitude > (uint64_t)INT64_MAX + 1 : magnitude > INT64_MAX) ||
	    value < min || value > max)
		return error_set(err, 0, "number %.64s: must be %lld to %lld", text, (long long)min,
				 (long long)max),
		       -ERANGE;
	*ret = value;
	return 0;
}

int number_parse_octal(const char *text, uint32_t max, uint32_t *ret, struct error *err)
{
	uint64_t value;
	bool overflow;

	if (!digits_parse(text, 8, &value, &overflow))
		return error_set(err, 0, "\"%.64s\" is not an octal number", text);
	if (overflow || value > max)
		return error_set(err, 0, "octal number %.64s: must be at most %o", text, max), -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

int number_parse_bytes(const char *text, int64_t *ret, struct error *err)
{
	static const char units[] = "bkmgtp";
	char digits[24];
	size_t count = strspn(text, "0123456789");
	int64_t value;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	if (count == 0 || count >= sizeof(digits))
		return error_set(err, 0, "\"%.64s\" is not a size", text);
	memcpy(digits, text, count);
	digits[count] = '\0';
	int result = number_parse_i64(digits, 0, INT64_MAX, &value, err);
	if (result < 0)
		return result;

	const char *unit = text + count;
	int power = 0;
	if (*unit != '\0') {
		const char *known = strchr(units, tolower((unsigned char)*unit));

		if (known == NULL)
			return error_set(err, 0, "\"%.64s\" is not a size: unknown unit", text);
		power = (int)(known - units);
		unit++;
		if (power > 0 && tolower((unsigned char)unit[0]) == 'i' &&
		    tolower((unsigned char)unit[1]) == 'b')
			unit += 2;
		else if (power > 0 && tolower((unsigned char)unit[0]) == 'b')
			unit++;
		if (*unit != '\0')
			return error_set(err, 0, "\"%.64s\" is not a size: unknown unit", text);
	}
	if (value > INT64_MAX >> (10 * power))
		return error_set(err, 0, "size %.64s is too large", text), -ERANGE;
	*ret = value << (10 * power);
	return 0;
}
