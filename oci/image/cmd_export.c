/*
 * hull image export: images as one archive that everybody reads: an OCI layout, with the manifest.json of
 * `docker save` beside it. The same images always give the same bytes.
 */
#include "oci/image/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/image/blob.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"
#include "oci/image/nameset.h"
#include "oci/image/refs.h"
#include "oci/layer/tar_write.h"

#include "base/banned.h"

#define MAX_IMAGES 1000

struct exported {
	struct ref ref;
	struct content content;
	struct reference reference;
	bool named;
};

struct export
{
	struct front *front;
	struct exported *images;
	size_t count;
	struct nameset blobs; /* digests, each once when sorted */
	int out;
};

/* --- the archive ---------------------------------------------------------------------------------------- */

static int write_text(struct export *export, struct text *text, struct error *err)
{
	int result = text_done(text, err);

	return result < 0 ? result : fd_write_all(export->out, text->data, text->length, "the archive", err);
}

static int write_header(struct export *export, const char *path, bool directory, uint64_t size,
			struct error *err)
{
	autotext struct text header = TEXT_EMPTY;
	const struct tar_entry entry = { .type = directory ? TAR_DIRECTORY : TAR_FILE,
					 .path = path,
					 .mode = directory ? 0755 : 0644,
					 .size = size };

	tar_write_header(&entry, &header);
	return write_text(export, &header, err);
}

static int write_padding(struct export *export, uint64_t size, struct error *err)
{
	autotext struct text padding = TEXT_EMPTY;

	text_append(&padding, "");
	tar_write_padding(size, &padding);
	return write_text(export, &padding, err);
}

static int write_file(struct export *export, const char *path, struct text *content, struct error *err)
{
	int result = text_done(content, err);

	if (result == 0)
		result = write_header(export, path, false, content->length, err);
	if (result == 0)
		result = write_text(export, content, err);
	return result < 0 ? result : write_padding(export, content->length, err);
}

static int write_blob(struct export *export, const char *digest, struct error *err)
{
	const struct store *store = &export->front->store;
	char path[STORE_PATH_BYTES];
	autoclose int fd = -1;
	struct stat st;
	int result = blob_open(store, digest, -1, &fd, err);

	if (result == 0 && fstat(fd, &st) < 0)
		result = error_set(err, errno, "stat blob %s", digest);
	if (result < 0)
		return result;
	store_path("blobs", digest, path);
	result = write_header(export, path, false, (uint64_t)st.st_size, err);
	if (result == 0)
		result = blob_write(store, digest, st.st_size, export->out, err);
	return result < 0 ? result : write_padding(export, (uint64_t)st.st_size, err);
}

/* --- its documents -------------------------------------------------------------------------------------- */

static void append_member(struct text *text, const char *name, const char *value, bool first)
{
	text_append(text, first ? "" : ",");
	text_append_json(text, name);
	text_append(text, ":");
	text_append_json(text, value);
}

static void append_descriptor(const struct exported *image, struct text *ret)
{
	const struct image_platform *platform = &image->content.config.platform;

	text_append(ret, "{");
	append_member(ret, "mediaType", image->content.media_type, true);
	append_member(ret, "digest", image->content.digest, false);
	text_format(ret, ",\"size\":%lld", (long long)image->content.size);
	if (image->named) {
		text_append(ret, ",\"annotations\":{");
		append_member(ret, IMAGE_CONTAINERD_NAME, image->ref.name, true);
		if (image->reference.tag != NULL)
			append_member(ret, IMAGE_REF_NAME, image->reference.tag, false);
		text_append(ret, "}");
	}
	text_append(ret, ",\"platform\":{");
	append_member(ret, "architecture", platform->architecture, true);
	append_member(ret, "os", platform->os, false);
	if (platform->variant != NULL)
		append_member(ret, "variant", platform->variant, false);
	text_append(ret, "}}");
}

static void format_index(const struct export *export, struct text *ret)
{
	text_append(ret, "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX "\",\"manifests\":[");
	for (size_t i = 0; i < export->count; i++) {
		text_append(ret, i == 0 ? "" : ",");
		append_descriptor(&export->images[i], ret);
	}
	text_append(ret, "]}");
}

static void append_path(const char *digest, struct text *ret)
{
	char path[STORE_PATH_BYTES];

	store_path("blobs", digest, path);
	text_append_json(ret, path);
}

/* docker's words for the same: one object per image, with all its names. */
static void append_docker(const struct export *export, size_t first, struct text *ret)
{
	const struct content *content = &export->images[first].content;
	bool any = false;

	text_append(ret, "{\"Config\":");
	append_path(content->id, ret);
	text_append(ret, ",\"RepoTags\":[");
	for (size_t i = first; i < export->count; i++) {
		const struct exported *image = &export->images[i];
		autotext struct text name = TEXT_EMPTY;
		struct reference reference = image->reference;

		if (!image->named || !text_equal(image->content.digest, content->digest))
			continue;
		reference.digest = NULL;
		reference_familiar(&reference, &name);
		text_append(ret, any ? "," : "");
		text_append_json(ret, name.data == NULL ? "" : name.data);
		any = true;
	}
	text_append(ret, "],\"Layers\":[");
	for (size_t i = 0; i < content->manifest.layers.count; i++) {
		text_append(ret, i == 0 ? "" : ",");
		append_path(content->manifest.layers.items[i].digest, ret);
	}
	text_append(ret, "]}");
}

