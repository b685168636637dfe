/*
 * Bundles of images; see bundle.h. store.lock is held shared from the look at index.json until the pin is
 * written, so that nobody can remove the layers in between.
 */
#include "oci/image/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/overlay.h"
#include "base/program.h"
#include "base/remove.h"
#include "oci/image/assembly.h"
#include "oci/image/collect.h"
#include "oci/image/content.h"
#include "oci/image/fail.h"
#include "oci/image/layers.h"
#include "oci/image/pins.h"
#include "oci/image/rootless.h"
#include "oci/layer/names.h"
#include "oci/make/document.h"
#include "oci/spec/rootfs.h"

#include "base/banned.h"

#define VOLUMES_ROOT "/var/lib/hull/volumes"

/* A bundle in the making. */
struct making {
	struct front *front;
	const struct bundle_request *request;
	int directory;
	bool made; /* the directory is ours, too */
	struct ref ref;
	struct content content;
	struct assembly assembly;
	struct session session;
	char pin[PINS_ID_BYTES];
};

/* --- the directory -------------------------------------------------------------------------------------- */

/* What a bundle is made of; what of it a failed try left is removed. */
static const char *const parts[] = { "config.json", ROOTFS_FILE, BUNDLE_MOUNTED, "upper",   "work",
				     "rootfs",      "hostname",  "hosts",        "volumes", "resolv.conf" };

/*
 * A directory that was there before. Programs of an image that set the user id must not be within reach of
 * this machine's users, nor may one of them own what hull trusts.
 */
