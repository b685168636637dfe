/*
 * What tests of layers share: archives put together in memory, a place to unpack them in with something
 * beside it that must not be touched. As root only: owners, devices and trusted xattrs are what layers are
 * about.
 */
#ifndef HULL_TESTS_UNIT_OCI_LAYER_SUPPORT_H
#define HULL_TESTS_UNIT_OCI_LAYER_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/layer/extract.h"
#include "oci/layer/index.h"
#include "oci/layer/tar.h"
#include "oci/layer/tar_field.h"
#include "oci/layer/tar_write.h"
#include "base/remove.h"
#include "oci/layer/unpack.h"
#include "tests/unit/check.h"

#define unused __attribute__((unused))

__attribute__((constructor)) static void need_root(void)
{
	if (geteuid() == 0)
		return;
	printf("needs root\n");
	_exit(fflush(stdout) == 0 ? 77 : 1);
}

/* --- archives --- */

unused static void add(struct text *tar, enum tar_type type, const char *path, uint32_t mode,
		       const char *link)
{
	const struct tar_entry entry = {
		.type = type, .path = path, .mode = mode, .link = link, .mtime = 1000000000
	};

	tar_write_header(&entry, tar);
}

unused static void add_directory(struct text *tar, const char *path)
{
	add(tar, TAR_DIRECTORY, path, 0755, NULL);
}

unused static void add_content(struct text *tar, const char *content)
{
	text_append(tar, content);
	tar_write_padding(strlen(content), tar);
}

unused static void add_file(struct text *tar, const char *path, const char *content)
{
	const struct tar_entry entry = {
		.type = TAR_FILE, .path = path, .mode = 0644, .size = strlen(content), .mtime = 1000000000
	};

	tar_write_header(&entry, tar);
	add_content(tar, content);
}

/* One header block, filled in by hand, with its checksum. */
unused static struct tar_header header(const char *name, char type, const char *size, const char *link)
{
	struct tar_header block = { .type = (uint8_t)type };

	memcpy(block.name, name, strlen(name));
	memcpy(block.mode, "0000644", 8);
	memcpy(block.uid, "0000000", 8);
	memcpy(block.gid, "0000000", 8);
	memcpy(block.size, size, strlen(size));
	memcpy(block.mtime, "07346545000", 12);
	memcpy(block.magic, "ustar", 6);
	memcpy(block.version, "00", 2);
	if (link != NULL)
		memcpy(block.link, link, strlen(link));
	return block;
}

unused static void add_header(struct text *tar, struct tar_header block)
{
	unsigned sum = 0;

	memset(block.checksum, ' ', sizeof(block.checksum));
	for (size_t i = 0; i < sizeof(block); i++)
		sum += ((const uint8_t *)&block)[i];
	(void)snprintf((char *)block.checksum, sizeof(block.checksum), "%06o", sum);
	text_append_bytes(tar, &block, sizeof(block));
}

/* A PAX header with these records, or a long name, as it stands. */
unused static void add_extended(struct text *tar, char type, const void *bytes, size_t length)
{
	char size[16];

	(void)snprintf(size, sizeof(size), "%011zo", length);
	add_header(tar, header("PaxHeaders/x", type, size, NULL));
	text_append_bytes(tar, bytes, length);
	tar_write_padding(length, tar);
}

/* "KEY=VALUE" as one record with its length. */
unused static void add_record(struct text *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, total = rest + 1;
	char digits[24];

	while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total) != total)
		total = rest + strlen(digits);
	text_format(records, "%zu %s=%s\n", total, key, value);
}

unused static void add_pax(struct text *tar, const char *key, const char *value)
{
	autotext struct text records = TEXT_EMPTY;

	add_record(&records, key, value);
	add_extended(tar, 'x', records.data, records.length);
}

/* --- places --- */

struct box {
	char path[64];
	int fd;     /* the box; target, index and outside are in it */
	int target; /* an empty directory */
	int index;
};

