/* The root as an overlay; see layers.h. */
#include "runtime/linux/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/overlay.h"

#include "base/banned.h"

#define OTHER_DESCRIPTORS 100 /* more than hull has open besides the layers */

int layers_plan(const struct spec *spec, const struct rootfs *rootfs, struct plan_builder *builder,
		struct error *err)
{
	if (!spec->linux->namespaces.listed[NS_MOUNT])
		return error_set(err, 0, "%s: a root made of layers needs a mount namespace", ROOTFS_FILE);
	if (rootfs->lower.count > OVERLAY_MAX_LOWER)
		return error_set(err, 0, "%s: lower: %zu layers, the kernel takes %d", ROOTFS_FILE,
				 rootfs->lower.count, OVERLAY_MAX_LOWER);
	builder->head.layers = build_strings(builder, &rootfs->lower);
	if (rootfs->upper != NULL) {
		builder->head.upper = build_text(builder, rootfs->upper);
		builder->head.work = build_text(builder, rootfs->work);
	}
	builder->head.flags |= rootfs->userxattr ? PLAN_USERXATTR : 0u;
	return 0;
}

static int open_directory(const char *path, int *ret_fd, struct error *err)
{
	*ret_fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open the layer \"%s\"", path) : 0;
}

static int mount_layers(const struct plan *head, const struct plan *plan, int *lower, int *ret_fd,
			struct error *err)
{
	autoclose int upper = -1, work = -1;
	struct overlay overlay = { .lower = lower, .userxattr = (head->flags & PLAN_USERXATTR) != 0 };
	int result = 0;

	for (PLAN_EACH(struct plan_text, path, plan, head->layers)) {
		result = open_directory(plan_text(plan, *path), &lower[overlay.lower_count], err);
		if (result < 0)
			break;
		overlay.lower_count++;
	}
	if (result == 0 && head->upper.offset != 0) {
		result = open_directory(plan_text(plan, head->upper), &upper, err);
		if (result == 0)
			result = open_directory(plan_text(plan, head->work), &work, err);
	}
	overlay.upper = upper;
	overlay.work = work;
	if (result == 0)
		result = overlay_open(&overlay, ret_fd, err);
	for (size_t i = 0; i < overlay.lower_count; i++)
		(void)close(lower[i]); /* opened for nothing but this */
	return result;
}

int layers_open(struct plan_builder *builder, struct error *err)
{
	struct plan *head = &builder->head;
	/* The block is not finished: its lists are in place, its head is still the builder's. */
	const struct plan *plan = (const struct plan *)(const void *)builder->block.data;
	size_t count = head->layers.count;
	struct rlimit before, more;

	if (count == 0)
		return 0;
	autofree int *lower = calloc(count, sizeof(*lower));
	if (lower == NULL)
		return error_set(err, ENOMEM, "open the layers");
	if (getrlimit(RLIMIT_NOFILE, &before) < 0)
		return error_set(err, errno, "getrlimit");
	more = before;
	/* for a moment: a container inherits what hull was started with */
	if (more.rlim_cur < count + OTHER_DESCRIPTORS) {
		more.rlim_cur =
			count + OTHER_DESCRIPTORS < more.rlim_max ? count + OTHER_DESCRIPTORS : more.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &more) < 0)
			return error_set(err, errno, "setrlimit");
	}
	int result = mount_layers(head, plan, lower, &head->fds.root, err);
	if (more.rlim_cur != before.rlim_cur && setrlimit(RLIMIT_NOFILE, &before) < 0 && result == 0)
		result = error_set(err, errno, "setrlimit");
	return result;
}
