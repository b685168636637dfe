/* hull image bundle and unpack, mount and umount: bundles of images, for hull and for any other runtime. */
#include "oci/image/command.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/image/bundle.h"

#include "base/banned.h"

struct bundle_values {
	const char *id, *name, *platform, *net_path, *volumes;
	struct opt_bool mount, tty;
	struct choices choices;
};

static const struct flag_row bundle_rows[] = {
	CHOICE_ROWS(struct bundle_values),
	FLAG(struct bundle_values, id, TEXT, "id", 0, "ID", "of the container that the bundle is for"),
	FLAG(struct bundle_values, mount, BOOL, "mount-root", 0, NULL,
	     "mount the root at DIR/rootfs, for runtimes that know no layers"),
	FLAG(struct bundle_values, name, TEXT, "name", 0, "NAME", "of the container"),
	FLAG(struct bundle_values, net_path, TEXT, "network-path", 0, "PATH",
	     "the network namespace that --network container:ID means"),
	FLAG(struct bundle_values, platform, TEXT, "platform", 0, "OS/ARCH[/VARIANT]",
	     "what the image must be for"),
	FLAG(struct bundle_values, tty, BOOL, "tty", 't', NULL, "the process has a terminal"),
	FLAG(struct bundle_values, volumes, TEXT, "volumes", 0, "DIR",
	     "where named volumes are (default: /var/lib/hull/volumes)"),
	{ 0 },
};

static const struct flag_row unpack_rows[] = {
	CHOICE_ROWS(struct bundle_values),
	FLAG(struct bundle_values, platform, TEXT, "platform", 0, "OS/ARCH[/VARIANT]",
	     "what the image must be for"),
	FLAG(struct bundle_values, tty, BOOL, "tty", 't', NULL, "the process has a terminal"),
	{ 0 },
};

static int make_request(struct front *front, const struct bundle_values *given, const struct strings *args,
			struct bundle_request *ret, struct error *err)
{
	*ret = (struct bundle_request){
		.word = args->items[0],
		.platform = given->platform,
		.id = given->id,
		.name = given->name,
		.net_path = given->net_path,
		.choices = &given->choices,
		.command = { args->count - 2, args->items + 2 },
		.terminal = given->tty.value,
		.mount = given->mount.value,
	};
	int result = front_absolute(front, args->items[1], &ret->directory, err);

	if (result == 0)
		result = front_enter(front, err);
	return result < 0 || given->volumes == NULL
		       ? result
		       : front_absolute(front, given->volumes, &ret->volumes, err);
}

static int bundle_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	struct bundle_request request;
	int result = make_request(front, values, args, &request, err);

	return front_end(result < 0 ? result : bundle_make(front, &request, err), err);
}

static int unpack_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	struct bundle_request request;
	int result = make_request(front, values, args, &request, err);

	return front_end(result < 0 ? result : bundle_unpack(front, &request, err), err);
}

static int mount_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const char *directory;
	int result = front_absolute(front, args->items[0], &directory, err);

	(void)values;
	return front_end(result < 0 ? result : bundle_mount(directory, err), err);
}

static int umount_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const char *directory;
	int result = front_absolute(front, args->items[0], &directory, err);

	(void)values;
	return front_end(result < 0 ? result : bundle_umount(directory, err), err);
}

const struct command cmd_bundle = {
	.name = "bundle",
	.usage = "IMAGE DIR [COMMAND] [ARG...]",
	.summary = "Make a bundle of an image whose root is made of the store's layers",
	.description =
		"DIR gets config.json, hull-rootfs.json and the container's writable layer; no file of the\n"
		"image is copied. The image stays as long as the bundle is there.\n",
	.options = bundle_rows,
	.values_size = COMMAND_VALUES(struct bundle_values),
	.min_args = 2,
	.max_args = COMMAND_ARGS_ANY,
	.order = FLAGS_FIRST,
	.run = bundle_run,
};

const struct command cmd_unpack = {
	.name = "unpack",
	.usage = "IMAGE DIR [COMMAND] [ARG...]",
	.summary = "Make a bundle of an image with a root of its own",
	.options = unpack_rows,
	.values_size = COMMAND_VALUES(struct bundle_values),
	.min_args = 2,
	.max_args = COMMAND_ARGS_ANY,
	.order = FLAGS_FIRST,
	.run = unpack_run,
};

const struct command cmd_mount = {
	.name = "mount",
	.usage = "DIR",
	.summary = "Mount the root of a bundle that was made with --mount-root, after a reboot for example",
	.min_args = 1,
	.max_args = 1,
	.no_store = true,
	.run = mount_run,
};

const struct command cmd_umount = {
	.name = "umount",
	.aliases = "unmount",
	.usage = "DIR",
	.summary = "Unmount the root of a bundle that was made with --mount-root",
	.min_args = 1,
	.max_args = 1,
	.no_store = true,
	.run = umount_run,
};
