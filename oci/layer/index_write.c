/*
 * Writing a path index: a head, the strings, and the records, which are kept until the end because the
 * strings come first. See index_format.h.
 */
#include "oci/layer/index_write.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "oci/layer/index_format.h"

#include "base/banned.h"

#define FLUSH_BYTES ((size_t)64 << 10)

void index_write_begin(struct index_writer *writer, int fd)
{
	*writer = (struct index_writer){ .fd = fd, .offset = sizeof(struct index_head) };
	/* The head comes last; its place is kept. */
	const struct index_head head = { 0 };
	text_append_bytes(&writer->strings, &head, sizeof(head));
}

void index_write_release(struct index_writer *writer)
{
	text_release(&writer->strings);
	text_release(&writer->records);
}

static int flush(struct index_writer *writer, struct error *err)
{
	int result = text_done(&writer->strings, err);

	if (result == 0)
		result = fd_write_all(writer->fd, writer->strings.data, writer->strings.length, "the index",
				      err);
	writer->strings.length = 0;
	return result;
}

int index_write_entry(struct index_writer *writer, const struct index_entry *entry, struct error *err)
{
	size_t path = strlen(entry->path), link = strlen(entry->link);
	const struct index_record record = {
		.strings = writer->offset,
		.size = entry->size,
		.inode = entry->inode,
		.mtime = entry->mtime,
		.mtime_ns = entry->mtime_ns,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.device = entry->device,
		.flags = entry->flags,
		.path_length = (uint32_t)path,
		.link_length = (uint32_t)link,
	};

	text_append_bytes(&writer->strings, entry->path, path + 1);
	text_append_bytes(&writer->strings, entry->link, link + 1);
	text_append_bytes(&writer->records, &record, sizeof(record));
	writer->offset += path + link + 2;
	writer->count++;
	if (writer->strings.failed || writer->records.failed)
		return error_set(err, ENOMEM, "write the index");
	return writer->strings.length >= FLUSH_BYTES ? flush(writer, err) : 0;
}

int index_write_end(struct index_writer *writer, struct error *err)
{
	const uint64_t padding = 0;
	struct index_head head = { .magic = INDEX_MAGIC, .count = writer->count };

	/* Records are read where they are: they begin at a multiple of 8. */
	text_append_bytes(&writer->strings, &padding, (8 - writer->offset % 8) % 8);
	head.records = (writer->offset + 7) / 8 * 8;
	int result = flush(writer, err);
	if (result == 0 && writer->count > 0)
		result = fd_write_all(writer->fd, writer->records.data, writer->records.length, "the index",
				      err);
	if (result == 0 && pwrite(writer->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		result = error_set(err, errno, "write the index");
	return result;
}
