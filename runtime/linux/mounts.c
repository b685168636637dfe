/* Mounts: from the document to the plan; see mounts.h. */
#include "runtime/linux/mounts.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "runtime/linux/mount_options.h"
#include "runtime/linux/namespaces.h"

#include "base/banned.h"

/* fsconfig(2) takes values of up to 255 bytes. */
#define FSCONFIG_VALUE_MAX 255

/* File systems of the kernel's own: read-only is a matter of the mount, never of the one superblock
 * that many share. */
static bool is_virtual(const char *type)
{
	static const char *const types[] = {
		"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static bool has_mode(const struct strings *data)
{
	for (size_t i = 0; i < data->count; i++)
		if (text_starts(data->items[i], "mode="))
			return true;
	return false;
}

/* Joined by commas, for mount(2). */
static int join_data(const struct strings *data, struct text *ret, struct error *err)
{
	for (size_t i = 0; i < data->count; i++) {
		text_append(ret, i > 0 ? "," : "");
		text_append(ret, data->items[i]);
	}
	return text_done(ret, err);
}

static int plan_params(struct plan_builder *builder, const char *type, const struct mount_options *options,
		       struct plan_mount *mount, struct error *err)
{
	size_t count = 0, room = options->super.count + options->data.count + 1;
	autofree struct plan_param *params = calloc(room, sizeof(*params));
	bool too_long = false;

	if (params == NULL)
		return error_set(err, ENOMEM, "mount options");
	if ((options->attr_set & MOUNT_ATTR_RDONLY) != 0 && !is_virtual(type))
		params[count++].key = build_text(builder, "ro");
	for (size_t i = 0; i < options->super.count; i++)
		params[count++].key = build_text(builder, options->super.items[i]);
	for (size_t i = 0; i < options->data.count; i++) {
		const char *option = options->data.items[i], *equals = strchr(option, '=');

		if (option[0] == '\0')
			continue;
		if (equals == NULL) {
			params[count].key = build_text(builder, option);
		} else {
			autofree char *key = strndup(option, (size_t)(equals - option));

			if (key == NULL)
				return error_set(err, ENOMEM, "mount options");
			params[count].key = build_text(builder, key);
			params[count].value = build_text(builder, equals + 1);
			too_long = too_long || strlen(equals + 1) > FSCONFIG_VALUE_MAX;
		}
		count++;
	}
	mount->params = build_list(builder, params, sizeof(*params), count);
	if (too_long) {
		autotext struct text data = TEXT_EMPTY;
		int result = join_data(&options->data, &data, err);

		if (result < 0)
			return result;
		mount->flags |= PLAN_MOUNT_LEGACY;
		mount->data = build_text(builder, data.data);
		mount->ms_flags = options->ms_flags;
	}
	return 0;
}

static int plan_file_system(const struct spec_mount *from, const struct mounts_host *host,
			    const struct mount_options *options, struct plan_builder *builder,
			    struct plan_mount *mount, struct error *err)
{
	const char *type = from->type;

	if (type == NULL || type[0] == '\0')
		return error_set(err, 0, "type is missing");
	if (options->idmap || from->uid_mappings.count > 0)
		return error_set(err, 0, "id-mapped mounts are only supported for bind-mounts");
	if (strcmp(type, "cgroup") == 0 && host->cgroup_v2)
		type = "cgroup2";
	mount->kind = PLAN_MOUNT_FS;
	mount->fstype = build_text(builder, type);
	mount->source = build_text(builder, from->source != NULL ? from->source : type);
	mount->attr_set = options->attr_set;
	if (strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0)
		mount->flags |= PLAN_MOUNT_REAL_DIRECTORY;
	if (strcmp(type, "tmpfs") == 0) {
		if (!has_mode(&options->data))
			mount->flags |= PLAN_MOUNT_INHERIT_MODE;
		if ((mount->attr_set & MOUNT_ATTR_RDONLY) != 0) {
			mount->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
			mount->flags |= PLAN_MOUNT_LATE_READONLY;
		}
		if (options->copy_up)
			mount->flags |= PLAN_MOUNT_COPY_UP;
	}
	return plan_params(builder, type, options, mount, err);
}

static int plan_bind(const struct spec_mount *from, const struct mounts_host *host,
		     const struct mount_options *options, struct plan_builder *builder,
		     struct plan_mount *mount, struct error *err)
{
	if (from->source == NULL || from->source[0] == '\0')
		return error_set(err, 0, "a bind mount needs a source");
	if (options->data.count > 0)
		return error_set(err, 0,
				 "bind mounts cannot have any filesystem-specific options applied: \"%s\"",
				 options->data.items[0]);
	mount->kind = PLAN_MOUNT_BIND;
	if (options->recursive)
		mount->flags |= PLAN_MOUNT_RECURSIVE;
	/* What the mapped root may not reach, or what has to be mapped, is opened by hull. */
	bool idmap = options->idmap || from->uid_mappings.count > 0;
	if (idmap || (builder->head.flags & PLAN_NEW_USER) != 0)
		mount->flags |= PLAN_MOUNT_HOST_MADE;
	if (idmap) {
		mount->flags |= PLAN_MOUNT_IDMAP | (options->idmap_tree ? PLAN_MOUNT_IDMAP_TREE : 0);
		mount->uid_map = namespaces_plan_map(builder, &from->uid_mappings);
		mount->gid_map = namespaces_plan_map(builder, &from->gid_mappings);
	}
	mount->source = from->source[0] == '/' ? build_text(builder, from->source)
					       : build_format(builder, "%s/%s", host->bundle, from->source);
	mount->attr_set = options->attr_set;
	mount->attr_clr = options->attr_clr;
	return 0;
}

/* "cpu,cpuacct" has the links "cpu" and "cpuacct"; "name=systemd" is the directory "systemd". */
static struct plan_cgroup_bind plan_controller(struct plan_builder *builder,
					       const struct mounts_controller *controller)
{
	const char *name = text_starts(controller->controllers, "name=") ? controller->controllers + 5
									 : controller->controllers;
	struct plan_cgroup_bind bind = { .name = build_text(builder, name),
					 .source = build_text(builder, controller->directory) };
	struct plan_text links[16];
	size_t count = 0;

	if (strchr(name, ',') != NULL) {
		for (const char *part = name; *part != '\0' && count < ARRAY_LEN(links);) {
			size_t length = strcspn(part, ",");

			links[count++] = build_format(builder, "%.*s", (int)length, part);
			part += length + (part[length] == ',');
		}
	}
	bind.links = build_list(builder, links, sizeof(links[0]), count);
	return bind;
}

/* Version 1: a tmpfs with, for each controller, a bind of the container's own directory. */
static int plan_cgroup_v1(const struct mounts_host *host, const struct mount_options *options,
			  struct plan_builder *builder, struct plan_mount *mount, struct error *err)
{
	autofree struct plan_cgroup_bind *binds = calloc(host->controller_count + 1, sizeof(*binds));
	struct plan_param mode = { build_text(builder, "mode"), build_text(builder, "755") };

	if (binds == NULL)
		return error_set(err, ENOMEM, "cgroup mount");
	for (size_t i = 0; i < host->controller_count; i++)
		binds[i] = plan_controller(builder, &host->controllers[i]);
	mount->kind = PLAN_MOUNT_CGROUP_V1;
	mount->fstype = build_text(builder, "tmpfs");
	mount->source = build_text(builder, "cgroup");
	mount->params = build_list(builder, &mode, sizeof(mode), 1);
	mount->binds = build_list(builder, binds, sizeof(*binds), host->controller_count);
	mount->attr_set = options->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY;
	if ((options->attr_set & MOUNT_ATTR_RDONLY) != 0)
		mount->flags |= PLAN_MOUNT_LATE_READONLY;
	return 0;
}

static int plan_mount(const struct spec_mount *from, const struct mounts_host *host, struct arena *arena,
		      struct plan_builder *builder, struct plan_mount *ret, struct error *err)
{
	struct mount_options options;
	struct plan_mount mount = { 0 };
	autotext struct text destination = TEXT_EMPTY;
	int result = mount_options_parse(&from->options, arena, &options, err);

	if (result == 0) /* relative ones begin at "/" */
		result = path_clean(from->destination, &destination, err);
	if (result < 0)
		return result;
	if (strcmp(destination.data, "/") == 0)
		return error_set(err, 0, "mounting over \"/\" is not possible: it is the rootfs");
	mount.destination = build_text(builder, destination.data);
	mount.tree_set = options.tree_set;
	mount.tree_clr = options.tree_clr;
	mount.propagation = build_list(builder, options.propagation, sizeof(options.propagation[0]),
				       options.propagation_count);
	if (options.remount) {
		mount.kind = PLAN_MOUNT_REMOUNT;
		mount.attr_set = options.attr_set;
		mount.attr_clr = options.attr_clr;
	} else if (options.bind) {
		result = plan_bind(from, host, &options, builder, &mount, err);
	} else if (from->type != NULL && strcmp(from->type, "cgroup") == 0 && !host->cgroup_v2) {
		result = plan_cgroup_v1(host, &options, builder, &mount, err);
	} else {
		result = plan_file_system(from, host, &options, builder, &mount, err);
	}
	if (strcmp(destination.data, "/dev") == 0) {
		mount.flags |= PLAN_MOUNT_IS_DEV;
		if (options.bind)
			builder->head.flags &= ~(uint32_t)PLAN_DEV_SETUP;
	}
	if (result == 0)
		*ret = mount;
	return result;
}

static struct plan_mount plan_notify(const struct mounts_host *host, struct plan_builder *builder)
{
	bool new_user = (builder->head.flags & PLAN_NEW_USER) != 0;

	return (struct plan_mount){
		.kind = PLAN_MOUNT_BIND,
		.flags = new_user ? PLAN_MOUNT_HOST_MADE : 0,
		.source = build_text(builder, host->notify_directory),
		.destination = build_text(builder, host->notify_mount),
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};
}

int mounts_plan(const struct spec *spec, const struct mounts_host *host, struct plan_builder *builder,
		struct error *err)
{
	autofree struct plan_mount *mounts = calloc(spec->mounts.count + 1, sizeof(*mounts));
	size_t count = spec->mounts.count;
	struct arena arena;
	int result = 0;

	if (mounts == NULL)
		return error_set(err, ENOMEM, "mounts");
	builder->head.flags |= PLAN_DEV_SETUP;
	arena_init(&arena, 0);
	for (size_t i = 0; i < spec->mounts.count && result == 0; i++) {
		result = plan_mount(&spec->mounts.items[i], host, &arena, builder, &mounts[i], err);
		if (result < 0)
			(void)error_add(err, "mounts[%zu]: \"%s\"", i, spec->mounts.items[i].destination);
	}
	arena_release(&arena);
	if (result == 0 && host->notify_directory != NULL)
		mounts[count++] = plan_notify(host, builder);
	uint32_t sources = 0;
	for (size_t i = 0; i < count; i++)
		if ((mounts[i].flags & PLAN_MOUNT_HOST_MADE) != 0)
			mounts[i].source_index = sources++;
	if (result == 0 && sources > PLAN_SOURCES_MAX)
		result = error_set(err, 0, "mounts: more than %d binds that hull has to open",
				   PLAN_SOURCES_MAX);
	if (result == 0)
		builder->head.mounts = build_list(builder, mounts, sizeof(*mounts), count);
	return result;
}
