/* hull image import: what a file, a directory or standard input holds becomes an image of the store. */
#include "oci/image/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/image/collect.h"
#include "oci/image/fail.h"
#include "oci/image/import.h"
#include "oci/image/layers.h"
#include "oci/layer/codec.h"

#include "base/banned.h"

struct import_values {
	const char *tag, *platform, *message;
	struct flag_list changes;
	struct opt_bool quiet;
};

static const struct flag_row import_rows[] = {
	FLAG(struct import_values, changes, LIST, "change", 'c', "LINE",
	     "of a root file system: a line of a Dockerfile that says what the image is to run (repeatable)"),
	FLAG(struct import_values, message, TEXT, "message", 'm', "TEXT",
	     "of a root file system: what its history says"),
	FLAG(struct import_values, platform, TEXT, "platform", 0, "OS/ARCH[/VARIANT]",
	     "which image of several, instead of this machine's"),
	FLAG(struct import_values, quiet, BOOL, "quiet", 'q', NULL, "print the image's id only"),
	FLAG(struct import_values, tag, TEXT, "tag", 't', "REF",
	     "name the image, whatever its source calls it"),
	{ 0 },
};

/* What the source holds, once it is known. */
static int import_source(struct import *import, struct error *err)
{
	switch (import->source.kind) {
	case SOURCE_OCI:
		return import_layout(import, err);
	case SOURCE_DOCKER:
		return import_docker(import, err);
	case SOURCE_ROOTFS:
		break;
	}
	return import_rootfs_directory(import, err);
}

/*
 * A tar whose kind is not known, in the session at @blob's place: unpacked once, it is either an archive of
 * images, whose files are found in the directory then, or a layer.
 */
static int import_unpacked(struct import *import, struct blob_new *blob, struct error *err)
{
	char place[STORE_PATH_BYTES], diff[STORE_PATH_BYTES + 16];
	struct unpack_result unpacked;
	autoclose int file = -1;
	int result = blob_open_new(&import->session, blob, &file, err);

	if (result == 0)
		result = layers_unpack_unknown(&import->session, file, blob->size, &import->progress, place,
					       &unpacked, err);
	if (result < 0)
		(void)error_add(err, "\"%s\"", import->source.name);
	if (result < 0)
		return result;
	(void)snprintf(diff, sizeof(diff), "%s/diff", place);
	autoclose int directory =
		openat(import->front->store.root, diff, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (directory < 0)
		return error_set(err, errno, "open \"%s\"", diff);
	result = source_open_directory(take_fd(&directory), import->source.name, &import->source, err);
	if (result < 0)
		return result;
	if (import->source.kind != SOURCE_ROOTFS)
		return import_source(import, err);
	return import_rootfs_tar(import, blob, place, &unpacked, err);
}

/* All of @from, a pipe or a file that cannot be read twice, into the session. */
static int spool(struct import *import, int from, struct blob_new *ret, struct error *err)
{
	autofree char *buffer = malloc((size_t)1 << 20);

	*ret = (struct blob_new){ 0 };
	if (buffer == NULL)
		return error_set(err, ENOMEM, "read \"%s\"", import->source.name);
	session_place(&import->session, ret->place);
	autoclose int into = openat(import->front->store.root, ret->place,
				    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (into < 0)
		return error_set(err, errno, "open \"%s\"", ret->place);
	for (;;) {
		ssize_t got = read(from, buffer, (size_t)1 << 20);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, errno, "read \"%s\"", import->source.name);
		if (got == 0)
			return ret->size > 0 ? 0 : error_set(err, 0, "\"%s\" is empty", import->source.name);
		int result = fd_write_all(into, buffer, (size_t)got, "the store", err);

		if (result < 0)
			return result;
		ret->size += (uint64_t)got;
	}
}

static int sniff(int fd, enum codec *ret, struct error *err)
{
	uint8_t first[CODEC_SNIFF_BYTES];
	ssize_t got = pread(fd, first, sizeof(first), 0);

	if (got < 0)
		return error_set(err, errno, "read the source");
	*ret = codec_sniff(first, (size_t)got);
	return 0;
}

/*
 * @file, which can be read at any place. A plain archive of images is read where it is; anything else is
 * copied (unless @blob says where it already is), for it becomes a layer or must be decompressed.
 */
static int import_file(struct import *import, int file, uint64_t size, struct blob_new *blob,
		       struct error *err)
{
	const struct blob_source from = { file, 0, size };
	const char *name = import->source.name;
	enum codec codec = CODEC_NONE;
	int result = sniff(file, &codec, err);

	if (result == 0 && codec == CODEC_NONE) {
		result = source_open_archive(file, name, &import->front->arena, &import->source, err);
		if (result == 0 && import->source.kind != SOURCE_ROOTFS)
			return import_source(import, err);
		import->source.name = name;
	}
	if (result == 0 && blob->place[0] == '\0')
		result = blob_spool(&import->session, &from, blob, err);
	return result < 0 ? result : import_unpacked(import, blob, err);
}

static int import_from(struct import *import, const char *path, struct error *err)
{
	bool standard_input = text_equal(path, "-");
	autoclose int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					  : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct blob_new blob = { 0 };
	struct stat st;

	import->source.name = standard_input ? "standard input" : path;
	if (standard_input && isatty(STDIN_FILENO) == 1)
		return error_set(err, 0, "an image is not read from a terminal: redirect standard input");
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open \"%s\"", import->source.name);
	if (S_ISDIR(st.st_mode)) {
		int result = source_open_directory(take_fd(&fd), import->source.name, &import->source, err);

		return result < 0 ? result : import_source(import, err);
	}
	if (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0)
		return st.st_size == 0 ? error_set(err, 0, "\"%s\" is empty", import->source.name)
				       : import_file(import, fd, (uint64_t)st.st_size, &blob, err);
	int result = spool(import, fd, &blob, err);

	cleanup_close(&fd);
	fd = -1;
	if (result == 0)
		result = blob_open_new(&import->session, &blob, &fd, err);
	return result < 0 ? result : import_file(import, fd, blob.size, &blob, err);
}

