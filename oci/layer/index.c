/*
 * Reading a path index; see index.h. Every offset, length, NUL and the order are checked once, when it is
 * opened: afterwards an entry can be taken as it is.
 */
#include "oci/layer/index.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/text.h"
#include "oci/layer/index_format.h"

#include "base/banned.h"

static const struct index_record *record_at(const struct index *index, size_t at)
{
	return (const struct index_record *)(const void *)(index->map + index->records) + at;
}

int index_compare(const char *a, const char *b)
{
	for (; *a == *b; a++, b++) {
		if (*a == '\0')
			return 0;
	}
	/* The end of a part comes before whatever a part may go on with. */
	int one = *a == '/' ? 1 : *a == '\0' ? 0 : 2 + (uint8_t)*a;
	int other = *b == '/' ? 1 : *b == '\0' ? 0 : 2 + (uint8_t)*b;
	return one - other;
}

static bool path_valid(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[length] == '\0')
			return true;
		path += length + 1;
	}
}

/* The directory of @path is the entry @before or one that leads to it: so no entry is without its directory.
 */
static bool follows(const char *before, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);

	return length == 0 ||
	       (strncmp(before, path, length) == 0 && (before[length] == '/' || before[length] == '\0'));
}

static bool record_valid(struct index *index, size_t at)
{
	const struct index_record *record = record_at(index, at);
	uint64_t length = (uint64_t)record->path_length + record->link_length + 2;

	if (record->strings < sizeof(struct index_head) || record->strings > index->records ||
	    length > index->records - record->strings)
		return false;
	const char *strings = (const char *)index->map + record->strings;
	if (strnlen(strings, length) != record->path_length)
		return false;
	const char *link = strings + record->path_length + 1;
	if (strnlen(link, length - record->path_length - 1) != record->link_length)
		return false;
	/* The top first, then everything in order. */
	if (at == 0)
		return text_equal(strings, ".");
	const char *before = (const char *)index->map + record_at(index, at - 1)->strings;
	return path_valid(strings) && (at == 1 || index_compare(before, strings) < 0) &&
	       follows(at == 1 ? "" : before, strings);
}

static int check(struct index *index)
{
	struct index_head head;

	if (index->length < sizeof(head))
		return -EBADMSG;
	memcpy(&head, index->map, sizeof(head));
	if (head.magic != INDEX_MAGIC || head.records % 8 != 0 || head.records > index->length ||
	    head.records < sizeof(head) ||
	    (index->length - head.records) % sizeof(struct index_record) != 0 ||
	    head.count != (index->length - head.records) / sizeof(struct index_record) || head.count == 0)
		return -EBADMSG;
	index->count = head.count;
	index->records = head.records;
	for (size_t i = 0; i < index->count; i++) {
		uint32_t flags = record_at(index, i)->flags;

		if (!record_valid(index, i))
			return -EBADMSG;
		/* Of the top nearly always nothing is known: it counts for nobody. */
		index->implied += i > 0 && (flags & INDEX_IMPLIED) != 0;
		index->lower_links += (flags & INDEX_LOWER_LINK) != 0;
		index->opaque += (flags & INDEX_OPAQUE) != 0;
	}
	return 0;
}

int index_open(int fd, struct index *ret, struct error *err)
{
	struct stat status;
	struct index index = INDEX_NONE;

	if (fstat(fd, &status) < 0)
		return error_set(err, errno, "the path index");
	if (!S_ISREG(status.st_mode) || status.st_size <= 0)
		return error_set(err, EBADMSG, "the path index is damaged");
	index.length = (size_t)status.st_size;
	/* Private: nobody writes to it once it is published, and a shorter file would be a signal. */
	void *map = mmap(NULL, index.length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return error_set(err, errno, "map the path index");
	index.map = map;
	if (check(&index) < 0) {
		index_close(&index);
		return error_set(err, EBADMSG, "the path index is damaged");
	}
	*ret = index;
	return 0;
}

void index_close(struct index *index)
{
	if (index->map != NULL)
		(void)munmap((void *)(uintptr_t)index->map, index->length); /* it was mapped like this */
	*index = INDEX_NONE;
}

struct index_entry index_at(const struct index *index, size_t at)
{
	const struct index_record *record = record_at(index, at);
	const char *strings = (const char *)index->map + record->strings;

	return (struct index_entry){
		.path = strings,
		.link = strings + record->path_length + 1,
		.size = record->size,
		.inode = record->inode,
		.mtime = record->mtime,
		.mtime_ns = record->mtime_ns,
		.mode = record->mode,
		.uid = record->uid,
		.gid = record->gid,
		.device = record->device,
		.flags = record->flags,
	};
}

int64_t index_find(const struct index *index, const char *path)
{
	size_t low = 1, high = index->count;

	if (text_equal(path, "."))
		return index->count > 0 ? 0 : -1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = index_compare((const char *)index->map + record_at(index, middle)->strings, path);

		if (order == 0)
			return (int64_t)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}
