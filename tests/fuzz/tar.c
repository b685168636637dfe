/* Any bytes as an archive: what is accepted has names that lead nowhere else, and data that fits its size. */
#include "tests/fuzz/headers.h"

static void check_path(const char *path)
{
	char whole[TAR_MAX_NAME + 3];
	int length = snprintf(whole, sizeof(whole), "/%s/", path);

	if (length >= (int)sizeof(whole) || strstr(whole, "//") != NULL || strstr(whole, "/../") != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = headers_repair(bytes, length);
	struct headers_source memory = { copy, length };
	const struct tar_source source = { headers_next, &memory };
	const struct tar_entry *entry;
	struct error err;
	struct tar *tar;

	if (copy == NULL || tar_open(&source, &tar, &err) < 0)
		return 0;
	while (tar_next(tar, &entry, &err) > 0) {
		size_t piece = 0;
		uint64_t data = 0;

		check_path(entry->path);
		if (entry->type == TAR_HARDLINK)
			check_path(entry->link);
		while (tar_data(tar, &bytes, &piece, &err) == 0 && piece > 0)
			data += piece;
		if (data > length || (entry->sparse == NULL && data > entry->size) ||
		    entry->uid == UINT32_MAX)
			abort();
	}
	tar_close(tar);
	free(copy);
	return 0;
}