unused static void box_open(struct box *box)
{
	memcpy(box->path, "/tmp/hull-layer.XXXXXX", 23);
	CHECK(mkdtemp(box->path) != NULL);
	box->fd = open(box->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(box->fd, "target", 0700) == 0 && mkdirat(box->fd, "outside", 0700) == 0);
	int fd = openat(box->fd, "outside/secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(write(fd, "secret", 6) == 6 && close(fd) == 0);
	box->target = openat(box->fd, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	box->index = openat(box->fd, "index", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(box->target >= 0 && box->index >= 0);
}

/* What is beside the target is as it was. */
unused static bool box_untouched(const struct box *box)
{
	struct stat status;
	char content[16] = "";
	int fd = openat(box->fd, "outside/secret", O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 && read(fd, content, sizeof(content)) == 6 && memcmp(content, "secret", 6) == 0 &&
		    fstat(fd, &status) == 0 && (status.st_mode & 07777) == 0600 && status.st_uid == 0 &&
		    status.st_nlink == 1;

	if (fd >= 0)
		close(fd);
	/* One file in outside: its directory has two links, and nothing was added. */
	return same && fstatat(box->fd, "outside", &status, 0) == 0 && (status.st_mode & 07777) == 0700 &&
	       status.st_nlink == 2 && unlinkat(box->fd, "outside/planted", 0) < 0;
}

unused static void box_close(struct box *box)
{
	struct error err;

	close(box->target);
	close(box->index);
	close(box->fd);
	int above = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(remove_tree(above, box->path + strlen("/tmp/"), &err), 0);
	close(above);
}

/* BUILD/unit/oci/layer/NAME -> BUILD/hull-unpack */
unused static const char *worker_path(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);

	path[length > 0 ? length : 0] = '\0';
	for (int up = 0; up < 4; up++) {
		char *slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	memcpy(path + strlen(path), "/hull-unpack", 13);
	return path;
}

unused static int memory_file(const void *bytes, size_t length)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);

	CHECK(write(fd, bytes, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

unused static struct unpack_request request_for(const struct box *box, int blob)
{
	return (struct unpack_request){ .blob = blob,
					.blob_size = UINT64_MAX,
					.target = box->target,
					.index = box->index,
					.limits = unpack_default_limits(),
					.program = worker_path() };
}

unused static int run_request(const struct unpack_request *request, struct unpack_result *result,
			      struct error *err)
{
	struct unpack_job job;
	int status = unpack_start(request, &job, err);

	return status < 0 ? status : unpack_wait(&job, result, err);
}

/* Through hull-unpack. */
unused static int box_unpack(const struct box *box, const struct text *tar, struct unpack_result *result,
			     struct error *err)
{
	int blob = memory_file(tar->data, tar->length);
	struct unpack_request request = request_for(box, blob);
	int status = run_request(&request, result, err);

	close(blob);
	return status;
}

struct memory_source {
	const uint8_t *bytes;
	size_t length, piece;
};

unused static int memory_next(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct memory_source *source = context;

	(void)err;
	*ret_bytes = source->bytes;
	*ret_length = source->length < source->piece ? source->length : source->piece;
	source->bytes += *ret_length;
	source->length -= *ret_length;
	return 0;
}

/* In this process, with nothing that confines it: what the code itself does not do is not done. */
unused static int box_extract(const struct box *box, const struct text *archive, bool flat,
			      struct extract_result *result, struct error *err)
{
	struct memory_source memory = { (const uint8_t *)archive->data, archive->length, 64 * TAR_BLOCK };
	const struct tar_source source = { memory_next, &memory };
	const struct extract_options options = { .flat = flat, .max_entries = 100000, .max_bytes = 1 << 30 };
	struct tar *tar;
	int status = tar_open(&source, &tar, err);

	if (status == 0)
		status = extract_run(tar, box->target, flat ? -1 : box->index, &options, result, err);
	tar_close(tar);
	return status;
}

/* --- looking --- */

unused static mode_t mode_of(int directory, const char *path)
{
	struct stat status;

	return fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mode : 0;
}

unused static bool is_whiteout(int directory, const char *path)
{
	struct stat status;

	return fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(status.st_mode) &&
	       status.st_rdev == 0;
}

unused static bool is_opaque(int directory, const char *path)
{
	char value = '\0';
	int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool opaque = fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';

	if (fd >= 0)
		close(fd);
	return opaque;
}

/* At most 63 bytes of it; "" where there is none. */
unused static const char *content_of(int directory, const char *path)
{
	static char content[64];
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, content, sizeof(content) - 1);

	if (fd >= 0)
		close(fd);
	content[length > 0 ? length : 0] = '\0';
	return content;
}

#endif
