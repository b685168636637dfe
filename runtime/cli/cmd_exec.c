/*
 * hull exec: a further process in a running container.
 */
#include "runtime/cli/create_values.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

struct exec_values {
	const char *console_socket, *pidfd_socket, *pid_file, *process, *cwd, *user;
	const char *process_label, *apparmor;
	struct option_list env, additional_gids, cap, cgroup;
	struct opt_bool tty, detach, no_new_privs, ignore_paused;
	struct opt_u64 preserve_fds;
};

static const struct option_row exec_rows[] = {
	OPTION(struct exec_values, console_socket, TEXT, "console-socket", 0, "PATH",
	       "unix socket that receives the terminal's master end"),
	OPTION(struct exec_values, pidfd_socket, TEXT, "pidfd-socket", 0, "PATH",
	       "unix socket that receives a pidfd of the process"),
	OPTION(struct exec_values, cwd, TEXT, "cwd", 0, "DIR", "working directory in the container"),
	OPTION(struct exec_values, env, LIST, "env", 'e', "NAME=VALUE",
	       "add to the environment (repeatable)"),
	OPTION(struct exec_values, tty, BOOL, "tty", 't', NULL, "give the process a terminal"),
	OPTION(struct exec_values, user, TEXT, "user", 'u', "UID[:GID]", "run as this user, by number"),
	OPTION(struct exec_values, additional_gids, LIST, "additional-gids", 'g', "GID",
	       "add a supplementary group (repeatable)"),
	OPTION(struct exec_values, process, TEXT, "process", 'p', "FILE",
	       "read the process from FILE, a process object in JSON"),
	OPTION(struct exec_values, detach, BOOL, "detach", 'd', NULL, "do not wait for the process"),
	OPTION(struct exec_values, pid_file, TEXT, "pid-file", 0, "FILE",
	       "write the pid of the process to FILE"),
	OPTION(struct exec_values, process_label, TEXT, "process-label", 0, "LABEL",
	       "SELinux label of the process"),
	OPTION(struct exec_values, apparmor, TEXT, "apparmor", 0, "PROFILE",
	       "AppArmor profile of the process"),
	OPTION(struct exec_values, no_new_privs, BOOL, "no-new-privs", 0, NULL, "set no_new_privs"),
	OPTION(struct exec_values, cap, LIST, "cap", 'c', "CAP", "add a capability (repeatable)"),
	OPTION(struct exec_values, preserve_fds, U64, "preserve-fds", 0, "N",
	       "hand N more descriptors, from 3 on, to the process"),
	OPTION(struct exec_values, cgroup, LIST, "cgroup", 0, "[CONTROLLER:]PATH",
	       "run in this cgroup below the container's (repeatable)"),
	OPTION(struct exec_values, ignore_paused, BOOL, "ignore-paused", 0, NULL, "allow a paused container"),
	{ 0 },
};

/* UID[:GID]: numbers only. Names would have to be read from a file that the container controls. */
static int check_user(const char *user, struct error *err)
{
	const char *colon = strchr(user, ':');
	char uid[16] = "";
	uint64_t ignored;
	int result;

	size_t length = colon == NULL ? strlen(user) : (size_t)(colon - user);
	if (length >= sizeof(uid))
		return error_set(err, 0, "bad uid: \"%.*s\" is not a user's number", (int)length, user);
	memcpy(uid, user, length);
	result = number_parse_u64(uid, UINT32_MAX - 1, &ignored, err);
	if (result < 0)
		return error_add(err, "bad uid");
	if (colon == NULL)
		return 0;
	result = number_parse_u64(colon + 1, UINT32_MAX - 1, &ignored, err);
	if (result < 0)
		return error_add(err, "bad gid");
	return 0;
}

static int parse_gids(const struct option_list *list, struct arena *arena, const uint32_t **ret,
		      struct error *err)
{
	uint32_t *gids = arena_alloc(arena, list->count * sizeof(*gids));

	if (gids == NULL)
		return error_set(err, ENOMEM, "read the groups");
	for (size_t i = 0; i < list->count; i++) {
		uint64_t gid;
		int result = number_parse_u64(list->items[i], UINT32_MAX - 1, &gid, err);

		if (result < 0)
			return error_add(err, "additional-gids must be a positive number");
		gids[i] = (uint32_t)gid;
	}
	*ret = gids;
	return 0;
}

static struct strings as_strings(const struct option_list *list)
{
	return (struct strings){ list->count, list->items };
}

static int make_options(const struct command_call *call, struct exec_options *ret, struct error *err)
{
	const struct exec_values *values = call->values;
	struct exec_options options = {
		.id = call->args.items[0],
		.console_socket = values->console_socket,
		.pidfd_socket = values->pidfd_socket,
		.pid_file = values->pid_file,
		.process_file = values->process,
		.args = { call->args.count - 1, call->args.items + 1 },
		.env = as_strings(&values->env),
		.capabilities = as_strings(&values->cap),
		.cwd = values->cwd,
		.user = values->user,
		.additional_gid_count = values->additional_gids.count,
		.apparmor = values->apparmor,
		.process_label = values->process_label,
		.cgroups = as_strings(&values->cgroup),
		.tty = values->tty.value,
		.tty_set = values->tty.set,
		.detach = values->detach.value,
		.no_new_privs = values->no_new_privs.value,
		.ignore_paused = values->ignore_paused.value,
	};

	if (options.process_file == NULL && options.args.count == 0)
		return error_set(err, 0, "exec args cannot be empty");
	if (options.user != NULL && check_user(options.user, err) < 0)
		return -EINVAL;
	if (values->additional_gids.count > 0 &&
	    parse_gids(&values->additional_gids, call->arena, &options.additional_gids, err) < 0)
		return -EINVAL;
	int result = create_values_preserve_fds(&values->preserve_fds, &options.preserve_fds, err);
	if (result < 0)
		return result;
	*ret = options;
	return 0;
}

static int exec_run(const struct command_call *call, struct error *err)
{
	struct exec_options options;
	int status = 0;
	int result = make_options(call, &options, err);

	if (result < 0)
		return result;
	result = container_exec(call->context, &options, &status, err);
	return result < 0 ? result : status;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "CONTAINER COMMAND [ARGUMENT...]  |  --process FILE CONTAINER",
	.summary = "run a further process in a container",
	.description =
		"   Without --process the process is the container's own but for the command and the\n"
		"   options given. Without --detach hull exits with the process's status; an error of exec\n"
		"   itself is 255. Options stand before CONTAINER.\n",
	.options = exec_rows,
	.values_size = COMMAND_VALUES(struct exec_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.order = OPTIONS_FIRST,
	.failure_status = 255,
	.error_context = "exec failed",
	.run = exec_run,
};
