/* Images checked part by part; see verify.h. */
#include "oci/image/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "oci/image/blob.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"
#include "oci/image/layers.h"
#include "oci/layer/index.h"

#include "base/banned.h"

static int tell(const struct verify *verify, enum verify_part part, const struct ref *ref, const char *digest,
		size_t layer, const struct error *problem, struct error *err)
{
	const struct verify_finding finding = { part, ref, digest, layer, problem->text };

	return verify->found(verify->context, &finding, err);
}

/* --- the files of a layer ------------------------------------------------------------------------------ */

static int differs(const char *path, const char *what, struct error *err)
{
	return fail_integrity(err, "\"%.300s\" has another %s", path, what);
}

static int compare_entry(int diff, const struct index_entry *entry, struct error *err)
{
	struct stat st;
	autoclose int fd = -1;
	int result = path_open_beneath(diff, entry->path, O_PATH | O_NOFOLLOW, false, &fd, err);

	if (result < 0 || fstat(fd, &st) < 0)
		return fail_integrity(err, "\"%.300s\" is not there", entry->path);
	if ((entry->flags & INDEX_WHITEOUT) != 0)
		return S_ISCHR(st.st_mode) && st.st_rdev == 0 ? 0 : differs(entry->path, "type", err);
	if ((st.st_mode & S_IFMT) != (entry->mode & S_IFMT))
		return differs(entry->path, "type", err);
	if (st.st_mode != entry->mode && !S_ISLNK(st.st_mode))
		return differs(entry->path, "mode", err);
	if (geteuid() == 0 && (st.st_uid != entry->uid || st.st_gid != entry->gid))
		return differs(entry->path, "owner", err);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size != entry->size)
		return differs(entry->path, "size", err);
	if (S_ISREG(st.st_mode) && st.st_mtim.tv_sec != entry->mtime)
		return differs(entry->path, "time of change", err);
	return 0;
}

/* How many names there are below the directory @fd, taken. */
static size_t count_names(int fd, unsigned depth)
{
	DIR *stream = fdopendir(fd);
	size_t count = 0;
	struct stat st;

	if (stream == NULL) {
		cleanup_close(&fd);
		return 0;
	}
	for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		count++;
		if (depth == 0 || (entry->d_type != DT_DIR &&
				   (entry->d_type != DT_UNKNOWN ||
				    fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
				    !S_ISDIR(st.st_mode))))
			continue;
		int child =
			openat(dirfd(stream), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		/* NOLINTNEXTLINE(misc-no-recursion): @depth ends it */
		count += child < 0 ? 0 : count_names(child, depth - 1);
	}
	(void)closedir(stream); /* only read */
	return count;
}

static int compare_tree(int diff, const struct index *index, struct error *err)
{
	size_t expected = 0;

	for (size_t i = 0; i < index->count; i++) {
		struct index_entry entry = index_at(index, i);

		if ((entry.flags & INDEX_LOWER_LINK) != 0)
			continue;
		expected += !text_equal(entry.path, ".");
		int result = compare_entry(diff, &entry, err);

		if (result < 0)
			return result;
	}
	int copy = openat(diff, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t found = copy < 0 ? 0 : count_names(copy, 256);

	return found == expected ? 0 : fail_integrity(err, "it has %zu files, not %zu", found, expected);
}

static int check_layer(const struct verify *verify, const char *diff_id, struct error *err)
{
	const struct store *store = &verify->front->store;
	autoclose int diff = -1, index_fd = -1;
	struct layers_meta meta;
	struct index index;
	int result = layers_load_meta(store, diff_id, &meta, err);

	if (result == 0)
		result = layers_open(store, diff_id, &diff, &index_fd, err);
	if (result == 0)
		result = index_open(index_fd, &index, err);
	if (result < 0)
		return result;
	if (verify->deep)
		result = compare_tree(diff, &index, err);
	index_close(&index);
	return result;
}

/* --- an image ------------------------------------------------------------------------------------------- */

static int check_blob(const struct verify *verify, const struct image_descriptor *layer, struct error *err)
{
	const struct store *store = &verify->front->store;
	autoclose int fd = -1;

	return verify->deep ? blob_check(store, layer->digest, layer->size, err)
			    : blob_open(store, layer->digest, layer->size, &fd, err);
}

int verify_image(const struct verify *verify, const struct ref *ref, struct error *err)
{
	struct front *front = verify->front;
	autotext struct text ignored = TEXT_EMPTY;
	struct content content;
	struct error problem;
	int result = 0;

	error_clear(&problem);
	if (content_load(&front->store, ref, NULL, &front->arena, &content, &problem) < 0)
		return tell(verify, VERIFY_DOCUMENT, ref, NULL, 0, &problem, err);
	if (ref->index != NULL &&
	    blob_read(&front->store, ref->index, -1, IMAGE_MAX_BYTES, &ignored, &problem) < 0)
		result = tell(verify, VERIFY_DOCUMENT, ref, ref->index, 0, &problem, err);
	for (size_t i = 0; result == 0 && i < content.config.diff_ids.count; i++) {
		const struct image_descriptor *layer = &content.manifest.layers.items[i];
		const char *diff_id = content.config.diff_ids.items[i];

		if (check_blob(verify, layer, &problem) < 0)
			result = tell(verify, VERIFY_BLOB, ref, layer->digest, i, &problem, err);
		if (result == 0 && check_layer(verify, diff_id, &problem) < 0)
			result = tell(verify, VERIFY_LAYER, ref, diff_id, i, &problem, err);
	}
	return result;
}
