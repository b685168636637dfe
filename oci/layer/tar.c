/*
 * The reader: one cursor over the archive, headers put together to entries; see tar.h.
 */
#include "oci/layer/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/layer/tar_field.h"
#include "oci/layer/tar_pax.h"
#include "oci/layer/tar_sparse.h"

#include "base/banned.h"

#define MAX_MAJOR 0xfff /* what mknod(2) can say; more would wrap, perhaps to a whiteout's 0:0 */
#define MAX_MINOR 0xfffff
/* A map in the data of a sparse file: its text at most. */
#define SPARSE_TEXT_BYTES ((uint64_t)TAR_MAX_SPARSE * 42 + TAR_BLOCK)

/* What a GNU long name or a PAX header left for the next file. */
struct extended {
	char *bytes; /* NUL-terminated */
	size_t room;
	bool set;
};

struct tar {
	struct tar_source source;
	const uint8_t *piece; /* what is left of the last piece */
	size_t piece_length;
	uint64_t data_left, padding_left; /* of the last entry */
	struct extended records, long_name, long_link;
	struct tar_pax pax;
	struct tar_sparse sparse;
	struct tar_entry entry;
	char name[TAR_BLOCK], link[TAR_BLOCK];
};

int tar_open(const struct tar_source *source, struct tar **ret, struct error *err)
{
	struct tar *tar = calloc(1, sizeof(*tar));

	if (tar == NULL)
		return error_set(err, ENOMEM, "tar");
	tar->source = *source;
	*ret = tar;
	return 0;
}

void tar_close(struct tar *tar)
{
	if (tar == NULL)
		return;
	free(tar->records.bytes);
	free(tar->long_name.bytes);
	free(tar->long_link.bytes);
	tar_sparse_release(&tar->sparse);
	free(tar);
}

/* Have at least one byte in the piece. Returns 0 at the end of the archive. */
static int fill(struct tar *tar, struct error *err)
{
	if (tar->piece_length > 0)
		return 1;
	int result = tar->source.next(tar->source.context, &tar->piece, &tar->piece_length, err);
	return result < 0 ? result : tar->piece_length > 0;
}

/* Up to @max bytes; 0 at the end of the archive. */
static int take(struct tar *tar, uint64_t max, const uint8_t **ret, size_t *ret_length, struct error *err)
{
	int result = fill(tar, err);

	if (result < 0)
		return result;
	*ret = tar->piece;
	*ret_length = tar->piece_length < max ? tar->piece_length : (size_t)max;
	tar->piece += *ret_length;
	tar->piece_length -= *ret_length;
	return 0;
}

static int pass_over(struct tar *tar, uint64_t *left, struct error *err)
{
	while (*left > 0) {
		const uint8_t *bytes;
		size_t length;
		int result = take(tar, *left, &bytes, &length, err);

		if (result < 0)
			return result;
		if (length == 0)
			return error_set(err, EBADMSG, "tar: the archive ends within a file");
		*left -= length;
	}
	return 0;
}

/* The next block. Returns 0 at the end of the archive. */
static int next_block(struct tar *tar, const uint8_t **ret, struct error *err)
{
	size_t length;
	int result = take(tar, TAR_BLOCK, ret, &length, err);

	if (result < 0)
		return result;
	if (length > 0 && length < TAR_BLOCK)
		return error_set(err, EBADMSG, "tar: the archive ends within a header");
	return length > 0;
}

/* The next block, which must be there. */
static int need_block(struct tar *tar, const uint8_t **ret, struct error *err)
{
	int result = next_block(tar, ret, err);

	return result == 0 ? error_set(err, EBADMSG, "tar: the archive ends within a file") : result;
}

