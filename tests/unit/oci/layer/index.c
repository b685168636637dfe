/* The path index: what is written is read and found; what was tampered with is refused, wherever it was. */
#include "oci/layer/index.h"

#include "oci/layer/index_write.h"
#include "tests/unit/oci/layer/support.h"

static const char *const paths[] = { ".",     "a",   "a/b", "a/b/c", "a/z",    "a-b",
				     "a-b/x", "a.c", "b",   "b\x01", "b/\xff", "c" };

/* In the order of a walk: that is what the first rows are. */
static const size_t order[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 9, 11 };

static int write_index(void)
{
	struct index_writer writer;
	struct error err;
	int fd = memfd_create("index", MFD_CLOEXEC);

	index_write_begin(&writer, fd);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct index_entry entry = { .path = paths[order[i]],
						   .link = i == 3 ? "target" : "",
						   .size = i,
						   .mtime = -5,
						   .mode = 0100644,
						   .flags = i == 2 ? INDEX_IMPLIED : 0 };
		CHECK_INT(index_write_entry(&writer, &entry, &err), 0);
	}
	CHECK_INT(index_write_end(&writer, &err), 0);
	index_write_release(&writer);
	return fd;
}

static void reads(void)
{
	struct index index;
	struct error err = { 0 };
	int fd = write_index();

	CHECK_INT(index_open(fd, &index, &err), 0);
	close(fd);
	CHECK_INT(index.count, ARRAY_LEN(order));
	CHECK_INT(index.implied, 1);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		CHECK_INT(index_find(&index, paths[order[i]]), i);
		CHECK_STR(index_at(&index, i).path, paths[order[i]]);
		CHECK_INT(index_at(&index, i).size, i);
	}
	CHECK_STR(index_at(&index, 3).link, "target");
	CHECK_INT(index_at(&index, 3).mtime, -5);
	CHECK_INT(index_find(&index, "a/"), -1);
	CHECK_INT(index_find(&index, "zz"), -1);
	CHECK_INT(index_find(&index, ""), -1);
	index_close(&index);
	index_close(&index);
}

/* Each byte changed, each length cut: an error, or an index that can be read all through. */
static void tampered(void)
{
	struct index index;
	struct error err;
	int fd = write_index();
	off_t length = lseek(fd, 0, SEEK_END);
	size_t refused = 0;

	for (off_t at = 0; at < length; at++) {
		uint8_t byte, changed;

		CHECK(pread(fd, &byte, 1, at) == 1);
		for (int bit = 0; bit < 8; bit++) {
			changed = (uint8_t)(byte ^ 1U << bit);
			CHECK(pwrite(fd, &changed, 1, at) == 1);
			if (index_open(fd, &index, &err) < 0) {
				refused++;
				continue;
			}
			size_t sum = 0;
			for (size_t i = 0; i < index.count; i++)
				sum += strlen(index_at(&index, i).path) + strlen(index_at(&index, i).link);
			CHECK(sum < (size_t)length);
			index_close(&index);
		}
		CHECK(pwrite(fd, &byte, 1, at) == 1);
	}
	CHECK(refused > 100);
	while (length > 0) {
		CHECK(ftruncate(fd, --length) == 0);
		CHECK_INT(index_open(fd, &index, &err), -EBADMSG);
	}
	close(fd);
}

static void bad_paths(void)
{
	static const char *const bad[][3] = {
		{ "a", NULL, NULL },   { ".", "../x", NULL }, { ".", "a/../b", NULL }, { ".", "/a", NULL },
		{ ".", "a//b", NULL }, { ".", "", NULL },     { ".", "b", "a" },       { ".", "a", "a" },
		{ ".", "a/b", NULL },  { ".", "a", "b/c" },   { ".", ".", NULL },      { ".", "a/", NULL },
		{ ".", "a", "ab/c" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct index_writer writer;
		struct index index;
		struct error err;
		int fd = memfd_create("index", MFD_CLOEXEC);

		index_write_begin(&writer, fd);
		for (size_t j = 0; j < 3 && bad[i][j] != NULL; j++) {
			const struct index_entry entry = { .path = bad[i][j], .link = "" };
			CHECK_INT(index_write_entry(&writer, &entry, &err), 0);
		}
		CHECK_INT(index_write_end(&writer, &err), 0);
		index_write_release(&writer);
		CHECK_INT(index_open(fd, &index, &err), -EBADMSG);
		close(fd);
	}
}

static const struct test tests[] = {
	{ "what is written is read and found", reads },
	{ "what was tampered with is refused or harmless", tampered },
	{ "paths that lead elsewhere, or have no directory", bad_paths },
};
TEST_MAIN(tests)