static void format_docker(const struct export *export, struct text *ret)
{
	bool any = false;

	text_append(ret, "[");
	for (size_t i = 0; i < export->count; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || text_equal(export->images[j].content.digest,
						    export->images[i].content.digest);
		if (again)
			continue;
		text_append(ret, any ? "," : "");
		append_docker(export, i, ret);
		any = true;
	}
	text_append(ret, "]");
}

static int write_archive(struct export *export, struct error *err)
{
	autotext struct text index = TEXT_EMPTY, docker = TEXT_EMPTY, layout = TEXT_EMPTY, end = TEXT_EMPTY;
	int result = write_header(export, "blobs", true, 0, err);

	if (result == 0)
		result = write_header(export, "blobs/sha256", true, 0, err);
	(void)nameset_has(&export->blobs, ""); /* sorts */
	for (size_t i = 0; result == 0 && i < export->blobs.count; i++)
		if (i == 0 || !text_equal(export->blobs.items[i], export->blobs.items[i - 1]))
			result = write_blob(export, export->blobs.items[i], err);
	format_index(export, &index);
	format_docker(export, &docker);
	text_append(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	if (result == 0)
		result = write_file(export, "index.json", &index, err);
	if (result == 0)
		result = write_file(export, "manifest.json", &docker, err);
	if (result == 0)
		result = write_file(export, "oci-layout", &layout, err);
	tar_write_end(&end);
	return result < 0 ? result : write_text(export, &end, err);
}

/* --- the command ---------------------------------------------------------------------------------------- */

/* Everything is known to be there before the first byte is written. */
static int add_image(struct export *export, const struct refs *refs, const char *word, struct error *err)
{
	struct front *front = export->front;
	struct exported *image = &export->images[export->count];
	struct refs_found found;
	struct error ignored;
	int result = refs_find(refs, &front->arena, word, &found, err);

	if (result < 0)
		return result;
	image->ref = refs->items[found.index];
	if (found.by_id)
		image->ref.name = NULL; /* an id asks for no name */
	result = content_load(&front->store, &image->ref, NULL, &front->arena, &image->content, err);
	image->named = result == 0 && image->ref.name != NULL &&
		       reference_parse(image->ref.name, &front->arena, &image->reference, &ignored) == 0;
	if (result == 0)
		result = nameset_add(&export->blobs, image->content.digest, err);
	if (result == 0)
		result = nameset_add(&export->blobs, image->content.id, err);
	for (size_t i = 0; result == 0 && i < image->content.manifest.layers.count; i++) {
		const struct image_descriptor *layer = &image->content.manifest.layers.items[i];
		autoclose int fd = -1;

		result = blob_open(&front->store, layer->digest, layer->size, &fd, err);
		if (result == 0)
			result = nameset_add(&export->blobs, layer->digest, err);
	}
	export->count += result == 0;
	return result;
}

/* Beside it first: a file of that name is whole or it is the old one. */
static int write_to_file(struct export *export, const char *path, struct error *err)
{
	autotext struct text beside = TEXT_EMPTY;

	text_format(&beside, "%s.%d.part", path, (int)getpid());
	int result = text_done(&beside, err);

	if (result < 0)
		return result;
	export->out = open(beside.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (export->out < 0)
		return error_set(err, errno, "open \"%s\"", beside.data);
	result = write_archive(export, err);
	if (close(export->out) < 0 && result == 0)
		result = error_set(err, errno, "write \"%s\"", beside.data);
	if (result == 0 && rename(beside.data, path) < 0)
		result = error_set(err, errno, "write \"%s\"", path);
	if (result < 0)
		(void)unlink(beside.data); /* made above */
	return result;
}

static int do_export(struct front *front, const struct strings *args, struct error *err)
{
	const char *path = args->items[args->count - 1];
	bool to_output = text_equal(path, "-");
	struct export export = { .front = front, .blobs = { .arena = &front->arena } };
	struct refs refs;
	struct stat st;

	if (args->count - 1 > MAX_IMAGES)
		return error_set(err, 0, "more than %d images at once", MAX_IMAGES);
	if (to_output && isatty(STDOUT_FILENO) == 1)
		return error_set(err, 0, "an archive is not written to a terminal: redirect it");
	export.images = arena_alloc(&front->arena, args->count * sizeof(*export.images));
	if (export.images == NULL)
		return error_set(err, ENOMEM, "export images");
	int result = refs_load(&front->store, &front->arena, &refs, err);

	for (size_t i = 0; result == 0 && i + 1 < args->count; i++)
		result = add_image(&export, &refs, args->items[i], err);
	if (result < 0)
		return result;
	/* what is no file (a pipe, /dev/null) is written to as it is */
	if (!to_output && (stat(path, &st) < 0 || S_ISREG(st.st_mode)))
		return write_to_file(&export, path, err);
	autoclose int out = to_output ? -1 : open(path, O_WRONLY | O_CLOEXEC);

	if (!to_output && out < 0)
		return error_set(err, errno, "open \"%s\"", path);
	export.out = to_output ? STDOUT_FILENO : out;
	return write_archive(&export, err);
}

static int export_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	(void)values;
	return front_end(do_export(front, args, err), err);
}

const struct command cmd_export = {
	.name = "export",
	.aliases = "save",
	.usage = "IMAGE [IMAGE...] FILE",
	.summary = "Write images to an archive (-: standard output) that hull, docker and podman read",
	.min_args = 2,
	.max_args = COMMAND_ARGS_ANY,
	.run = export_run,
};
