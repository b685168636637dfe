/* The process: from the document to the plan; see process.h. */
#include "runtime/linux/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/linux/capabilities.h"
#include "runtime/linux/seccomp.h"

#include "base/banned.h"

#define SECCOMP_SPEC_ALLOW 4 /* SECCOMP_FILTER_FLAG_SPEC_ALLOW: runc's and crun's default */
#define DEFAULT_UMASK 0022

/* True where @entry ("K=V") sets the variable @name of length @length. */
static bool sets(const char *entry, const char *name, size_t length)
{
	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* The last value of @name in @env, NULL where there is none. */
static const char *find_env(const struct strings *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = env->count; i > 0; i--)
		if (sets(env->items[i - 1], name, length))
			return env->items[i - 1] + length + 1;
	return NULL;
}

struct env_entry {
	const char *text;
	size_t length; /* of the name */
	size_t place;
};

static int compare_entries(const void *a, const void *b)
{
	const struct env_entry *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);

	if (order == 0 && x->length != y->length)
		order = x->length < y->length ? -1 : 1;
	return order != 0 ? order : x->place < y->place ? -1 : 1;
}

/* Which entries have a later one of the same name. Sorted, not compared in pairs: there may be very many. */
static bool *find_replaced(const struct strings *env)
{
	autofree struct env_entry *sorted = calloc(env->count + 1, sizeof(*sorted));
	bool *replaced = sorted == NULL ? NULL : calloc(env->count + 1, sizeof(*replaced));

	if (replaced == NULL)
		return NULL;
	for (size_t i = 0; i < env->count; i++)
		sorted[i] = (struct env_entry){ env->items[i], strcspn(env->items[i], "="), i };
	qsort(sorted, env->count, sizeof(*sorted), compare_entries);
	for (size_t i = 1; i < env->count; i++)
		if (sorted[i].length == sorted[i - 1].length &&
		    memcmp(sorted[i].text, sorted[i - 1].text, sorted[i].length) == 0)
			replaced[sorted[i - 1].place] = true;
	return replaced;
}

/* One entry a name, the last one wins. HOME is left out where hull-init looks it up. */
static int plan_env(const struct strings *env, const struct process_extra *extra,
		    struct plan_builder *builder, struct error *err)
{
	autofree struct plan_text *texts = calloc(env->count + 4, sizeof(*texts));
	autofree bool *replaced = find_replaced(env);
	const char *home = find_env(env, "HOME");
	size_t count = 0;

	if (texts == NULL || replaced == NULL)
		return error_set(err, ENOMEM, "env");
	if (home == NULL || home[0] == '\0')
		builder->head.flags |= PLAN_HOME_FROM_PASSWD;
	for (size_t i = 0; i < env->count; i++) {
		bool looked_up =
			sets(env->items[i], "HOME", 4) && (builder->head.flags & PLAN_HOME_FROM_PASSWD) != 0;

		if (!replaced[i] && !looked_up)
			texts[count++] = build_text(builder, env->items[i]);
	}
	if (extra->listen_fds > 0) {
		texts[count++] = build_format(builder, "LISTEN_FDS=%u", extra->listen_fds);
		texts[count++] = build_text(builder, "LISTEN_PID=1");
		if (extra->listen_fdnames != NULL)
			texts[count++] = build_format(builder, "LISTEN_FDNAMES=%s", extra->listen_fdnames);
	}
	if (extra->notify_socket != NULL)
		texts[count++] = build_format(builder, "NOTIFY_SOCKET=%s", extra->notify_socket);
	builder->head.env = build_list(builder, texts, sizeof(*texts), count);
	return 0;
}

/* Where the program may be: itself when it is a path, else below each directory of PATH. */
static int plan_candidates(const char *program, const char *path, struct plan_builder *builder,
			   struct error *err)
{
	size_t count = 0, room = 2;

	for (const char *c = path; c != NULL && *c != '\0'; c++)
		room += *c == ':';
	autofree struct plan_text *texts = calloc(room, sizeof(*texts));
	if (texts == NULL)
		return error_set(err, ENOMEM, "PATH");
	if (strchr(program, '/') != NULL) {
		texts[count++] = build_text(builder, program);
		path = NULL;
	}
	while (path != NULL && *path != '\0' && !builder->too_big) {
		size_t length = strcspn(path, ":");

		/* An empty part means the working directory. */
		texts[count++] = build_format(builder, "%.*s%s%s", (int)length, path, length > 0 ? "/" : "./",
					      program);
		path += length + (path[length] == ':');
	}
	builder->head.candidates = build_list(builder, texts, sizeof(*texts), count);
	return 0;
}