static int check_directory(const struct making *making, struct error *err)
{
	const char *path = making->request->directory;
	struct names names = { 0 };
	struct stat st;
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (faccessat(making->directory, parts[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return fail_conflict(err, "\"%s\" has a bundle already, or a \"%s\" of its own", path,
					     parts[i]);
	if (fstat(making->directory, &st) < 0)
		return error_set(err, errno, "stat \"%s\"", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, EPERM, "\"%s\" can be written by another user", path);
	if ((st.st_mode & 055) == 0)
		return 0;
	result = names_read(&names, making->directory, false, err);
	if (result == 0 && names.count > 0)
		result = error_set(err, EPERM, "other users can enter \"%s\" (chmod go-rx)", path);
	else if (result == 0 && fchmod(making->directory, 0700) < 0)
		result = error_set(err, errno, "chmod \"%s\"", path);
	names_release(&names);
	return result;
}

static int open_directory(struct making *making, struct error *err)
{
	const char *path = making->request->directory;

	making->made = mkdir(path, 0700) == 0;
	if (!making->made && errno != EEXIST)
		return error_set(err, errno, "mkdir \"%s\"", path);
	making->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (making->directory < 0)
		return error_set(err, errno, "open \"%s\"", path);
	int result = making->made ? 0 : check_directory(making, err);
	if (result < 0) {
		cleanup_close(&making->directory);
		making->directory = -1;
	}
	return result;
}

/* What a failed try left. The rest of a directory that was there before is its owner's. */
static void undo(struct making *making)
{
	struct error ignored;

	if (making->directory < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		ignore_failure(remove_tree(making->directory, parts[i], &ignored));
	if (making->made)
		(void)rmdir(making->request->directory); /* whoever put something into it keeps it */
	if (making->pin[0] != '\0')
		ignore_failure(pins_remove(&making->front->store, making->pin, &ignored));
}

static int write_file(int directory, const char *name, const struct text *text, struct error *err)
{
	autoclose int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "write \"%s\"", name);
	return fd_write_all(fd, text->data, text->length, name, err);
}

/* --- config.json ---------------------------------------------------------------------------------------- */

static struct document_image image_of(const struct image_config *config)
{
	const struct image_defaults *defaults = &config->defaults;

	return (struct document_image){
		.user = defaults->user,
		.working_dir = defaults->working_dir,
		.stop_signal = defaults->stop_signal,
		.env = defaults->env,
		.entrypoint = defaults->entrypoint,
		.cmd = defaults->cmd,
		.volumes = defaults->volumes,
		.exposed_ports = defaults->exposed_ports,
		.labels = defaults->labels,
		.os = config->platform.os,
		.architecture = config->platform.architecture,
		.variant = config->platform.variant,
		.os_version = config->platform.os_version,
		.author = config->author,
		.created = config->created,
	};
}

static bool host_has_cgroup_v2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* NULL: it is not installed. */
static const char *find_program(struct front *front, const char *name)
{
	autotext struct text directory = TEXT_EMPTY, path = TEXT_EMPTY;
	struct error ignored;

	if (program_directory(&directory, &ignored) < 0 ||
	    program_find(directory.data, name, &path, &ignored) < 0)
		return NULL;
	return arena_copy(&front->arena, path.data, path.length);
}

/* @otherwise: the program where neither the image nor anybody else names one; NULL: that is an error. */
static int write_document(struct making *making, int root_fd, const char *otherwise, struct error *err)
{
	const struct bundle_request *wanted = making->request;
	struct document_image image = image_of(&making->content.config);

	if (image.entrypoint.count + image.cmd.count == 0 && otherwise != NULL)
		image.cmd = (struct strings){ 1, &otherwise };
	const struct rootdir root = { root_fd };
	const struct document_request request = {
		.image = &image,
		.choices = wanted->choices,
		.command = wanted->command,
		.root = &root,
		.bundle = wanted->directory,
		.bundle_dir = making->directory,
		.volumes_root = wanted->volumes == NULL ? VOLUMES_ROOT : wanted->volumes,
		.id = wanted->id,
		.name = wanted->name,
		.net_program = find_program(making->front, "hull-net"),
		.init_program = find_program(making->front, "hull-reaper"),
		.net_path = wanted->net_path,
		.terminal = wanted->terminal,
		.cgroup_v2 = host_has_cgroup_v2(),
	};
	autotext struct text text = TEXT_EMPTY;
	int result = document_make(&request, &making->front->arena, &text, err);

	return result < 0 ? result : write_file(making->directory, "config.json", &text, err);
}

/* --- layers --------------------------------------------------------------------------------------------- */

static int load_image(struct making *making, struct error *err)
{
	struct front *front = making->front;
	struct image_platform platform;
	struct refs_found found;
	struct refs refs;
	int result = 0;

	if (making->request->platform != NULL)
		result = image_platform_parse(making->request->platform, &front->arena, &platform, err);
	if (result == 0)
		result = front_find(front, making->request->word, &refs, &found, err);
	if (result < 0)
		return result;
	making->ref = refs.items[found.index];
	result = content_load(&front->store, &making->ref,
			      making->request->platform == NULL ? NULL : &platform, &front->arena,
			      &making->content, err);
	if (result == 0 && making->request->platform != NULL &&
	    image_platform_rank(&platform, &making->content.config.platform, true) < 0)
		return fail_missing(err, "%s: the image in the store is for %s/%s", making->request->word,
				    making->content.config.platform.os,
				    making->content.config.platform.architecture);
	return result;
}

/* The image with all it needs, claimed by the session where it had to be made. The lock is held at success.
 */
static int hold_image(struct making *making, struct error *err)
{
	struct front *front = making->front;
	struct progress progress;
	int result = store_lock(&front->store, false, err);

	if (result < 0)
		return result;
	result = load_image(making, err);
	if (result < 0 || (making->content.config.diff_ids.count > 0 &&
			   assembly_is_ready(&front->store, &making->content))) {
		if (result < 0)
			store_unlock(&front->store);
		return result;
	}
	/* for once, and without the lock: others wait for it */
	store_unlock(&front->store);
	progress_open(&progress, true);
	result = session_open(&front->store, &making->session, err);
	if (result == 0)
		result = assembly_prepare(&making->session, &front->arena, &making->content, &progress, err);
	return result < 0 ? result : store_lock(&front->store, false, err);
}

static int make_subdirectory(int directory, const char *name, mode_t mode, struct error *err)
{
	if (mkdirat(directory, name, mode) < 0)
		return error_set(err, errno, "mkdir \"%s\"", name);
	return 0;
}

/* The upper directory is what the container sees as "/": it looks as the image's. */
static int make_upper(int directory, const char *top, struct error *err)
{
	struct stat st;
	int result = make_subdirectory(directory, "upper", 0755, err);

	if (result == 0)
		result = make_subdirectory(directory, "work", 0700, err);
	if (result < 0)
		return result;
	autoclose int upper = openat(directory, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (upper < 0 || stat(top, &st) < 0 || (geteuid() == 0 && fchown(upper, st.st_uid, st.st_gid) < 0) ||
	    fchmod(upper, st.st_mode & 07777) < 0)
		return error_set(err, errno, "make \"upper\"");
	return 0;
}

static int write_rootfs(struct making *making, int directory, const char *path, struct error *err)
{
	struct arena *arena = &making->front->arena;
	struct rootfs rootfs = {
		.image = making->content.id,
		.reference = making->request->word,
		.pin = making->pin,
		.lower = making->assembly.lower,
		.upper = arena_format(arena, "%s/upper", path),
		.work = arena_format(arena, "%s/work", path),
		.userxattr = layers_user_xattr(),
	};
	autotext struct text text = TEXT_EMPTY;

	if (rootfs.upper == NULL || rootfs.work == NULL)
		return error_set(err, ENOMEM, "make a bundle");
	int result = rootfs_format(&rootfs, &text, err);

	return result < 0 ? result : write_file(directory, ROOTFS_FILE, &text, err);
}

static int write_pin(struct making *making, const char *path, struct error *err)
{
	const struct pin pin = { .id = making->pin,
				 .image = making->content.id,
				 .reference = making->request->word,
				 .directory = path,
				 .container = making->request->id,
				 .objects = making->assembly.objects };
	int result = pins_make_id(making->pin, err);

	return result < 0 ? result : pins_write(&making->front->store, &pin, err);
}

/* @directory, which is at @path, gets the writable layer and says on what it stands. */
static int make_layers(struct making *making, int directory, const char *path, struct error *err)
{
	int result = assembly_make(&making->front->store, &making->front->arena, &making->content,
				   &making->assembly, err);

	if (result == 0)
		result = make_upper(directory, making->assembly.lower.items[0], err);
	if (result == 0)
		result = write_pin(making, path, err);
	return result < 0 ? result : write_rootfs(making, directory, path, err);
}

static int make_mounted(struct making *making, struct error *err)
{
	const char *path =
		arena_format(&making->front->arena, "%s/" BUNDLE_MOUNTED, making->request->directory);
	int result = path == NULL ? error_set(err, ENOMEM, "make a bundle")
				  : make_subdirectory(making->directory, BUNDLE_MOUNTED, 0700, err);

	if (result < 0)
		return result;
	autoclose int inner =
		openat(making->directory, BUNDLE_MOUNTED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return inner < 0 ? error_set(err, errno, "open \"%s\"", path) : make_layers(making, inner, path, err);
}

static int fill(struct making *making, struct error *err)
{
	const struct bundle_request *request = making->request;
	autoclose int view = -1;
	int result = make_subdirectory(making->directory, "rootfs", 0755, err);

	if (result == 0)
		result = request->mount ? make_mounted(making, err)
					: make_layers(making, making->directory, request->directory, err);
	store_unlock(&making->front->store); /* the pin holds now */
	if (result == 0)
		result = assembly_open_view(&making->assembly.lower, &view, err);
	if (result == 0)
		result = write_document(making, view, NULL, err);
	return result < 0 || !request->mount ? result : bundle_mount(request->directory, err);
}

/*
 * Nobody tells the store of bundles that are removed. Once in a while, so that it costs each little, their
 * pins are looked for.
 */
static void tidy_sometimes(struct front *front, const char *pin)
{
	struct error ignored;

	if (pin[0] == '0' && pin[1] <= '3') /* one in 64 */
		ignore_failure(collect_pins(&front->store, &front->arena, &ignored));
}

int bundle_make(struct front *front, const struct bundle_request *request, struct error *err)
{
	struct making making = {
		.front = front, .request = request, .directory = -1, .session = { .dir = -1, .claims = -1 }
	};

	if (rootless_entered())
		return error_set(
			err, 0,
			"a bundle that stands on the store's layers needs root (hull image unpack makes "
			"one with a root of its own)");
	int result = hold_image(&making, err);

	if (result == 0) {
		result = open_directory(&making, err);
		if (result < 0)
			store_unlock(&front->store);
		else
			result = fill(&making, err);
		if (result < 0)
			undo(&making);
		else
			tidy_sometimes(front, making.pin);
	}
	cleanup_close(&making.directory);
	session_close(&making.session);
	return result;
}

/* --- a root of its own ---------------------------------------------------------------------------------- */

static int unpack_layer(struct making *making, const struct image_descriptor *layer, const char *diff_id,
			int target, struct error *err)
{
	struct digest blob_digest, diff_digest;
	autoclose int blob = -1;
	struct unpack_request request = { .blob_size = (uint64_t)layer->size,
					  .blob_digest = &blob_digest,
					  .diff_id = &diff_digest,
					  .target = target,
					  .index = -1,
					  .flat = true,
					  .limits = unpack_default_limits() };
	struct unpack_job job = UNPACK_JOB_NONE;
	struct unpack_result unpacked;
	int result = digest_parse(layer->digest, &blob_digest, err);

	if (result == 0)
		result = digest_parse(diff_id, &diff_digest, err);
	if (result == 0)
		result = blob_open(&making->front->store, layer->digest, layer->size, &blob, err);
	request.blob = blob;
	if (result == 0)
		result = unpack_start(&request, &job, err);
	if (result == 0)
		result = unpack_wait(&job, &unpacked, err);
	if (result < 0)
		(void)error_add(err, "layer %s", layer->digest);
	return result;
}

static int unpack_all(struct making *making, struct error *err)
{
	const struct content *content = &making->content;
	int result = make_subdirectory(making->directory, "rootfs", 0755, err);

	if (result < 0)
		return result;
	autoclose int root =
		openat(making->directory, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (root < 0)
		return error_set(err, errno, "open \"rootfs\"");
	for (size_t i = 0; result == 0 && i < content->manifest.layers.count; i++)
		result = unpack_layer(making, &content->manifest.layers.items[i],
				      content->config.diff_ids.items[i], root, err);
	return result < 0 ? result : write_document(making, root, "sh", err);
}

int bundle_unpack(struct front *front, const struct bundle_request *request, struct error *err)
{
	struct making making = { .front = front, .request = request, .directory = -1 };
	bool there;
	int result = session_open(&front->store, &making.session, err);

	if (result == 0)
		result = load_image(&making, err);
	for (size_t i = 0; result == 0 && i < making.content.manifest.layers.count; i++) {
		char path[STORE_PATH_BYTES];

		store_path("blobs", making.content.manifest.layers.items[i].digest, path);
		result = session_claim(&making.session, path, &there, err);
	}
	if (result == 0)
		result = open_directory(&making, err);
	if (result == 0)
		result = unpack_all(&making, err);
	if (result < 0)
		undo(&making);
	cleanup_close(&making.directory);
	session_close(&making.session);
	return result;
}

/* --- mounts --------------------------------------------------------------------------------------------- */

static int open_layers(const struct rootfs *rootfs, int *lower, struct overlay *ret, struct error *err)
{
	*ret = (struct overlay){ .lower = lower, .upper = -1, .work = -1, .userxattr = rootfs->userxattr };
	for (size_t i = 0; i < rootfs->lower.count; i++) {
		lower[i] = open(rootfs->lower.items[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (lower[i] < 0)
			return error_set(err, errno, "open \"%s\"", rootfs->lower.items[i]);
		ret->lower_count++;
	}
	if (rootfs->upper == NULL)
		return 0;
	ret->upper = open(rootfs->upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ret->work = open(rootfs->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->upper < 0 || ret->work < 0 ? error_set(err, errno, "open \"%s\"", rootfs->upper) : 0;
}

/* At the directory itself, whatever becomes of its path meanwhile. */
static int attach_root(const char *directory, int tree, struct error *err)
{
	autotext struct text path = TEXT_EMPTY;

	text_format(&path, "%s/rootfs", directory);
	int result = text_done(&path, err);
	if (result < 0)
		return result;
	autoclose int root = open(path.data, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open \"%s\"", path.data);
	result = overlay_attach(tree, root, err);
	return result < 0 ? error_add(err, "mount \"%s\"", path.data) : 0;
}

static int mount_root(const char *directory, const struct rootfs *rootfs, struct error *err)
{
	int *lower = calloc(rootfs->lower.count + 1, sizeof(*lower));
	autoclose int mount = -1;
	struct overlay overlay = { .upper = -1, .work = -1 };
	int result = lower == NULL ? error_set(err, ENOMEM, "mount the root") : 0;

	if (result == 0)
		result = open_layers(rootfs, lower, &overlay, err);
	if (result == 0)
		result = overlay_open(&overlay, &mount, err);
	if (result == 0)
		result = attach_root(directory, mount, err);
	for (size_t i = 0; i < overlay.lower_count; i++)
		cleanup_close(&lower[i]);
	cleanup_close(&overlay.upper);
	cleanup_close(&overlay.work);
	free(lower);
	return result;
}

static int load_mounted(const char *directory, struct arena *arena, struct rootfs *ret, struct error *err)
{
	autotext struct text path = TEXT_EMPTY;
	bool found = false;

	text_format(&path, "%s/" BUNDLE_MOUNTED, directory);
	int result = text_done(&path, err);

	if (result < 0)
		return result;
	autoclose int inner = open(path.data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (inner >= 0)
		result = rootfs_load(inner, arena, ret, &found, err);
	if (result == 0 && !found)
		result = fail_missing(err, "\"%s\" is no bundle that was made with --mount-root", directory);
	return result;
}

/* Something is mounted there when it is on another device than what it lies in. */
static bool is_mounted(const char *directory)
{
	autotext struct text path = TEXT_EMPTY;
	struct stat root, around;

	text_format(&path, "%s/rootfs", directory);
	return !path.failed && stat(path.data, &root) == 0 && stat(directory, &around) == 0 &&
	       root.st_dev != around.st_dev;
}

int bundle_mount(const char *directory, struct error *err)
{
	struct rootfs rootfs;
	struct arena arena;

	arena_init(&arena, 0);
	int result = load_mounted(directory, &arena, &rootfs, err);

	if (result == 0 && !is_mounted(directory))
		result = mount_root(directory, &rootfs, err);
	arena_release(&arena);
	return result;
}

int bundle_umount(const char *directory, struct error *err)
{
	autotext struct text path = TEXT_EMPTY;
	struct rootfs rootfs;
	struct arena arena;

	arena_init(&arena, 0);
	int result = load_mounted(directory, &arena, &rootfs, err);

	arena_release(&arena);
	text_format(&path, "%s/rootfs", directory);
	if (result == 0)
		result = text_done(&path, err);
	if (result < 0 || !is_mounted(directory))
		return result;
	return umount2(path.data, UMOUNT_NOFOLLOW) < 0 ? error_set(err, errno, "umount \"%s\"", path.data)
						       : 0;
}
