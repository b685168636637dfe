/*
 * The first steps of create: the bundle is read and everything decided. Nothing outside changes here,
 * so `hull plan` goes exactly this way.
 */
#include "runtime/container/decide.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "oci/spec/state.h"
#include "runtime/container/files.h"
#include "runtime/container/notify.h"
#include "runtime/container/plan.h"
#include "runtime/container/steps.h"
#include "runtime/linux/namespaces.h"

#include "base/banned.h"

int decide_bundle(struct creation *creation, struct error *err)
{
	autotext struct text bundle = TEXT_EMPTY;
	int result = path_absolute(creation->options->bundle, &bundle, err);

	if (result < 0)
		return result;
	creation->bundle = take_ptr(&bundle.data);
	autoclose int dir = open(creation->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "bundle \"%s\"", creation->bundle);
	result = spec_load(dir, &creation->spec, &creation->document, &creation->document_length, err);
	return result < 0 ? result
			  : rootfs_load(dir, creation->spec->arena, &creation->rootfs, &creation->has_rootfs,
					err);
}

/*
 * The time now as RFC 3339 with nanoseconds, UTC. Counted here: gmtime_r reads the time zone's files
 * first. Years begin in March, so that the leap day is their last (a proleptic Gregorian calendar).
 */
static int format_now(char **ret, struct error *err)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
	long days = now.tv_sec / 86400 + 719468, seconds = now.tv_sec % 86400; /* days since 0000-03-01 */
	long era = days / 146097, day_of_era = days % 146097;
	long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	long month = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * month + 2) / 5 + 1;
	long year = year_of_era + era * 400 + (month >= 10);

	if (asprintf(ret, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%09ldZ", year,
		     month < 10 ? month + 3 : month - 9, day, seconds / 3600, seconds / 60 % 60, seconds % 60,
		     now.tv_nsec) < 0) {
		*ret = NULL;
		return error_set(err, ENOMEM, "format the time");
	}
	return 0;
}

static int format_annotations(const struct spec_kvs *annotations, char **ret, struct error *err)
{
	autotext struct text json = TEXT_EMPTY;
	int result = spec_state_annotations(annotations, &json, err);

	if (result == 0)
		result = text_done(&json, err); /* an empty text where there are none */
	if (result == 0)
		*ret = take_ptr(&json.data);
	return result;
}

/* What later commands need to know without reading any JSON. */
static int decide_state(struct creation *creation, struct error *err)
{
	const struct spec *spec = creation->spec;
	struct state *state = &creation->state;
	const char *path = spec->root->path;

	state->namespaces = namespaces_of(spec);
	if (!spec->linux->namespaces.listed[NS_PID] || spec->linux->namespaces.path[NS_PID] != NULL)
		state->flags |= STATE_SHARED_PID;
	if (spec->hooks.kinds[HOOK_POSTSTART].count > 0)
		state->flags |= STATE_POSTSTART;
	if (spec->hooks.kinds[HOOK_POSTSTOP].count > 0)
		state->flags |= STATE_POSTSTOP;
	if (spec->process == NULL)
		state->flags |= STATE_NO_PROCESS;
	if (!creation->options->no_new_keyring)
		state->flags |= STATE_KEYRING;
	state->bundle = strdup(creation->bundle);
	if (state->bundle == NULL ||
	    asprintf(&state->rootfs, "%s%s%s", path[0] == '/' ? "" : creation->bundle,
		     path[0] == '/' ? "" : "/", path) < 0) {
		state->rootfs = NULL;
		return error_set(err, ENOMEM, "state");
	}
	int result = format_now(&state->created, err);
	if (result == 0)
		result = format_annotations(&spec->annotations, &state->annotations, err);
	if (result == 0)
		result = cgroup_paths_make(spec->linux->cgroups_path, creation->options->id, &state->cgroups,
					   err);
	return result;
}

static int check_terminal(const struct creation *creation, struct error *err)
{
	bool terminal = creation->spec->process != NULL && creation->spec->process->terminal;

	if (terminal && creation->console_socket < 0 && creation->options->console_socket == NULL)
		return error_set(err, 0,
				 "cannot allocate tty if %s will detach without setting console socket",
				 creation->context->runtime_name);
	if (!terminal && creation->options->console_socket != NULL)
		return error_set(err, 0, "cannot use console socket if %s will not detach or allocate tty",
				 creation->context->runtime_name);
	return 0;
}