static void set_data(struct tar *tar, uint64_t size)
{
	tar->data_left = size;
	tar->padding_left = (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

int tar_data(struct tar *tar, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	*ret_length = 0;
	if (tar->data_left == 0)
		return 0;
	int result = take(tar, tar->data_left, ret_bytes, ret_length, err);
	if (result < 0)
		return result;
	if (*ret_length == 0)
		return error_set(err, EBADMSG, "tar: the archive ends within a file");
	tar->data_left -= *ret_length;
	return 0;
}

static int finish_data(struct tar *tar, struct error *err)
{
	int result = pass_over(tar, &tar->data_left, err);

	return result < 0 ? result : pass_over(tar, &tar->padding_left, err);
}

/* The data of an extended header, whose size is that of its own header whatever came before. */
static int read_extended(struct tar *tar, const struct tar_header *header, struct extended *ret,
			 size_t *ret_length, struct error *err)
{
	uint64_t size;
	size_t at = 0;
	int result = tar_field_unsigned(header->size, sizeof(header->size), "size", INT64_MAX, &size, err);

	if (result < 0)
		return result;
	if (ret->set)
		return error_set(err, EBADMSG, "tar: two extended headers of one kind for one file");
	if (size > TAR_MAX_EXTENDED_BYTES)
		return error_set(err, EFBIG, "tar: an extended header of %llu bytes",
				 (unsigned long long)size);
	if (ret->room < size + 1) {
		size_t room = ret->room * 2 > size + 1 ? ret->room * 2 : size + 1;
		char *bytes = realloc(ret->bytes, room);

		if (bytes == NULL)
			return error_set(err, ENOMEM, "tar");
		ret->bytes = bytes;
		ret->room = room;
	}
	set_data(tar, size);
	while (tar->data_left > 0) {
		const uint8_t *bytes;
		size_t length;

		result = tar_data(tar, &bytes, &length, err);
		if (result < 0)
			return result;
		memcpy(ret->bytes + at, bytes, length);
		at += length;
	}
	ret->bytes[at] = '\0';
	ret->set = true;
	*ret_length = at;
	return finish_data(tar, err);
}

static int read_records(struct tar *tar, const struct tar_header *header, struct error *err)
{
	size_t length;
	int result = read_extended(tar, header, &tar->records, &length, err);

	return result < 0 ? result : tar_pax_read(tar->records.bytes, length, &tar->pax, &tar->sparse, err);
}

/* A GNU long name: bytes, then NULs only. */
static int read_long(struct tar *tar, const struct tar_header *header, struct extended *ret,
		     struct error *err)
{
	size_t length;
	int result = read_extended(tar, header, ret, &length, err);

	if (result < 0)
		return result;
	for (size_t i = strlen(ret->bytes); i < length; i++) {
		if (ret->bytes[i] != '\0')
			return error_set(err, EBADMSG, "tar: a NUL within a long name");
	}
	return 0;
}

/* A global header is for archives of other kinds; layers have no use for one. */
static int skip_global(struct tar *tar, const struct tar_header *header, struct error *err)
{
	uint64_t size;
	int result = tar_field_unsigned(header->size, sizeof(header->size), "size", TAR_MAX_EXTENDED_BYTES,
					&size, err);

	if (result < 0)
		return result;
	set_data(tar, size);
	return finish_data(tar, err);
}

static int set_names(struct tar *tar, const struct tar_header *header, struct error *err)
{
	struct tar_entry *entry = &tar->entry;
	char *path = tar->name, *link = tar->link;
	bool slash, ignored;

	tar_field_name(header, tar->name);
	memcpy(tar->link, header->link, sizeof(header->link));
	tar->link[sizeof(header->link)] = '\0';
	/* Readers differ in which of two wins: then the archive means nothing certain. */
	if ((tar->long_name.set && (tar->pax.path != NULL || tar->pax.sparse_name != NULL)) ||
	    (tar->long_link.set && tar->pax.link != NULL))
		return error_set(err, EBADMSG, "tar: a file with two long names");
	if (tar->long_name.set)
		path = tar->long_name.bytes;
	else if (tar->pax.sparse_name != NULL)
		path = tar->pax.sparse_name;
	else if (tar->pax.path != NULL)
		path = tar->pax.path;
	if (tar->long_link.set)
		link = tar->long_link.bytes;
	else if (tar->pax.link != NULL)
		link = tar->pax.link;
	int result = tar_field_clean(path, "name", &slash, err);
	if (result < 0)
		return result;
	entry->path = path;
	if (entry->type == TAR_FILE && slash)
		entry->type = TAR_DIRECTORY; /* how it was before there was a type for them */
	if (entry->type == TAR_HARDLINK) {
		result = tar_field_clean(link, "link", &ignored, err);
		entry->link = link;
	} else if (entry->type == TAR_SYMLINK) {
		if (*link == '\0' || strlen(link) > TAR_MAX_NAME)
			result = error_set(err, EBADMSG, "tar: the symlink \"%s\" has no target that can be",
					   path);
		entry->link = link;
	}
	return result < 0 ? error_add(err, "\"%.200s\"", path) : 0;
}

static int set_owner(struct tar *tar, const struct tar_header *header, struct error *err)
{
	struct tar_entry *entry = &tar->entry;
	const struct tar_pax *pax = &tar->pax;
	uint64_t mode, uid = pax->uid.value, gid = pax->gid.value;
	int result = tar_field_unsigned(header->mode, sizeof(header->mode), "mode", UINT32_MAX, &mode, err);

	if (result == 0 && !pax->uid.set)
		result = tar_field_unsigned(header->uid, sizeof(header->uid), "uid", UINT32_MAX - 1, &uid,
					    err);
	if (result == 0 && !pax->gid.set)
		result = tar_field_unsigned(header->gid, sizeof(header->gid), "gid", UINT32_MAX - 1, &gid,
					    err);
	if (result == 0 && !pax->mtime.set)
		result = tar_field_number(header->mtime, sizeof(header->mtime), "time", &entry->mtime, err);
	if (result < 0)
		return result;
	entry->mode = (uint32_t)mode & 07777;
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	if (pax->mtime.set) {
		entry->mtime = pax->mtime.value;
		entry->mtime_ns = pax->mtime_ns;
	}
	return 0;
}

static int set_device(struct tar *tar, const struct tar_header *header, struct error *err)
{
	uint64_t major, minor;
	int result = tar_field_unsigned(header->major, sizeof(header->major), "device number", MAX_MAJOR,
					&major, err);

	if (result == 0)
		result = tar_field_unsigned(header->minor, sizeof(header->minor), "device number", MAX_MINOR,
					    &minor, err);
	if (result < 0)
		return result;
	tar->entry.major = (uint32_t)major;
	tar->entry.minor = (uint32_t)minor;
	return 0;
}

static int add_old_extents(struct tar *tar, const uint8_t *fields, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++, fields += TAR_EXTENT_BYTES) {
		uint64_t offset, length;

		if (fields[0] == '\0')
			break;
		int result = tar_field_unsigned(fields, 12, "sparse map", INT64_MAX, &offset, err);
		if (result == 0)
			result = tar_field_unsigned(fields + 12, 12, "sparse map", INT64_MAX, &length, err);
		if (result == 0)
			result = tar_sparse_add(&tar->sparse, offset, err);
		if (result == 0)
			result = tar_sparse_add(&tar->sparse, length, err);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Type S: four extents in the header at 386, a mark at 482, the real size at 483; then blocks of 21. */
static int read_old_sparse(struct tar *tar, const struct tar_header *header, uint64_t stored,
			   struct error *err)
{
	const uint8_t *block = (const uint8_t *)header;
	bool more = block[482] != 0;

	tar_sparse_clear(&tar->sparse);
	int result = tar_field_unsigned(block + 483, 12, "size", INT64_MAX, &tar->entry.size, err);
	if (result == 0)
		result = add_old_extents(tar, block + 386, 4, err);
	while (result == 0 && more) {
		if (tar->sparse.count == 0)
			return error_set(err, EBADMSG, "tar: the map of a sparse file is empty");
		size_t before = tar->sparse.count;
		result = need_block(tar, &block, err);
		if (result < 0)
			return result;
		more = block[504] != 0;
		result = add_old_extents(tar, block, 21, err);
		if (result == 0 && tar->sparse.count == before && more)
			return error_set(err, EBADMSG, "tar: the map of a sparse file has empty blocks");
	}
	if (result < 0)
		return result;
	set_data(tar, stored);
	return tar_sparse_check(&tar->sparse, tar->entry.size, stored, err);
}

/* One decimal number and its newline out of the data. */
static int read_sparse_number(struct tar *tar, uint64_t *used, uint64_t *ret, struct error *err)
{
	uint64_t value = 0;

	for (size_t digits = 0;; digits++) {
		const uint8_t *byte;
		size_t length;
		int result = fill(tar, err);

		if (result > 0)
			result = take(tar, 1, &byte, &length, err);
		else if (result == 0)
			result = error_set(err, EBADMSG, "tar: the archive ends within a file");
		if (result < 0)
			return result;
		if (++*used > tar->data_left || *used > SPARSE_TEXT_BYTES)
			return error_set(err, EBADMSG, "tar: the map of a sparse file is too long");
		if (*byte == '\n' && digits > 0)
			break;
		if (*byte < '0' || *byte > '9' || digits > 18)
			return error_set(err, EBADMSG, "tar: the map of a sparse file is broken");
		value = value * 10 + (uint64_t)(*byte - '0');
	}
	*ret = value;
	return 0;
}

/* Form 1.0: the map is text in front of the data, padded to whole blocks. */
static int read_new_sparse(struct tar *tar, struct error *err)
{
	uint64_t used = 0, count, stored = tar->data_left;
	int result = read_sparse_number(tar, &used, &count, err);

	tar_sparse_clear(&tar->sparse);
	if (result == 0 && count > TAR_MAX_SPARSE)
		return error_set(err, EFBIG, "tar: a sparse file of more than %d parts", TAR_MAX_SPARSE);
	for (uint64_t i = 0; result == 0 && i < 2 * count; i++) {
		uint64_t number;

		result = read_sparse_number(tar, &used, &number, err);
		if (result == 0)
			result = tar_sparse_add(&tar->sparse, number, err);
	}
	if (result < 0)
		return result;
	uint64_t padding = (TAR_BLOCK - used % TAR_BLOCK) % TAR_BLOCK;
	if (used + padding > stored)
		return error_set(err, EBADMSG, "tar: the map of a sparse file is too long");
	stored -= used + padding;
	result = pass_over(tar, &padding, err);
	if (result < 0)
		return result;
	set_data(tar, stored);
	return tar_sparse_check(&tar->sparse, tar->entry.size, stored, err);
}

/* Size, data, sparse map: after this the cursor stands at the data. */
static int set_size(struct tar *tar, const struct tar_header *header, struct error *err)
{
	struct tar_entry *entry = &tar->entry;
	const struct tar_pax *pax = &tar->pax;
	uint64_t stored;
	int result = tar_field_unsigned(header->size, sizeof(header->size), "size", INT64_MAX, &stored, err);

	if (result < 0)
		return result;
	if (pax->size.set)
		stored = pax->size.value;
	/*
	 * Only files have data, whatever the field says: as docker, containerd and podman read it. Of a file
	 * that is a directory by its name alone some readers pass over the data, others see members in it; so
	 * with a size in an extended header (CVE-2025-62518).
	 */
	if (entry->type != TAR_FILE && stored > 0 &&
	    (pax->size.set || (entry->type == TAR_DIRECTORY && header->type != '5')))
		return error_set(err, EBADMSG, "tar: data of what is no file");
	if (header->type != 'S' && !pax->sparse_map && pax->sparse_major != 1 && pax->sparse_name != NULL)
		return error_set(err, EBADMSG, "tar: a sparse file without a map");
	if (entry->type != TAR_FILE) {
		set_data(tar, 0);
		return 0;
	}
	entry->size = stored;
	set_data(tar, stored);
	bool old = header->type == 'S', map = pax->sparse_map, text = pax->sparse_major == 1;
	if (!old && !map && !text)
		return 0;
	if (old + map + text > 1 || (!old && !pax->sparse_size.set))
		return error_set(err, EBADMSG, "tar: a sparse file of no form that is known");
	if (!old)
		entry->size = pax->sparse_size.value;
	if (old)
		result = read_old_sparse(tar, header, stored, err);
	else if (text)
		result = read_new_sparse(tar, err);
	else
		result = tar_sparse_check(&tar->sparse, entry->size, stored, err);
	entry->sparse = tar->sparse.extents;
	entry->sparse_count = tar->sparse.count;
	/* An empty map says something: a file that is one hole. */
	static const struct tar_extent none = { 0 };
	if (entry->sparse == NULL)
		entry->sparse = &none;
	return result;
}

static int set_type(struct tar *tar, uint8_t type, struct error *err)
{
	static const char known[] = "0123456";
	static const enum tar_type types[] = { TAR_FILE,         TAR_HARDLINK,  TAR_SYMLINK, TAR_CHARACTER,
					       TAR_BLOCK_DEVICE, TAR_DIRECTORY, TAR_FIFO };
	const char *at;

	if (type == '\0' || type == '7' || type == 'S')
		type = '0';
	at = strchr(known, type);
	if (at == NULL)
		return error_set(err, EBADMSG, "tar: a member of type '%c'",
				 type >= ' ' && type < 127 ? type : '?');
	tar->entry.type = types[at - known];
	return 0;
}

static int make_entry(struct tar *tar, const struct tar_header *header, struct error *err)
{
	struct tar_entry *entry = &tar->entry;

	*entry = (struct tar_entry){ .xattrs = tar->pax.xattrs,
				     .xattr_count = tar->pax.xattr_count,
				     .acl_access = tar->pax.acl_access,
				     .acl_default = tar->pax.acl_default };
	int result = set_type(tar, header->type, err);
	if (result == 0)
		result = set_names(tar, header, err);
	if (result < 0)
		return result;
	result = set_owner(tar, header, err);
	if (result == 0 && (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE))
		result = set_device(tar, header, err);
	/* Last: it moves on, and the header is in what it moves on from. */
	struct tar_header copy = *header;
	if (result == 0)
		result = set_size(tar, &copy, err);
	return result < 0 ? error_add(err, "\"%.200s\"", entry->path) : 0;
}

/* A zero block was read: another one, or nothing, must follow. */
static int end_of_archive(struct tar *tar, struct error *err)
{
	const uint8_t *block;
	int result = next_block(tar, &block, err);

	if (result > 0 && !tar_field_zero(block))
		return error_set(err, EBADMSG, "tar: an empty block between two files");
	return result < 0 ? result : 0;
}

int tar_next(struct tar *tar, const struct tar_entry **ret, struct error *err)
{
	int result = finish_data(tar, err);

	if (result < 0)
		return result;
	tar->records.set = tar->long_name.set = tar->long_link.set = false;
	memset(&tar->pax, 0, offsetof(struct tar_pax, xattrs));
	tar_sparse_clear(&tar->sparse);
	for (;;) {
		const uint8_t *block;

		result = next_block(tar, &block, err);
		if (result < 0)
			return result;
		const struct tar_header *header = (const struct tar_header *)block;
		if (result == 0 || tar_field_zero(block)) {
			if (tar->records.set || tar->long_name.set || tar->long_link.set)
				return error_set(err, EBADMSG, "tar: an extended header without its file");
			return result == 0 ? 0 : end_of_archive(tar, err);
		}
		if (!tar_field_checksum(header))
			return error_set(err, EBADMSG, "tar: a header with a wrong checksum");
		if (header->type == 'x')
			result = read_records(tar, header, err);
		else if (header->type == 'L')
			result = read_long(tar, header, &tar->long_name, err);
		else if (header->type == 'K')
			result = read_long(tar, header, &tar->long_link, err);
		else if (header->type == 'g')
			result = skip_global(tar, header, err);
		else
			result = make_entry(tar, header, err) < 0 ? -1 : 1;
		if (result < 0)
			return err->number > 0 ? -err->number : -EINVAL;
		if (result > 0) {
			*ret = &tar->entry;
			return 1;
		}
	}
}

int tar_drain(struct tar *tar, struct error *err)
{
	int result = 1;

	while (result > 0) {
		tar->piece_length = 0;
		result = fill(tar, err);
	}
	return result;
}
