/* Root, masked and read-only paths, sysctls: from the document to the plan; see paths.h. */
#include "runtime/linux/paths.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

static uint64_t propagation_flag(enum spec_propagation propagation)
{
	static const uint64_t flags[] = {
		[PROPAGATION_UNSET] = 0,
		[PROPAGATION_SHARED] = MS_SHARED,
		[PROPAGATION_SLAVE] = MS_SLAVE,
		[PROPAGATION_PRIVATE] = MS_PRIVATE,
		[PROPAGATION_UNBINDABLE] = MS_UNBINDABLE,
	};

	return flags[propagation];
}

static void plan_propagation(const struct spec_linux *linux, struct plan *plan)
{
	uint64_t recursive = linux->rootfs_propagation_recursive ? MS_REC : 0;

	plan->host_propagation = MS_REC | MS_SLAVE;
	switch (linux->rootfs_propagation) {
	case PROPAGATION_UNSET:
	case PROPAGATION_SLAVE:
		break;
	case PROPAGATION_PRIVATE:
		plan->host_propagation = MS_REC | MS_PRIVATE;
		break;
	case PROPAGATION_SHARED:
		/* Binds must stay in the host's peer groups, or rshared ones could not reach it. */
		plan->host_propagation = MS_REC | MS_SHARED;
		plan->root_propagation = MS_SHARED | recursive;
		break;
	case PROPAGATION_UNBINDABLE:
		plan->root_propagation = MS_UNBINDABLE | recursive;
		break;
	}
	if (linux->rootfs_propagation == PROPAGATION_SLAVE ||
	    linux->rootfs_propagation == PROPAGATION_PRIVATE)
		plan->root_propagation = propagation_flag(linux->rootfs_propagation) | recursive;
}

/*
 * The file below /proc/sys: as sysctl(8), the first separator decides; if it is "/", dots are
 * literal, if it is ".", a later "/" is a literal dot.
 */
static void sysctl_file(char *key)
{
	size_t first = strcspn(key, "./");

	if (key[first] == '/' || key[first] == '\0')
		return;
	for (char *c = key; *c != '\0'; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
}

static int plan_sysctls(const struct spec_kvs *from, struct plan_builder *builder, struct error *err)
{
	autofree struct plan_sysctl *sysctls = calloc(from->count + 1, sizeof(*sysctls));

	if (sysctls == NULL)
		return error_set(err, ENOMEM, "sysctl");
	for (size_t i = 0; i < from->count; i++) {
		autofree char *file = strdup(from->items[i].key);

		if (file == NULL)
			return error_set(err, ENOMEM, "sysctl");
		sysctl_file(file);
		sysctls[i].file = build_text(builder, file);
		sysctls[i].value = build_text(builder, from->items[i].value);
	}
	builder->head.sysctls = build_list(builder, sysctls, sizeof(*sysctls), from->count);
	return 0;
}

int paths_plan(const struct spec *spec, const char *bundle, struct plan_builder *builder, struct error *err)
{
	const struct spec_linux *linux = spec->linux;
	struct plan *plan = &builder->head;

	plan->rootfs = spec->root->path[0] == '/' ? build_text(builder, spec->root->path)
						  : build_format(builder, "%s/%s", bundle, spec->root->path);
	if (spec->root->readonly)
		plan->flags |= PLAN_ROOT_READONLY;
	plan_propagation(linux, plan);
	plan->masked = build_strings(builder, &linux->masked_paths);
	plan->readonly = build_strings(builder, &linux->readonly_paths);
	return plan_sysctls(&linux->sysctl, builder, err);
}
