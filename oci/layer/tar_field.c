/* Fields of tar headers, and names; see tar_field.h. */
#include "oci/layer/tar_field.h"

#include <errno.h>
#include <string.h>

#include "base/banned.h"

/* Two's complement of @length bytes, the highest bit of the first being the mark of the form. */
static bool base256(const uint8_t *field, size_t length, int64_t *ret)
{
	bool negative = (field[0] & 0x40) != 0;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < length; i++) {
		/* What is shifted out has to be nothing but sign. */
		uint8_t byte = i == 0 ? (uint8_t)(negative ? field[0] : field[0] & 0x7f) : field[i];

		if ((int64_t)value >> 55 != (negative ? -1 : 0))
			return false;
		value = value << 8 | byte;
	}
	*ret = (int64_t)value;
	return ((int64_t)value < 0) == negative;
}

int tar_field_number(const uint8_t *field, size_t length, const char *what, int64_t *ret, struct error *err)
{
	uint64_t value = 0;
	size_t at = 0, end = length;

	if ((field[0] & 0x80) != 0) {
		if (!base256(field, length, ret))
			return error_set(err, EBADMSG, "tar: the %s is out of range", what);
		return 0;
	}
	while (at < end && field[at] == ' ')
		at++;
	for (size_t i = at; i < end; i++) {
		if (field[i] == '\0')
			end = i;
	}
	while (end > at && field[end - 1] == ' ')
		end--;
	for (; at < end; at++) {
		if (field[at] < '0' || field[at] > '7')
			return error_set(err, EBADMSG, "tar: the %s is not a number", what);
		value = value << 3 | (uint64_t)(field[at] - '0'); /* 12 digits at most: 36 bits */
	}
	*ret = (int64_t)value;
	return 0;
}

int tar_field_unsigned(const uint8_t *field, size_t length, const char *what, uint64_t max, uint64_t *ret,
		       struct error *err)
{
	int64_t value;
	int result = tar_field_number(field, length, what, &value, err);

	if (result < 0)
		return result;
	if (value < 0 || (uint64_t)value > max)
		return error_set(err, EBADMSG, "tar: the %s is out of range", what);
	*ret = (uint64_t)value;
	return 0;
}

bool tar_field_checksum(const struct tar_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	struct error err;
	int64_t want;
	uint32_t sum = 0, high = 0; /* high: bytes that count 256 less where bytes have signs */

	if (tar_field_number(header->checksum, sizeof(header->checksum), "checksum", &want, &err) < 0)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		sum += bytes[i];
		high += bytes[i] >> 7;
	}
	/* The field itself counts as blanks. */
	for (size_t i = 0; i < sizeof(header->checksum); i++) {
		sum += (uint32_t)' ' - header->checksum[i];
		high -= header->checksum[i] >> 7;
	}
	return want == sum || want == (int64_t)sum - 256 * (int64_t)high;
}

bool tar_field_zero(const uint8_t *block)
{
	return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

void tar_field_name(const struct tar_header *header, char *ret)
{
	size_t prefix = 0, name = strnlen((const char *)header->name, sizeof(header->name));

	/* "ustar\0" is POSIX; "ustar " is GNU, which keeps other things there. */
	if (memcmp(header->magic, "ustar", 6) == 0)
		prefix = strnlen((const char *)header->prefix,
				 memcmp(header->rest + 8, "tar", 4) == 0 ? 131 : sizeof(header->prefix));
	if (prefix > 0) {
		memcpy(ret, header->prefix, prefix);
		ret[prefix++] = '/';
	}
	memcpy(ret + prefix, header->name, name);
	ret[prefix + name] = '\0';
}

int tar_field_clean(char *name, const char *what, bool *ret_slash, struct error *err)
{
	char *to = name;
	const char *from = name;
	size_t depth = 0;

	if (*name == '\0')
		return error_set(err, EBADMSG, "tar: an empty %s", what);
	*ret_slash = name[strlen(name) - 1] == '/';
	while (*from != '\0') {
		size_t length = strcspn(from, "/");

		if (length == 2 && from[0] == '.' && from[1] == '.')
			return error_set(err, EBADMSG, "tar: a %s with \"..\"", what);
		if (length > TAR_MAX_PART || ++depth > TAR_MAX_DEPTH)
			return error_set(err, EBADMSG, "tar: the %s \"%.60s…\" is too long", what, name);
		if (length > 0 && !(length == 1 && from[0] == '.')) {
			if (to != name)
				*to++ = '/';
			memmove(to, from, length);
			to += length;
		} else {
			depth--;
		}
		from += length + (from[length] == '/');
	}
	if (to == name)
		*to++ = '.';
	*to = '\0';
	if (to - name > TAR_MAX_NAME)
		return error_set(err, EBADMSG, "tar: the %s \"%.60s…\" is too long", what, name);
	return 0;
}