static int do_import(struct front *front, const struct import_values *given, const char *path,
		     struct error *err)
{
	struct import import = { .front = front,
				 .source = SOURCE_NONE,
				 .tag = given->tag,
				 .changes = &given->changes,
				 .message = given->message,
				 .quiet = given->quiet.value };
	struct image_platform platform;
	struct error ignored;
	int result = 0;

	if (given->platform != NULL)
		result = image_platform_parse(given->platform, &front->arena, &platform, err);
	import.platform = given->platform == NULL ? NULL : &platform;
	if (result == 0)
		result = front_enter(front, err);
	if (result == 0)
		result = session_open(&front->store, &import.session, err);
	if (result < 0)
		return result;
	progress_open(&import.progress, given->quiet.value);
	result = import_from(&import, path, err);
	progress_close(&import.progress);
	source_close(&import.source);
	session_close(&import.session);
	/* whoever was interrupted before takes no more room */
	ignore_failure(collect_sessions(&front->store, &front->arena, &ignored));
	return result;
}

static int import_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	return front_end(do_import(front, values, args->items[0], err), err);
}

const struct command cmd_import = {
	.name = "import",
	.aliases = "load",
	.usage = "SOURCE",
	.summary = "Bring an image into the store",
	.description = "SOURCE is an OCI image layout (a directory or an archive), an archive of `docker "
		       "save`, or a\n"
		       "root filesystem, as a directory or a tar; - is standard input. What it is is seen in "
		       "it; gzip\n"
		       "and zstd are read everywhere.\n",
	.options = import_rows,
	.values_size = COMMAND_VALUES(struct import_values),
	.min_args = 1,
	.max_args = 1,
	.run = import_run,
};