static int plan_rlimits(const struct spec_rlimits *from, struct plan_builder *builder, struct error *err)
{
	autofree struct plan_rlimit *limits = calloc(from->count + 1, sizeof(*limits));

	if (limits == NULL)
		return error_set(err, ENOMEM, "rlimits");
	for (size_t i = 0; i < from->count; i++)
		limits[i] = (struct plan_rlimit){ .resource = (uint32_t)from->items[i].resource,
						  .soft = from->items[i].soft,
						  .hard = from->items[i].hard };
	builder->head.rlimits = build_list(builder, limits, sizeof(*limits), from->count);
	return 0;
}

static int plan_capabilities(const struct spec_process *process, const struct process_extra *extra,
			     struct plan_builder *builder, struct text *warnings, struct error *err)
{
	struct capability_masks masks;
	int result;

	if ((builder->head.flags & PLAN_NEW_USER) != 0 || extra->for_print) {
		/* The first process of a new user namespace has every capability there. */
		struct capability_host all = capabilities_host_all();

		result = capabilities_decide(process->capabilities, &all, &masks, warnings, err);
	} else {
		result = capabilities_make(process->capabilities, &masks, warnings, err);
	}

	if (result == 0)
		builder->head.capabilities = (struct plan_capabilities){
			.bounding = masks.bounding,
			.effective = masks.effective,
			.inheritable = masks.inheritable,
			.permitted = masks.permitted,
			.ambient = masks.ambient,
		};
	return result;
}

/* Profiles are carried out by a later version. Where the machine has no AppArmor there is nothing
 * that could confine, as engines know that send one all the same; where it has, refusing is safe. */
static int check_apparmor(const struct spec_process *process, struct text *warnings, struct error *err)
{
	char enabled = 'N';

	if (process->apparmor_profile == NULL)
		return 0;
	autoclose int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &enabled, 1) == 1 && enabled == 'Y')
		return error_set(err, 0, "process: apparmorProfile is not supported yet");
	text_format(warnings, "apparmorProfile \"%s\" is not applied: this machine has no AppArmor\n",
		    process->apparmor_profile);
	return text_done(warnings, err);
}

static int plan_seccomp(const struct spec_seccomp *profile, const struct process_extra *extra,
			struct plan_builder *builder, struct error *err)
{
	struct seccomp_filter filter = { 0 };

	if (extra->filter != NULL && extra->filter->count > 0) {
		builder->head.seccomp = build_list(builder, extra->filter->instructions,
						   sizeof(struct sock_filter), extra->filter->count);
		builder->head.seccomp_flags = extra->filter->flags;
		return 0;
	}
	if (profile == NULL || extra->for_print)
		return 0;
	int result = seccomp_filter_make(profile, extra->cache_dir, &filter, err);
	if (result < 0)
		return error_add(err, "seccomp");
	builder->head.seccomp =
		build_list(builder, filter.instructions, sizeof(*filter.instructions), filter.count);
	builder->head.seccomp_flags = profile->flags_set ? profile->flags : SECCOMP_SPEC_ALLOW;
	seccomp_filter_release(&filter);
	return 0;
}

int process_plan(const struct spec_process *process, const struct spec_linux *linux,
		 const struct process_extra *extra, struct plan_builder *builder, struct text *warnings,
		 struct error *err)
{
	struct plan *plan = &builder->head;
	const struct spec_user *user = &process->user;

	plan->flags |= PLAN_HAS_PROCESS | PLAN_SETGROUPS;
	if (process->terminal)
		plan->flags |= PLAN_TERMINAL;
	if (process->no_new_privileges)
		plan->flags |= PLAN_NO_NEW_PRIVS;
	if (process->console_size != NULL) {
		plan->flags |= PLAN_CONSOLE_SIZE;
		plan->console_rows = process->console_size->height;
		plan->console_columns = process->console_size->width;
	}
	if (linux->personality_set) {
		plan->flags |= PLAN_PERSONALITY;
		plan->personality = linux->personality;
	}
	plan->program = build_text(builder, process->args.items[0]);
	plan->args = build_strings(builder, &process->args);
	plan->cwd = build_text(builder, process->cwd);
	plan->uid = user->uid;
	plan->gid = user->gid;
	plan->umask = user->umask.set ? user->umask.value : DEFAULT_UMASK;
	plan->groups =
		build_list(builder, user->additional_gids, sizeof(uint32_t), user->additional_gid_count);
	plan->preserve_fds = extra->preserve_fds;
	if (process->oom_score_adj.set)
		plan->oom_score_adj = build_format(builder, "%lld", (long long)process->oom_score_adj.value);

	int result = check_apparmor(process, warnings, err);
	if (result == 0)
		result = plan_env(&process->env, extra, builder, err);
	if (result == 0)
		result = plan_candidates(process->args.items[0], find_env(&process->env, "PATH"), builder,
					 err);
	if (result == 0)
		result = plan_rlimits(&process->rlimits, builder, err);
	if (result == 0)
		result = plan_capabilities(process, extra, builder, warnings, err);
	if (result == 0)
		result = plan_seccomp(linux->seccomp, extra, builder, err);
	return result;
}
