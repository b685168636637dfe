/* Writing tar headers; see tar_write.h. */
#include "oci/layer/tar_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/layer/tar_field.h"

#include "base/banned.h"

#define MAX_OCTAL_8 07777777
#define MAX_OCTAL_12 INT64_C(077777777777)

static const char types[] = {
	[TAR_FILE] = '0',         [TAR_HARDLINK] = '1',  [TAR_SYMLINK] = '2', [TAR_CHARACTER] = '3',
	[TAR_BLOCK_DEVICE] = '4', [TAR_DIRECTORY] = '5', [TAR_FIFO] = '6',
};
_Static_assert(ARRAY_LEN(types) == TAR_TYPE_COUNT, "every type needs a letter");

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void add_record(struct text *records, const char *key, const void *value, size_t length)
{
	size_t rest = strlen(key) + length + 3, total = rest + 1;
	char digits[24];

	for (;;) {
		int width = snprintf(digits, sizeof(digits), "%zu", total);
		if (rest + (size_t)width == total)
			break;
		total = rest + (size_t)width;
	}
	text_append(records, digits);
	text_append(records, " ");
	text_append(records, key);
	text_append(records, "=");
	text_append_bytes(records, value, length);
	text_append(records, "\n");
}

static void add_number(struct text *records, const char *key, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRIu64, value); /* it fits */
	add_record(records, key, digits, strlen(digits));
}

static void add_time(struct text *records, int64_t seconds, uint32_t ns)
{
	char digits[48];
	bool negative = seconds < 0;

	/* -12.5 is half a second after -13. */
	if (negative && ns > 0) {
		seconds++;
		ns = 1000000000 - ns;
	}
	(void)snprintf(digits, sizeof(digits), "%s%" PRIu64 ".%09" PRIu32, negative ? "-" : "",
		       negative ? -(uint64_t)seconds : (uint64_t)seconds, ns); /* it fits */
	size_t length = strlen(digits);
	while (digits[length - 1] == '0')
		length--;
	if (digits[length - 1] == '.')
		length--;
	add_record(records, "mtime", digits, length);
}

static void put_octal(uint8_t *field, size_t length, uint64_t value)
{
	field[length - 1] = '\0';
	for (size_t i = length - 1; i-- > 0; value >>= 3)
		field[i] = (uint8_t)('0' + (value & 7));
}

static void put_checksum(struct tar_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	uint64_t sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += bytes[i];
	put_octal(header->checksum, 7, sum);
}

/* Split @path at a slash so that it fits the two fields. */
static bool put_path(struct tar_header *header, const char *path)
{
	size_t length = strlen(path);

	if (length <= sizeof(header->name)) {
		memcpy(header->name, path, length);
		return true;
	}
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		size_t prefix = (size_t)(slash - path), name = length - prefix - 1;

		if (prefix > 0 && prefix <= sizeof(header->prefix) && name > 0 &&
		    name <= sizeof(header->name)) {
			memcpy(header->prefix, path, prefix);
			memcpy(header->name, slash + 1, name);
			return true;
		}
	}
	return false;
}

static void begin(struct tar_header *header, char type)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, "ustar", 6);
	memcpy(header->version, "00", 2);
	header->type = (uint8_t)type;
}

static void put_numbers(struct tar_header *header, struct text *records, const struct tar_entry *entry)
{
	uint64_t size = entry->type == TAR_FILE ? entry->size : 0;
	int64_t mtime = entry->mtime;

	if (entry->uid > MAX_OCTAL_8)
		add_number(records, "uid", entry->uid);
	if (entry->gid > MAX_OCTAL_8)
		add_number(records, "gid", entry->gid);
	if (size > MAX_OCTAL_12)
		add_number(records, "size", size);
	if (mtime < 0 || mtime > MAX_OCTAL_12 || entry->mtime_ns > 0)
		add_time(records, mtime, entry->mtime_ns);
	put_octal(header->mode, sizeof(header->mode), entry->mode & 07777);
	put_octal(header->uid, sizeof(header->uid), entry->uid > MAX_OCTAL_8 ? 0 : entry->uid);
	put_octal(header->gid, sizeof(header->gid), entry->gid > MAX_OCTAL_8 ? 0 : entry->gid);
	put_octal(header->size, sizeof(header->size), size > MAX_OCTAL_12 ? 0 : size);
	put_octal(header->mtime, sizeof(header->mtime),
		  mtime < 0 || mtime > MAX_OCTAL_12 ? 0 : (uint64_t)mtime);
	if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE) {
		put_octal(header->major, sizeof(header->major), entry->major);
		put_octal(header->minor, sizeof(header->minor), entry->minor);
	}
}

/* Not what xattrs are called in any file: only readers of the records see it. */
static void write_records(const struct text *records, struct text *ret)
{
	static const char name[] = "PaxHeaders.0/entry";
	struct tar_header header;

	begin(&header, 'x');
	memcpy(header.name, name, sizeof(name));
	put_octal(header.mode, sizeof(header.mode), 0644);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), records->length);
	put_octal(header.mtime, sizeof(header.mtime), 0);
	put_checksum(&header);
	text_append_bytes(ret, &header, sizeof(header));
	text_append_bytes(ret, records->data, records->length);
	tar_write_padding(records->length, ret);
}

void tar_write_header(const struct tar_entry *entry, struct text *ret)
{
	struct tar_header header;
	autotext struct text records = TEXT_EMPTY;
	autotext struct text path = TEXT_EMPTY;

	begin(&header, types[entry->type]);
	text_append(&path, entry->path);
	if (entry->type == TAR_DIRECTORY)
		text_append(&path, "/");
	if (path.failed) {
		ret->failed = true;
		return;
	}
	if (!put_path(&header, path.data)) {
		add_record(&records, "path", path.data, path.length);
		memcpy(header.name, path.data, sizeof(header.name) - 1);
	}
	if (entry->link != NULL && (entry->type == TAR_SYMLINK || entry->type == TAR_HARDLINK)) {
		size_t length = strlen(entry->link);

		if (length > sizeof(header.link))
			add_record(&records, "linkpath", entry->link, length);
		memcpy(header.link, entry->link, length > sizeof(header.link) ? 0 : length);
	}
	put_numbers(&header, &records, entry);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		autotext struct text key = TEXT_EMPTY;

		text_append(&key, "SCHILY.xattr.");
		text_append(&key, entry->xattrs[i].name);
		if (key.failed)
			ret->failed = true;
		else
			add_record(&records, key.data, entry->xattrs[i].value, entry->xattrs[i].length);
	}
	put_checksum(&header);
	ret->failed |= records.failed;
	if (records.length > 0)
		write_records(&records, ret);
	text_append_bytes(ret, &header, sizeof(header));
}

void tar_write_padding(uint64_t size, struct text *ret)
{
	static const char zeros[TAR_BLOCK];

	text_append_bytes(ret, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

void tar_write_end(struct text *ret)
{
	static const char zeros[2 * TAR_BLOCK];

	text_append_bytes(ret, zeros, sizeof(zeros));
}
