/* A root file system, as a directory or a tar, becomes an image of one layer; see import.h. */
#include "oci/image/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tree.h"
#include "base/words.h"
#include "oci/image/blob.h"
#include "oci/image/changes.h"
#include "oci/image/layers.h"
#include "oci/layer/codec.h"
#include "oci/layer/pack.h"

#include "base/banned.h"

static int make_config(struct import *import, const char *diff_id, struct text *ret, struct error *err)
{
	struct image_platform host = image_platform_host();
	const struct image_platform *platform = import->platform == NULL ? &host : import->platform;
	autotext struct text created = TEXT_EMPTY, comment = TEXT_EMPTY;
	const struct json *config;
	int result = changes_apply(import->changes, &import->front->arena, NULL, &config, err);

	if (result < 0)
		return result;
	words_time(words_now_ns(), &created);
	if (import->message != NULL)
		text_append(&comment, import->message);
	else
		text_format(&comment, "Imported from %s", import->source.name);
	text_format(ret, "{\"created\":\"%s\",\"architecture\":", created.data);
	text_append_json(ret, platform->architecture);
	/* this machine's level is no requirement of the files */
	if (import->platform != NULL && platform->variant != NULL) {
		text_append(ret, ",\"variant\":");
		text_append_json(ret, platform->variant);
	}
	text_append(ret, ",\"os\":");
	text_append_json(ret, platform->os);
	text_append(ret, ",\"config\":");
	tree_write(config, NULL, ret);
	text_format(
		ret,
		",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},\"history\":[{\"created\":\"%s\","
		"\"comment\":",
		diff_id, created.data);
	text_append_json(ret, comment.data);
	text_append(ret, "}]}");
	return text_done(ret, err);
}

static int publish(struct import *import, struct blob_new *blob, enum codec codec, const char *diff_id,
		   struct error *err)
{
	autotext struct text config = TEXT_EMPTY, manifest = TEXT_EMPTY;
	struct import_image image = {
		.manifest = &manifest, .config = &config, .media_type = IMAGE_TYPE_MANIFEST, .layers = &blob
	};
	char digest[BLOB_DIGEST_BYTES];
	int result = make_config(import, diff_id, &config, err);

	if (result < 0)
		return result;
	blob_digest(config.data, config.length, digest);
	text_format(&manifest,
		    "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST
		    "\",\"config\":{\"mediaType\":\"" IMAGE_TYPE_CONFIG "\",\"digest\":\"%s\",\"size\":%zu},"
		    "\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}]}",
		    digest, config.length, codec_media_type(codec), blob->digest,
		    (unsigned long long)blob->size);
	result = text_done(&manifest, err);
	import->progress.quiet = true; /* what there was to tell has been told */
	if (result == 0)
		result = import_name(import, NULL, true, &image.name, err);
	return result < 0 ? result : import_publish(import, &image, err);
}

int import_rootfs_directory(struct import *import, struct error *err)
{
	struct pack_options options = { .codec = CODEC_NONE };
	struct blob_new blob = { 0 };
	struct encoder_result packed;
	char diff_id[DIGEST_TEXT_BYTES];

	session_place(&import->session, blob.place);
	autoclose int out = openat(import->front->store.root, blob.place,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (out < 0)
		return error_set(err, errno, "open \"%s\"", blob.place);
	int bar = progress_begin(&import->progress, "directory", "Packing", 0);
	int result = pack_tree(import->source.directory, out, &options, &packed, err);

	progress_end(&import->progress, bar, result < 0 ? NULL : "Packed");
	if (result < 0)
		return result;
	digest_format(&packed.digest, blob.digest);
	digest_format(&packed.diff_id, diff_id);
	blob.size = packed.bytes;
	result = blob_claim(&import->session, &blob, err);
	return result < 0 ? result : publish(import, &blob, options.codec, diff_id, err);
}

int import_rootfs_tar(struct import *import, struct blob_new *blob, const char *place,
		      const struct unpack_result *unpacked, struct error *err)
{
	char diff_id[DIGEST_TEXT_BYTES];

	digest_format(&unpacked->blob_digest, blob->digest);
	digest_format(&unpacked->diff_id, diff_id);
	int result = blob_claim(&import->session, blob, err);

	if (result == 0)
		result = layers_adopt(&import->session, place, diff_id, err);
	return result < 0 ? result : publish(import, blob, unpacked->codec, diff_id, err);
}
