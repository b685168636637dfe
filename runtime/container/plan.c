/* The plan of a container and of an exec; see plan.h. */
#include "runtime/container/plan.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime/container/notify.h"
#include "runtime/linux/devices.h"
#include "runtime/linux/layers.h"
#include "runtime/linux/mounts.h"
#include "runtime/linux/namespaces.h"
#include "runtime/linux/paths.h"

#include "base/banned.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* The container's directory of each version 1 controller, for a cgroup mount. */
static int plan_mounts(const struct plan_request *request, struct plan_builder *builder, struct error *err)
{
	const struct cgroup_paths *cgroups = request->cgroups;
	struct mounts_controller controllers[CGROUP_MAX_HIERARCHIES];
	struct text directories[CGROUP_MAX_HIERARCHIES] = { 0 };
	struct mounts_host host = { .bundle = request->bundle,
				    .notify_directory = request->notify_directory,
				    .notify_mount = NOTIFY_MOUNT,
				    .cgroup_v2 =
					    cgroups->count == 1 && cgroups->items[0].controllers[0] == '\0',
				    .controllers = controllers };
	int result = 0;

	for (size_t i = 0; i < cgroups->count; i++) {
		if (cgroups->items[i].controllers[0] == '\0')
			continue; /* the unified hierarchy of a hybrid host is not shown, as with runc */
		struct text *directory = &directories[host.controller_count];

		text_append(directory, cgroups->items[i].mount_point);
		text_append(directory, cgroups->items[i].path);
		result = text_done(directory, err);
		if (result < 0)
			break;
		controllers[host.controller_count++] =
			(struct mounts_controller){ cgroups->items[i].controllers, directory->data };
	}
	if (result == 0)
		result = mounts_plan(request->spec, &host, builder, err);
	for (size_t i = 0; i < CGROUP_MAX_HIERARCHIES; i++)
		text_release(&directories[i]);
	return result;
}

static int refuse_unsupported(const struct spec *spec, struct error *err)
{
	if (spec->unsupported.count > 0)
		return error_set(err, 0, "config.json: %s is not supported yet", spec->unsupported.items[0]);
	if (!spec->linux->namespaces.listed[NS_MOUNT] && spec->mounts.count > 0)
		return error_set(err, 0, "config.json: mounts need a mount namespace");
	return 0;
}

int plan_make(const struct plan_request *request, struct plan_builder *builder, struct text *warnings,
	      struct error *err)
{
	const struct spec *spec = request->spec;
	bool born = request->cgroups->count == 1 && request->cgroups->items[0].controllers[0] == '\0';
	int result = refuse_unsupported(spec, err);

	if (result < 0)
		return result;
	builder->head.kind = PLAN_CREATE;
	builder->head.id = build_text(builder, request->id);
	if (request->no_pivot)
		builder->head.flags |= PLAN_NO_PIVOT;
	if (!request->no_new_keyring)
		builder->head.flags |= PLAN_NEW_KEYRING;
	result = namespaces_plan(spec, born, builder, err);
	if (result == 0)
		result = paths_plan(spec, request->bundle, builder, err);
	if (result == 0 && request->rootfs != NULL)
		result = layers_plan(spec, request->rootfs, builder, err);
	if (result == 0)
		result = plan_mounts(request, builder, err);
	if (result == 0)
		result = devices_plan(spec, builder, err);
	if (result == 0)
		result = hooks_plan(spec, request->state, request->bundle, builder, err);
	if (result == 0 && spec->process != NULL)
		result = process_plan(spec->process, spec->linux, &request->extra, builder, warnings, err);
	return result;
}

int plan_make_exec(const struct plan_exec_request *request, struct plan_builder *builder,
		   struct text *warnings, struct error *err)
{
	struct plan *plan = &builder->head;

	plan->kind = PLAN_EXEC;
	plan->id = build_text(builder, request->id);
	plan->flags = PLAN_JOINER | (request->keyring ? PLAN_NEW_KEYRING : 0u);
	if (request->process->oom_score_adj.set)
		plan->flags |= PLAN_WAIT_GO; /* hull sets it before the program runs */
	/* The cgroup namespace last: before it, the move into the container's cgroup could be refused. */
	plan->joiner_flags = request->namespaces & ~(uint64_t)CLONE_NEWCGROUP;
	plan->target_flags = request->namespaces & CLONE_NEWCGROUP;
	return process_plan(request->process, request->spec->linux, &request->extra, builder, warnings, err);
}
