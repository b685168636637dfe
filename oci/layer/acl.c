/* POSIX ACLs; see acl.h. */
#include "oci/layer/acl.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

/* The kernel's form: version 2, then entries of 8 bytes, all little endian (linux/posix_acl_xattr.h). */
#define VERSION 2
#define NO_ID UINT32_MAX

struct tag_row {
	const char *name;
	uint16_t own, named; /* tags without and with somebody's number; 0: there is none */
};

static const struct tag_row tags[] = {
	{ "user", 0x01, 0x02 }, { "group", 0x04, 0x08 }, { "mask", 0x10, 0 }, { "other", 0x20, 0 },
	{ "u", 0x01, 0x02 },    { "g", 0x04, 0x08 },     { "m", 0x10, 0 },    { "o", 0x20, 0 },
};

struct entry {
	uint16_t tag, permissions;
	uint32_t id;
};

static bool read_id(const char *text, uint32_t *ret)
{
	struct error err;
	uint64_t value;

	if (number_parse_u64(text, UINT32_MAX - 1, &value, &err) < 0)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool read_permissions(const char *text, uint16_t *ret)
{
	*ret = 0;
	for (; *text != '\0'; text++) {
		switch (*text) {
		case 'r':
			*ret |= 4;
			break;
		case 'w':
			*ret |= 2;
			break;
		case 'x':
			*ret |= 1;
			break;
		case '-':
			break;
		default:
			return false;
		}
	}
	return true;
}

/* "tag:who:permissions[:number]", changed. */
static bool read_entry(char *text, struct entry *ret)
{
	char *parts[4] = { text, NULL, NULL, NULL };

	for (size_t i = 1; i < ARRAY_LEN(parts); i++) {
		char *colon = strchr(parts[i - 1], ':');
		if (colon == NULL)
			break;
		*colon = '\0';
		parts[i] = colon + 1;
	}
	if (parts[1] == NULL)
		return false;
	/* "other:r-x" and "mask:r-x" are written too. */
	if (parts[2] == NULL) {
		parts[2] = parts[1];
		parts[1] = parts[0] + strlen(parts[0]);
	}
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (!text_equal(parts[0], tags[i].name))
			continue;
		bool named = *parts[1] != '\0';

		ret->tag = named ? tags[i].named : tags[i].own;
		ret->id = NO_ID;
		if (ret->tag == 0 || !read_permissions(parts[2], &ret->permissions))
			return false;
		return !named || read_id(parts[3] != NULL ? parts[3] : parts[1], &ret->id);
	}
	return false;
}

static bool before(const struct entry *a, const struct entry *b)
{
	return a->tag != b->tag ? a->tag < b->tag : a->id < b->id;
}

static void put(uint8_t *at, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

size_t acl_parse(const char *text, uint8_t ret[ACL_MAX_BYTES])
{
	struct entry entries[ACL_MAX_ENTRIES];
	size_t count = 0;

	while (*text != '\0') {
		char word[300];
		size_t length = strcspn(text, ",\n");
		size_t skip = strspn(text, " \t");

		if (length >= sizeof(word) || count == ACL_MAX_ENTRIES)
			return 0;
		if (skip < length && text[skip] != '#') {
			struct entry entry;
			size_t at = count;

			memcpy(word, text + skip, length - skip);
			word[length - skip] = '\0';
			word[strcspn(word, " \t#")] = '\0'; /* "#effective:r--" */
			if (!read_entry(word, &entry))
				return 0;
			/* The kernel wants them in the order of tags and numbers. */
			for (; at > 0 && before(&entry, &entries[at - 1]); at--)
				entries[at] = entries[at - 1];
			entries[at] = entry;
			count++;
		}
		text += length + (text[length] != '\0');
	}
	put(ret, VERSION, 4);
	for (size_t i = 0; i < count; i++) {
		put(ret + 4 + 8 * i, entries[i].tag, 2);
		put(ret + 6 + 8 * i, entries[i].permissions, 2);
		put(ret + 8 + 8 * i, entries[i].id, 4);
	}
	return count == 0 ? 0 : 4 + 8 * count;
}
