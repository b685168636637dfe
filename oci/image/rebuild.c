/* index.json made anew; see rebuild.h. */
#include "oci/image/rebuild.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/image/blob.h"
#include "oci/image/content.h"
#include "oci/image/refs.h"
#include "oci/spec/image.h"

#include "base/banned.h"

#define DAMAGED "index.json.damaged"

/* The blob @hex as an entry, when it is the manifest of an image that is here. */
static bool read_manifest(struct front *front, const char *hex, struct ref *ret)
{
	autotext struct text text = TEXT_EMPTY;
	const char *digest = arena_format(&front->arena, "sha256:%s", hex);
	struct content *content = arena_alloc(&front->arena, sizeof(*content));
	const struct json *json;
	struct error ignored;

	if (digest == NULL || content == NULL || image_check_digest(digest, "blob", &ignored) < 0 ||
	    blob_read(&front->store, digest, -1, IMAGE_MAX_BYTES, &text, &ignored) < 0 || text.length == 0 ||
	    text.data[0] != '{' ||
	    json_parse(&front->arena, digest, text.data, text.length, &json, &ignored) < 0 ||
	    image_sniff(json) != IMAGE_MANIFEST)
		return false;
	const struct json *type = json_get(json, "mediaType");

	*ret = (struct ref){ .media_type = type != NULL && type->type == JSON_STRING ? type->text
										     : IMAGE_TYPE_MANIFEST,
			     .digest = digest,
			     .size = (int64_t)text.length };
	if (content_load(&front->store, ret, NULL, &front->arena, content, &ignored) < 0)
		return false;
	ret->id = content->id;
	ret->created = content->config.created;
	ret->unpacked = content_unpacked(&front->store, content);
	ret->platform = &content->config.platform;
	return true;
}

static int find_images(struct front *front, struct refs *refs, struct error *err)
{
	int fd = openat(front->store.root, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (stream == NULL) {
		result = error_set(err, errno, "read \"%s/blobs/sha256\"", front->store.path);
		cleanup_close(&fd);
		return result;
	}
	for (const struct dirent *entry = readdir(stream); result == 0 && entry != NULL;
	     entry = readdir(stream)) {
		struct stat st;
		struct ref ref;

		if (entry->d_name[0] == '.' || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) || st.st_size > (off_t)IMAGE_MAX_BYTES)
			continue;
		if (read_manifest(front, entry->d_name, &ref))
			result = refs_set(refs, &front->arena, &ref, NULL, NULL, err);
	}
	(void)closedir(stream); /* only read */
	return result;
}

int rebuild_index(struct front *front, bool *ret_done, struct error *err)
{
	static const char version[] = "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX "\"}";
	struct refs refs;
	struct error problem;
	int result = store_lock(&front->store, true, err);

	if (result < 0)
		return result;
	const struct store *held autounlock = &front->store;

	(void)held; /* to the end of this function */
	*ret_done = false;
	if (refs_load(&front->store, &front->arena, &refs, &problem) == 0)
		return 0;
	if (renameat(front->store.root, "index.json", front->store.root, DAMAGED) < 0 && errno != ENOENT)
		return error_set(err, errno, "rename \"%s/index.json\"", front->store.path);
	refs = (struct refs){ 0 };
	result = json_parse(&front->arena, "index.json", version, strlen(version), &refs.json, err);
	if (result == 0)
		result = find_images(front, &refs, err);
	*ret_done = true;
	return result < 0 ? result : refs_commit(&front->store, &front->arena, &refs, err);
}
