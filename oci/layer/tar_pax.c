/*
 * PAX extended headers; see tar_pax.h. "LENGTH KEY=VALUE\n", one after the other and nothing else: a record
 * that another reader would skip or see otherwise is an error.
 */
#include "oci/layer/tar_pax.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

struct record {
	char *key, *value; /* both end with NUL */
	size_t length;     /* of the value, which may have NULs in it */
};

static int next_record(char **at, char *end, struct record *ret, struct error *err)
{
	char *begin = *at, *digit = begin;
	size_t length = 0;

	for (; digit < end && *digit >= '0' && *digit <= '9' && length <= TAR_MAX_EXTENDED_BYTES; digit++)
		length = length * 10 + (size_t)(*digit - '0');
	if (digit == begin || digit == end || *digit != ' ' || length > (size_t)(end - begin) ||
	    length < (size_t)(digit - begin) + 2 || begin[length - 1] != '\n')
		return error_set(err, EBADMSG, "tar: a broken extended header");
	char *key = digit + 1;
	char *equals = memchr(key, '=', (size_t)(begin + length - key));

	if (equals == NULL || equals == key || memchr(key, '\0', (size_t)(equals - key)) != NULL)
		return error_set(err, EBADMSG, "tar: a broken extended header");
	*equals = '\0';
	begin[length - 1] = '\0';
	*ret = (struct record){ key, equals + 1, (size_t)(begin + length - 1 - (equals + 1)) };
	*at = begin + length;
	return 0;
}

static int number(const struct record *record, uint64_t max, uint64_t *ret, struct error *err)
{
	int result = number_parse_u64(record->value, max, ret, err);

	if (result < 0) {
		error_set(err, EBADMSG, "tar: %s is not a number that can be: \"%.40s\"", record->key,
			  record->value);
		return -EBADMSG;
	}
	return 0;
}

static int optional(const struct record *record, uint64_t max, struct opt_u64 *ret, struct error *err)
{
	ret->set = true;
	return number(record, max, &ret->value, err);
}

/* "-12.5": seconds with a fraction of any length. */
static int time_value(const struct record *record, struct tar_pax *pax, struct error *err)
{
	char *dot = strchr(record->value, '.');
	const char *digit = dot;
	uint32_t ns = 0;

	if (dot != NULL) {
		*dot = '\0';
		for (uint32_t unit = 100000000; *++digit >= '0' && *digit <= '9'; unit /= 10)
			ns += unit * (uint32_t)(*digit - '0');
	}
	if (number_parse_i64(record->value, INT64_MIN + 1, INT64_MAX, &pax->mtime.value, err) < 0 ||
	    (dot != NULL && *digit != '\0'))
		return error_set(err, EBADMSG, "tar: %s is not a time", record->key);
	/* The fraction counts upwards: -12.5 is half a second after -13. */
	if (ns > 0 && record->value[0] == '-') {
		pax->mtime.value--;
		ns = 1000000000 - ns;
	}
	pax->mtime.set = true;
	pax->mtime_ns = ns;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* libarchive's names: %XX. In place. */
static bool url_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++, to++) {
		if (*from != '%') {
			*to = *from;
			continue;
		}
		int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);

		if (low < 0 || (high | low) == 0)
			return false;
		*to = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return true;
}

/* libarchive's values: base64 without padding. In place. */
static bool base64_decode(struct record *record)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = record->length, to = 0;
	uint32_t bits = 0;

	while (length > 0 && record->value[length - 1] == '=')
		length--;
	if (length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++) {
		const char *digit = record->value[i] == '\0' ? NULL : strchr(digits, record->value[i]);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (i % 4 > 0)
			record->value[to++] = (char)(uint8_t)(bits >> (6 - i % 4 * 2));
	}
	record->length = to;
	return true;
}

static int add_xattr(struct tar_pax *pax, const char *name, const struct record *record, struct error *err)
{
	if (*name == '\0' || strlen(name) > 255)
		return error_set(err, EBADMSG, "tar: an xattr with a name that cannot be");
	if (record->length > TAR_MAX_XATTR_BYTES)
		return error_set(err, EFBIG, "tar: the xattr \"%s\" is larger than %d bytes", name,
				 TAR_MAX_XATTR_BYTES);
	for (size_t i = 0; i < pax->xattr_count; i++) {
		/* libarchive writes both forms: they say the same. */
		if (strcmp(pax->xattrs[i].name, name) == 0) {
			pax->xattrs[i].value = record->value;
			pax->xattrs[i].length = record->length;
			return 0;
		}
	}
	if (pax->xattr_count == TAR_MAX_XATTRS)
		return error_set(err, EFBIG, "tar: more than %d xattrs", TAR_MAX_XATTRS);
	pax->xattrs[pax->xattr_count++] = (struct tar_xattr){ name, record->value, record->length };
	return 0;
}

