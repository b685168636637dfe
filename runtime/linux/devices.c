/* Devices: from the document to the plan; see devices.h. */
#include "runtime/linux/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

/* always supplied. */
static const struct {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

/* and what runc and crun add. */
static const struct {
	const char *path, *target;
	bool replace;
} default_links[] = {
	{ "/dev/fd", "/proc/self/fd", false },       { "/dev/stdin", "/proc/self/fd/0", false },
	{ "/dev/stdout", "/proc/self/fd/1", false }, { "/dev/stderr", "/proc/self/fd/2", false },
	{ "/dev/core", "/proc/kcore", false },       { "/dev/ptmx", "pts/ptmx", true },
};

static bool is_listed(const struct spec_devices *devices, const char *path)
{
	for (size_t i = 0; i < devices->count; i++)
		if (strcmp(devices->items[i].path, path) == 0)
			return true;
	return false;
}

static struct plan_device listed_device(struct plan_builder *builder, const struct spec_device *from)
{
	uint32_t type = from->type == 'b' ? S_IFBLK : from->type == 'p' ? S_IFIFO : S_IFCHR;

	return (struct plan_device){
		.path = build_text(builder, from->path),
		.mode = type | ((from->file_mode.set ? from->file_mode.value : 0666) & 07777),
		.major = from->major,
		.minor = from->minor,
		.uid = from->uid.set ? from->uid.value : 0,
		.gid = from->gid.set ? from->gid.value : 0,
		.listed = 1,
	};
}

int devices_plan(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	const struct spec_devices *listed = &spec->linux->devices;
	autofree struct plan_device *devices =
		calloc(listed->count + ARRAY_LEN(default_devices), sizeof(*devices));
	struct plan_link links[ARRAY_LEN(default_links)];
	size_t count = 0, link_count = 0;

	if (devices == NULL)
		return error_set(err, ENOMEM, "devices");
	if ((builder->head.flags & PLAN_DEV_SETUP) != 0) {
		for (size_t i = 0; i < ARRAY_LEN(default_devices); i++) {
			if (is_listed(listed, default_devices[i].path))
				continue;
			devices[count++] = (struct plan_device){
				.path = build_text(builder, default_devices[i].path),
				.mode = S_IFCHR | 0666,
				.major = default_devices[i].major,
				.minor = default_devices[i].minor,
			};
		}
		for (size_t i = 0; i < ARRAY_LEN(default_links); i++)
			links[link_count++] = (struct plan_link){
				.path = build_text(builder, default_links[i].path),
				.target = build_text(builder, default_links[i].target),
				.replace = default_links[i].replace,
			};
	}
	for (size_t i = 0; i < listed->count; i++) {
		/* mknod(2) has 12 bits and 20: more would name another device. */
		if (listed->items[i].major > 0xfff || listed->items[i].minor > 0xfffff)
			return error_set(err, 0, "linux.devices[%zu]: no device can have the number %u:%u", i,
					 listed->items[i].major, listed->items[i].minor);
		if (strcmp(listed->items[i].path, "/dev/ptmx") !=
		    0) /* the link to the own devpts stands for it */
			devices[count++] = listed_device(builder, &listed->items[i]);
	}
	builder->head.devices = build_list(builder, devices, sizeof(*devices), count);
	builder->head.links = build_list(builder, links, sizeof(links[0]), link_count);
	return 0;
}