/*
 * run has nothing to do between the finished root and the program unless a limit has to be tightened,
 * a terminal taken, or somebody is to be told of the process first: then hull-init goes through in
 * one go, and two processes need not wake each other. hull finds what went wrong all the same.
 */
static bool is_direct(const struct creation *creation)
{
	const struct spec_process *process = creation->spec->process;
	const struct create_options *options = creation->options;
	bool told =
		options->pid_file != NULL || options->pidfd_socket != NULL || options->console_socket != NULL;

	return !creation->gate && process != NULL && !process->terminal && !process->oom_score_adj.set &&
	       !told && (creation->state.flags & (STATE_NOTIFY | STATE_SHARED_PID)) == 0 &&
	       creation->state.cgroups.count > 0 && !cgroup_has_final(creation->spec->linux->resources);
}

int decide_plan(struct creation *creation, struct error *err)
{
	const struct create_options *options = creation->options;
	autotext struct text warnings = TEXT_EMPTY;
	struct plan_request request = { .spec = creation->spec,
					.rootfs = creation->has_rootfs ? &creation->rootfs : NULL,
					.id = options->id,
					.bundle = creation->bundle,
					.cgroups = &creation->state.cgroups,
					.state = &creation->hooks_state,
					.no_pivot = options->no_pivot,
					.no_new_keyring = options->no_new_keyring };
	int result = check_terminal(creation, err);

	for (size_t i = 0; i < creation->spec->warnings.count; i++)
		steps_log(creation->context, LOG_WARNING, "%s", creation->spec->warnings.items[i]);
	if (result == 0)
		result = decide_state(creation, err);
	if (result == 0)
		result = hooks_state_make(options->id, creation->bundle, &creation->spec->annotations,
					  &creation->hooks_state, err);
	if (result == 0)
		result = files_count(options->preserve_fds, &request.extra, err);
	request.extra.cache_dir = creation->root;
	const char *notify = notify_wanted(creation->spec);
	autofree char *notify_directory = NULL;
	if (result == 0 && notify != NULL) {
		creation->state.flags |= STATE_NOTIFY;
		request.extra.notify_socket = NOTIFY_CONTAINER_SOCKET;
		if (asprintf(&notify_directory, "%s/%s/" NOTIFY_DIRECTORY, creation->context->root,
			     options->id) < 0) {
			notify_directory = NULL;
			result = error_set(err, ENOMEM, "NOTIFY_SOCKET");
		}
		request.notify_directory = notify_directory;
	}
	if (result == 0 && is_direct(creation))
		creation->builder.head.flags |= PLAN_DIRECT;
	if (result == 0)
		result = plan_make(&request, &creation->builder, &warnings, err);
	if (result == 0)
		steps_log_warnings(creation->context, &warnings);
	return result;
}

int container_plan_print(const struct container_context *context, const struct create_options *options,
			 struct text *ret, struct error *err)
{
	struct creation creation = CREATION_EMPTY;
	autotext struct text warnings = TEXT_EMPTY;
	const struct plan *plan;

	creation.context = context;
	creation.options = options;
	build_init(&creation.builder);
	int result = decide_bundle(&creation, err);
	if (result == 0)
		result = decide_state(&creation, err);
	if (result == 0)
		result = hooks_state_make(options->id, creation.bundle, &creation.spec->annotations,
					  &creation.hooks_state, err);
	if (result == 0) {
		struct plan_request request = {
			.spec = creation.spec,
			.rootfs = creation.has_rootfs ? &creation.rootfs : NULL,
			.id = options->id,
			.bundle = creation.bundle,
			.cgroups = &creation.state.cgroups,
			.state = &creation.hooks_state,
			.no_pivot = options->no_pivot,
			.no_new_keyring = options->no_new_keyring,
			.extra = { .preserve_fds = options->preserve_fds, .cache_dir = -1, .for_print = true }
		};

		result = plan_make(&request, &creation.builder, &warnings, err);
	}
	if (result == 0)
		result = build_finish(&creation.builder, &plan, err);
	if (result == 0) {
		print_plan(plan, ret);
		result = text_done(ret, err);
	}
	creation_release(&creation);
	return result;
}