static int take_xattr(struct tar_pax *pax, struct record *record, struct error *err)
{
	static const char plain[] = "SCHILY.xattr.", coded[] = "LIBARCHIVE.xattr.";

	if (text_starts(record->key, plain))
		return add_xattr(pax, record->key + sizeof(plain) - 1, record, err);
	char *name = record->key + sizeof(coded) - 1;

	if (!url_decode(name) || !base64_decode(record))
		return error_set(err, EBADMSG, "tar: a broken %s", coded);
	return add_xattr(pax, name, record, err);
}

/* "0,512,8192,512" */
static int take_map(struct record *record, struct tar_sparse *sparse, struct error *err)
{
	char *at = record->value;

	tar_sparse_clear(sparse);
	while (at != NULL && *at != '\0') {
		char *comma = strchr(at, ',');
		uint64_t value;

		if (comma != NULL)
			*comma = '\0';
		int result =
			number(&(struct record){ .key = record->key, .value = at }, INT64_MAX, &value, err);
		if (result == 0)
			result = tar_sparse_add(sparse, value, err);
		if (result < 0)
			return result;
		at = comma == NULL ? NULL : comma + 1;
	}
	return 0;
}

static int take_sparse(struct tar_pax *pax, struct record *record, struct tar_sparse *sparse,
		       struct error *err)
{
	const char *key = record->key + strlen("GNU.sparse.");
	uint64_t value;

	if (memchr(record->value, '\0', record->length) != NULL)
		return error_set(err, EBADMSG, "tar: a NUL in %s", record->key);
	if (text_equal(key, "name")) {
		pax->sparse_name = record->value;
		return 0;
	}
	if (text_equal(key, "map")) {
		pax->sparse_map = true;
		return take_map(record, sparse, err);
	}
	if (text_equal(key, "size") || text_equal(key, "realsize"))
		return optional(record, INT64_MAX, &pax->sparse_size, err);
	if (text_equal(key, "major"))
		return number(record, 1, &pax->sparse_major, err);
	if (text_equal(key, "minor"))
		return number(record, 1, &pax->sparse_minor, err);
	if (text_equal(key, "numblocks"))
		return 0; /* the map itself counts */
	if (!text_equal(key, "offset") && !text_equal(key, "numbytes"))
		return error_set(err, EBADMSG, "tar: unknown record %s", record->key);
	pax->sparse_map = true;
	int result = number(record, INT64_MAX, &value, err);
	if (result == 0 && sparse->has_half != text_equal(key, "numbytes"))
		return error_set(err, EBADMSG, "tar: the map of a sparse file is not in order");
	return result < 0 ? result : tar_sparse_add(sparse, value, err);
}

static int take_string(const struct record *record, char **ret, struct error *err)
{
	/* An empty value takes the record back. */
	*ret = record->length == 0 ? NULL : record->value;
	if (memchr(record->value, '\0', record->length) != NULL)
		return error_set(err, EBADMSG, "tar: a NUL in %s", record->key);
	return 0;
}

static int take_record(struct tar_pax *pax, struct record *record, struct tar_sparse *sparse,
		       struct error *err)
{
	const char *key = record->key;

	if (text_starts(key, "SCHILY.xattr.") || text_starts(key, "LIBARCHIVE.xattr."))
		return take_xattr(pax, record, err);
	if (text_equal(key, "path"))
		return take_string(record, &pax->path, err);
	if (text_equal(key, "linkpath"))
		return take_string(record, &pax->link, err);
	if (text_starts(key, "GNU.sparse."))
		return take_sparse(pax, record, sparse, err);
	if (text_equal(key, "SCHILY.acl.access") || text_equal(key, "SCHILY.acl.default")) {
		char *acl;
		int result = take_string(record, &acl, err);

		*(text_ends(key, "access") ? &pax->acl_access : &pax->acl_default) = acl;
		return result;
	}
	bool is_size = text_equal(key, "size"), is_uid = text_equal(key, "uid"),
	     is_gid = text_equal(key, "gid"), is_mtime = text_equal(key, "mtime");
	if (!is_size && !is_uid && !is_gid && !is_mtime)
		return 0; /* names of users, other times, comments, what vendors add */
	if (memchr(record->value, '\0', record->length) != NULL)
		return error_set(err, EBADMSG, "tar: a NUL in %s", key);
	if (is_mtime) {
		pax->mtime.set = false;
		return record->length == 0 ? 0 : time_value(record, pax, err);
	}
	struct opt_u64 *value = is_size ? &pax->size : is_uid ? &pax->uid : &pax->gid;

	value->set = false;
	/* An empty value takes the record back: the header's own stands. */
	return record->length == 0 ? 0 : optional(record, is_size ? INT64_MAX : UINT32_MAX - 1, value, err);
}

int tar_pax_read(char *records, size_t length, struct tar_pax *ret, struct tar_sparse *sparse,
		 struct error *err)
{
	char *at = records;

	while (at < records + length) {
		struct record record = { 0 };
		int result = next_record(&at, records + length, &record, err);

		if (result == 0)
			result = take_record(ret, &record, sparse, err);
		if (result < 0)
			return result;
	}
	return 0;
}
