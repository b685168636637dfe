/*
 * Stacks of layers that were unpacked one by one, mounted as an overlay with what assembling makes of them:
 * they look as if each had been unpacked onto the ones below.
 */
#include "oci/layer/assemble.h"

#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/oci/layer/support.h"

#define MAX_LAYERS 4

/* Layers in the box: "0", "1", … with their indexes. */
struct stack {
	struct box box;
	struct assemble_layer layers[MAX_LAYERS];
	struct index indexes[MAX_LAYERS];
	enum assemble_kind kinds[MAX_LAYERS];
	size_t count;
	int fixes, mount; /* what was made; the root of the mounted stack */
};

static void stack_open(struct stack *stack)
{
	*stack = (struct stack){ .fixes = -1, .mount = -1 };
	box_open(&stack->box);
}

static void stack_add(struct stack *stack, struct text *tar)
{
	struct unpack_result result;
	struct error err = { 0 };
	char name[32];
	size_t at = stack->count++;

	(void)snprintf(name, sizeof(name), "%zu", at);
	CHECK(mkdirat(stack->box.fd, name, 0700) == 0);
	struct box box = stack->box;
	box.target = openat(box.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(name, sizeof(name), "index%zu", at);
	box.index = openat(box.fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(box_unpack(&box, tar, &result, &err), 0);
	if (err.length > 0)
		printf("# layer %zu: %s\n", at, err.text);
	CHECK_INT(index_open(box.index, &stack->indexes[at], &err), 0);
	close(box.index);
	stack->layers[at] = (struct assemble_layer){ box.target, &stack->indexes[at] };
	text_release(tar);
}

static int stack_make(struct stack *stack, struct error *err)
{
	CHECK(mkdirat(stack->box.fd, "fixes", 0700) == 0);
	stack->fixes = openat(stack->box.fd, "fixes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return assemble_make(stack->layers, stack->count, stack->fixes, false, stack->kinds, err);
}

/* The stack from its lowest layer that counts, read only. */
static void stack_mount(struct stack *stack)
{
	autotext struct text options = TEXT_EMPTY;
	struct error err = { 0 };
	char path[128], name[ASSEMBLE_NAME_BYTES];
	size_t bottom = assemble_bottom(stack->layers, stack->count);

	CHECK_INT(stack_make(stack, &err), 0);
	if (err.length > 0)
		printf("# %s\n", err.text);
	CHECK(mkdirat(stack->box.fd, "mnt", 0700) == 0 && mkdirat(stack->box.fd, "empty", 0755) == 0);
	text_append(&options, "lowerdir=");
	for (size_t i = stack->count; i-- > bottom;) {
		assemble_name(i, stack->kinds[i], name);
		if (stack->kinds[i] != ASSEMBLE_NONE)
			text_format(&options, "%s/fixes/%s:", stack->box.path, name);
		if (stack->kinds[i] != ASSEMBLE_INSTEAD)
			text_format(&options, "%s/%zu:", stack->box.path, i);
	}
	text_format(&options, "%s/empty", stack->box.path); /* overlayfs wants two */
	(void)snprintf(path, sizeof(path), "%s/mnt", stack->box.path);
	CHECK(mount("overlay", path, "overlay", MS_RDONLY, options.data) == 0);
	stack->mount = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void stack_close(struct stack *stack)
{
	char path[128];

	if (stack->mount >= 0) {
		close(stack->mount);
		(void)snprintf(path, sizeof(path), "%s/mnt", stack->box.path);
		CHECK(umount2(path, 0) == 0);
	}
	if (stack->fixes >= 0)
		close(stack->fixes);
	for (size_t i = 0; i < stack->count; i++) {
		close(stack->layers[i].directory);
		index_close(&stack->indexes[i]);
	}
	box_close(&stack->box);
}

static void add_owned(struct text *tar, const char *path, uint32_t mode, uint32_t uid)
{
	const struct tar_xattr xattr = { "user.kept", "1", 1 };
	const struct tar_entry entry = { .type = TAR_DIRECTORY,
					 .path = path,
					 .mode = mode,
					 .uid = uid,
					 .mtime = 1000000000,
					 .xattrs = &xattr,
					 .xattr_count = uid != 0 };

	tar_write_header(&entry, tar);
}

static uint32_t owner_of(int directory, const char *path)
{
	struct stat status;

	return fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_uid : UINT32_MAX;
}

/* The image that umoci, containerd and podman each unpack otherwise. */
static void the_table(void)
{
	const struct tar_xattr opaque = { "trusted.overlay.opaque", "y", 1 };
	const struct tar_entry keep = {
		.type = TAR_DIRECTORY, .path = "keep", .mode = 0755, .xattrs = &opaque, .xattr_count = 1
	};
	struct stack stack;
	struct text tar = TEXT_EMPTY;

	stack_open(&stack);
	add_directory(&tar, ".");
	add(&tar, TAR_DIRECTORY, "tmp", 01777, NULL);
	add_owned(&tar, "opt", 0750, 42);
	add_directory(&tar, "usr");
	add_directory(&tar, "usr/lib");
	add_file(&tar, "usr/lib/base.so", "base");
	add(&tar, TAR_SYMLINK, "lib", 0777, "usr/lib");
	add_directory(&tar, "keep");
	add_file(&tar, "keep/a", "a");
	add_file(&tar, "keep/b", "b");
	stack_add(&stack, &tar);
	add_file(&tar, "tmp/foo", "foo");
	add_file(&tar, "opt/x/y", "y");
	add_file(&tar, "lib/extra.so", "extra");
	tar_write_header(&keep, &tar);
	add_file(&tar, "keep/c", "c");
	stack_add(&stack, &tar);
	stack_mount(&stack);
	CHECK_INT(stack.kinds[0], ASSEMBLE_NONE);
	CHECK_INT(stack.kinds[1], ASSEMBLE_INSTEAD);
	CHECK_INT(mode_of(stack.mount, "tmp"), S_IFDIR | 01777);
	CHECK_STR(content_of(stack.mount, "tmp/foo"), "foo");
	CHECK_INT(mode_of(stack.mount, "opt"), S_IFDIR | 0750);
	CHECK_INT(owner_of(stack.mount, "opt"), 42);
	CHECK_STR(content_of(stack.mount, "opt/x/y"), "y");
	CHECK(S_ISLNK(mode_of(stack.mount, "lib")));
	CHECK_STR(content_of(stack.mount, "lib/extra.so"), "extra");
	CHECK_STR(content_of(stack.mount, "lib/base.so"), "base");
	CHECK_STR(content_of(stack.mount, "usr/lib/extra.so"), "extra");
	CHECK_STR(content_of(stack.mount, "keep/a"), "a");
	CHECK_STR(content_of(stack.mount, "keep/c"), "c");
	stack_close(&stack);
}

static void nothing_needed(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;

	stack_open(&stack);
	add_directory(&tar, "etc");
	add_file(&tar, "etc/a", "1");
	add_file(&tar, "bin/implied", "1"); /* in the lowest layer that is of no consequence */
	stack_add(&stack, &tar);
	add_directory(&tar, "etc");
	add_file(&tar, "etc/b", "2");
	add_file(&tar, "etc/.wh.a", "");
	stack_add(&stack, &tar);
	stack_mount(&stack);
	CHECK(stack.kinds[0] == ASSEMBLE_NONE && stack.kinds[1] == ASSEMBLE_NONE);
	CHECK_INT(mode_of(stack.mount, "etc/a"), 0);
	CHECK_STR(content_of(stack.mount, "etc/b"), "2");
	stack_close(&stack);
}

static void attributes_above(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;

	stack_open(&stack);
	add(&tar, TAR_DIRECTORY, ".", 0711, NULL);
	add_owned(&tar, "srv", 0700, 7);
	add_owned(&tar, "srv/deep", 02770, 8);
	add_directory(&tar, "plain");
	stack_add(&stack, &tar);
	add_file(&tar, "srv/deep/one", "1");
	add_file(&tar, "plain/one", "1");
	stack_add(&stack, &tar);
	/* Removed and made anew: it begins with nothing. */
	add_file(&tar, ".wh.srv", "");
	add_file(&tar, "srv/deep/two", "2");
	stack_add(&stack, &tar);
	stack_mount(&stack);
	CHECK_INT(stack.kinds[1], ASSEMBLE_ABOVE);
	CHECK_INT(stack.kinds[2], ASSEMBLE_ABOVE); /* for the top only */
	struct stat status;
	CHECK(fstat(stack.mount, &status) == 0 && (status.st_mode & 07777) == 0711);
	CHECK_INT(mode_of(stack.mount, "srv"), S_IFDIR | 0755);
	CHECK_INT(owner_of(stack.mount, "srv"), 0);
	CHECK_INT(mode_of(stack.mount, "srv/deep/one"), 0);
	CHECK_STR(content_of(stack.mount, "srv/deep/two"), "2");
	CHECK_INT(mode_of(stack.fixes, "1.above/srv"), S_IFDIR | 0700);
	CHECK_INT(mode_of(stack.fixes, "1.above/srv/deep"), S_IFDIR | 02770);
	CHECK_INT(owner_of(stack.fixes, "1.above/srv/deep"), 8);
	CHECK_INT(mode_of(stack.fixes, "1.above/plain"), 0); /* it is right as it is */
	CHECK_INT(mode_of(stack.fixes, "2.above/srv"), 0);
	char value[4] = "";
	int fd = openat(stack.fixes, "1.above/srv", O_RDONLY | O_CLOEXEC);
	CHECK(fgetxattr(fd, "user.kept", value, sizeof(value)) == 1 && value[0] == '1');
	close(fd);
	stack_close(&stack);
}

static void links(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;
	struct stat first, second;

	stack_open(&stack);
	add_directory(&tar, "usr/lib");
	add_file(&tar, "usr/lib/file", "lower");
	add(&tar, TAR_SYMLINK, "lib", 0777, "/usr/lib");
	add(&tar, TAR_SYMLINK, "usr/lib64", 0777, "../lib");
	stack_add(&stack, &tar);
	add(&tar, TAR_HARDLINK, "etc/linked", 0644, "usr/lib/file");
	add(&tar, TAR_HARDLINK, "etc/through", 0644, "lib/file");
	add(&tar, TAR_HARDLINK, "etc/again", 0644, "etc/linked");
	add_file(&tar, "own", "own");
	add(&tar, TAR_HARDLINK, "own2", 0644, "own");
	add_file(&tar, "usr/lib64/deep/new", "new"); /* through two symlinks */
	add_file(&tar, "lib/.wh.gone", "");
	stack_add(&stack, &tar);
	/* And one more upon what the second has become. */
	add_file(&tar, "lib/deep/newer", "newer");
	add(&tar, TAR_HARDLINK, "etc/third", 0644, "etc/linked");
	stack_add(&stack, &tar);
	stack_mount(&stack);
	CHECK_INT(stack.kinds[1], ASSEMBLE_INSTEAD);
	CHECK_INT(stack.kinds[2], ASSEMBLE_INSTEAD);
	CHECK_STR(content_of(stack.mount, "etc/linked"), "lower");
	CHECK_STR(content_of(stack.mount, "etc/through"), "lower");
	CHECK_STR(content_of(stack.mount, "etc/again"), "lower");
	CHECK_STR(content_of(stack.mount, "etc/third"), "lower");
	CHECK(fstatat(stack.mount, "own", &first, 0) == 0 && fstatat(stack.mount, "own2", &second, 0) == 0 &&
	      first.st_ino == second.st_ino);
	CHECK_STR(content_of(stack.mount, "usr/lib/deep/new"), "new");
	CHECK_STR(content_of(stack.mount, "usr/lib/deep/newer"), "newer");
	CHECK_STR(content_of(stack.mount, "usr/lib/file"), "lower");
	CHECK(S_ISLNK(mode_of(stack.mount, "lib")) && S_ISLNK(mode_of(stack.mount, "usr/lib64")));
	CHECK(is_whiteout(stack.fixes, "1.instead/usr/lib/gone"));
	stack_close(&stack);
}

static void hidden(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;

	stack_open(&stack);
	add(&tar, TAR_SYMLINK, "a", 0777, "elsewhere");
	add(&tar, TAR_SYMLINK, "b/c", 0777, "elsewhere");
	add(&tar, TAR_SYMLINK, "d", 0777, "elsewhere");
	add_owned(&tar, "e", 0700, 7);
	stack_add(&stack, &tar);
	add_file(&tar, ".wh.a", "");
	add_file(&tar, "b/.wh..wh..opq", "");
	add_file(&tar, "d", "a file");
	add_file(&tar, ".wh.e", "");
	stack_add(&stack, &tar);
	/* What is gone leads nowhere any more. */
	add_file(&tar, "a/file", "1");
	add_file(&tar, "b/c/file", "1");
	add_file(&tar, "d/file", "1");
	add_file(&tar, "e/file", "1");
	stack_add(&stack, &tar);
	stack_mount(&stack);
	CHECK_INT(stack.kinds[2], ASSEMBLE_NONE);
	CHECK_STR(content_of(stack.mount, "a/file"), "1");
	CHECK_STR(content_of(stack.mount, "b/c/file"), "1");
	CHECK_STR(content_of(stack.mount, "d/file"), "1");
	CHECK_INT(owner_of(stack.mount, "e"), 0);
	stack_close(&stack);
}

static void opaque_top(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;

	stack_open(&stack);
	add_file(&tar, "old", "1");
	add(&tar, TAR_SYMLINK, "lib", 0777, "usr/lib");
	stack_add(&stack, &tar);
	add_file(&tar, ".wh..wh..opq", "");
	add_file(&tar, "lib/new", "2");
	stack_add(&stack, &tar);
	CHECK_INT(assemble_bottom(stack.layers, 2), 1);
	CHECK_INT(assemble_bottom(stack.layers, 1), 0);
	stack_mount(&stack);
	CHECK_INT(mode_of(stack.mount, "old"), 0);
	CHECK(S_ISDIR(mode_of(stack.mount, "lib")));
	CHECK_STR(content_of(stack.mount, "lib/new"), "2");
	stack_close(&stack);
}

static void refused(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;
	struct error err = { 0 };

	stack_open(&stack);
	add(&tar, TAR_HARDLINK, "a", 0644, "nowhere");
	stack_add(&stack, &tar);
	CHECK_INT(stack_make(&stack, &err), -EBADMSG);
	CHECK_HAS(err.text, "nowhere");
	stack_close(&stack);
	stack_open(&stack);
	add(&tar, TAR_SYMLINK, "a", 0777, "b");
	add(&tar, TAR_SYMLINK, "b", 0777, "a");
	stack_add(&stack, &tar);
	add_file(&tar, "a/file", "1");
	stack_add(&stack, &tar);
	CHECK_INT(stack_make(&stack, &err), -EBADMSG);
	CHECK_HAS(err.text, "circle");
	stack_close(&stack);
}

/* What leads out of the root leads to the root. */
static void out_of_root(void)
{
	struct stack stack;
	struct text tar = TEXT_EMPTY;

	stack_open(&stack);
	add(&tar, TAR_SYMLINK, "up", 0777, "../../../outside");
	add(&tar, TAR_SYMLINK, "down", 0777, "/");
	stack_add(&stack, &tar);
	add_file(&tar, "up/planted", "1");
	add_file(&tar, "down/top", "1");
	stack_add(&stack, &tar);
	stack_mount(&stack);
	CHECK(box_untouched(&stack.box));
	CHECK_STR(content_of(stack.mount, "outside/planted"), "1");
	CHECK_STR(content_of(stack.mount, "top"), "1");
	stack_close(&stack);
}

__attribute__((constructor)) static void own_mounts(void)
{
	if (geteuid() == 0 &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
		printf("needs a mount namespace\n");
		_exit(fflush(stdout) == 0 ? 77 : 1);
	}
}

static const struct test tests[] = {
	{ "the image that others get wrong", the_table },
	{ "ordinary layers need nothing", nothing_needed },
	{ "directories keep the attributes from below", attributes_above },
	{ "links to what lower layers have", links },
	{ "what is hidden below is of no consequence", hidden },
	{ "a layer that hides everything", opaque_top },
	{ "what leads nowhere is refused", refused },
	{ "what leads out leads to the root", out_of_root },
};
TEST_MAIN(tests)
