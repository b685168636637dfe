/* The names in one directory; see names.h. */
#include "oci/layer/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define ROOM_BYTES ((size_t)32 << 10)

void names_release(struct names *names)
{
	text_release(&names->bytes);
	free(names->offsets);
	*names = (struct names){ 0 };
}

const char *names_at(const struct names *names, size_t at)
{
	return names->bytes.data + names->offsets[at];
}

int names_add(struct names *names, const char *name, struct error *err)
{
	if (names->count == names->room) {
		size_t room = names->room == 0 ? 32 : names->room * 2;
		uint32_t *offsets = realloc(names->offsets, room * sizeof(*offsets));

		if (offsets == NULL)
			return error_set(err, ENOMEM, "read a directory");
		names->offsets = offsets;
		names->room = room;
	}
	if (names->bytes.length > UINT32_MAX - NAME_MAX - 1)
		return error_set(err, EFBIG, "read a directory");
	names->offsets[names->count++] = (uint32_t)names->bytes.length;
	text_append_bytes(&names->bytes, name, strlen(name) + 1);
	return names->bytes.failed ? error_set(err, ENOMEM, "read a directory") : 0;
}

static bool wanted(const struct dirent64 *entry, bool directories)
{
	if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
		return false;
	return !directories || entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
}

/* By the system call: a DIR would be another descriptor and 32 KiB, for each of thousands of directories. */
int names_read(struct names *names, int fd, bool directories, struct error *err)
{
	_Alignas(struct dirent64) char room[ROOM_BYTES];
	ssize_t length;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "read a directory");
	while ((length = getdents64(fd, room, sizeof(room))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *)(room + at);
			int result = wanted(entry, directories) ? names_add(names, entry->d_name, err) : 0;

			if (result < 0)
				return result;
			at += entry->d_reclen;
		}
	}
	return length < 0 ? error_set(err, errno, "read a directory") : 0;
}

static int compare(const void *a, const void *b, void *bytes)
{
	const uint32_t *one = a, *other = b;

	return strcmp((const char *)bytes + *one, (const char *)bytes + *other);
}

void names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->count == 0)
		return;
	qsort_r(names->offsets, names->count, sizeof(*names->offsets), compare, names->bytes.data);
	for (size_t i = 0; i < names->count; i++) {
		if (kept == 0 || !text_equal(names_at(names, kept - 1), names_at(names, i)))
			names->offsets[kept++] = names->offsets[i];
	}
	names->count = kept;
}
