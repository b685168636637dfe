/* hull container exec: a further process in a running container, by `hull exec`. */
#include "shim/container/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tree.h"
#include "oci/make/users.h"
#include "shim/container/operate.h"
#include "shim/container/spawn.h"
#include "shim/container/view.h"

#include "base/banned.h"

#define LOWEST_FD 10      /* above the numbers that the child is given */
#define FAILED_ITSELF 255 /* `hull exec` has failed, or the program has this status */
#define MAX_LOG_BYTES ((size_t)1 << 20)

struct exec_values {
	const char *user, *workdir;
	struct flag_list env;
	struct opt_bool interactive, tty, detach;
};

static const struct flag_row exec_rows[] = {
	FLAG(struct exec_values, detach, BOOL, "detach", 'd', NULL, "do not wait for it"),
	FLAG(struct exec_values, env, LIST, "env", 'e', "NAME=VALUE",
	     "set an environment variable (repeatable)"),
	FLAG(struct exec_values, interactive, BOOL, "interactive", 'i', NULL, "keep standard input open"),
	FLAG(struct exec_values, tty, BOOL, "tty", 't', NULL, "give it a terminal"),
	FLAG(struct exec_values, user, TEXT, "user", 'u', "USER[:GROUP]",
	     "run as this user; names are the container's"),
	FLAG(struct exec_values, workdir, TEXT, "workdir", 'w', "DIR", "working directory in the container"),
	{ 0 },
};

/* The root of the container's process, of exactly that one. */
static int open_root(const struct view *view, struct rootdir *ret, struct error *err)
{
	char path[40];
	struct pidfd process;
	int result = view_process(view, &process, err);

	if (result < 0)
		return result;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)view->run.container.pid);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int number = errno;
	/* still there after the open: so the number was its own all the time */
	bool ended = process_ended(&process);
	(void)close(process.fd); /* only asked */
	if (fd < 0 || ended) {
		cleanup_close(&fd);
		return error_set(err, ended ? ESRCH : number, "open the root of container %s",
				 view->container.name);
	}
	ret->fd = fd;
	return 0;
}

/* --- the process object -------------------------------------------------------------------------- */

/* Another user has that user's groups, and as anyone but root no capability that it did not gain itself. */
static const struct json *with_user(struct arena *arena, const struct json *process,
				    const struct users_found *found)
{
	static const char *const dropped[] = { "effective", "permitted", "inheritable", "ambient" };
	const struct json *user = tree_with(arena, NULL, "uid", tree_number(arena, found->uid));
	const struct json *groups = tree_strings(arena, NULL, 0),
			  *capabilities = json_get(process, "capabilities");

	for (size_t i = 0; groups != NULL && i < found->group_count; i++)
		groups = tree_with_item(arena, groups, i, tree_number(arena, found->groups[i]));
	if (user != NULL)
		user = tree_with(arena, user, "gid", tree_number(arena, found->gid));
	if (user != NULL)
		user = tree_with(arena, user, "additionalGids", groups);
	process = tree_with(arena, process, "user", user);
	for (size_t i = 0; found->uid != 0 && capabilities != NULL && i < ARRAY_LEN(dropped); i++)
		capabilities = tree_with(arena, capabilities, dropped[i], tree_strings(arena, NULL, 0));
	if (process == NULL || json_get(process, "capabilities") == NULL)
		return process;
	return tree_with(arena, process, "capabilities", capabilities);
}

/* "NAME" alone takes the value that it has here; where it has none it is left out. NULL: left out. */
static const char *env_item(struct arena *arena, const char *item)
{
	if (strchr(item, '=') != NULL)
		return item;
	const char *value = getenv(item);

	return value == NULL ? NULL : arena_format(arena, "%s=%s", item, value);
}

static const struct json *with_env(struct arena *arena, const struct json *process,
				   const struct flag_list *given)
{
	const struct json *env = json_get(process, "env");

	if (env == NULL)
		env = tree_strings(arena, NULL, 0);
	for (size_t i = 0; env != NULL && i < given->count; i++) {
		const char *item = env_item(arena, given->items[i]);
		size_t name = item == NULL ? 0 : strcspn(item, "=") + 1, place = 0;

		if (item == NULL)
			continue;
		for (const struct json *old = env->first; old != NULL && strncmp(old->text, item, name) != 0;
		     old = old->next)
			place++;
		env = tree_with_item(arena, env, place, tree_string(arena, item));
	}
	return tree_with(arena, process, "env", env);
}

/* The container's own process object with what was asked for. */
static int make_process(struct front *front, const struct exec_values *given, const struct view *view,
			const struct spec *spec, const struct strings *command, struct text *ret,
			struct error *err)
{
	const struct json *process = json_get(spec->json, "process");
	struct arena *arena = &front->arena;
	struct users_found found;

	if (given->user != NULL) {
		struct rootdir root;
		int result = open_root(view, &root, err);

		if (result < 0)
			return result;
		result = users_find(&root, given->user, &found, err);
		(void)close(root.fd); /* O_PATH */
		if (result < 0)
			return result;
		process = with_user(arena, process, &found);
	}
	if (process != NULL)
		process = with_env(arena, process, &given->env);
	if (process != NULL && given->workdir != NULL)
		process = tree_with(arena, process, "cwd", tree_string(arena, given->workdir));
	if (process != NULL)
		process = tree_with(arena, process, "terminal",
				    tree_bool(arena, given->tty.value && !given->detach.value));
	if (process != NULL)
		process = tree_with(arena, process, "args",
				    tree_strings(arena, command->items, command->count));
	if (process == NULL)
		return error_set(err, ENOMEM, "describe the process");
	tree_write(process, NULL, ret);
	return text_done(ret, err);
}

static int make_document(struct front *front, const struct exec_values *given, const struct view *view,
			 const struct strings *command, int *ret_fd, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	struct spec *spec = NULL;
	int result = store_directory(&front->store, view->id, &dir, err);

	if (result == 0)
		result = spec_load(dir, &spec, NULL, NULL, err);
	if (result < 0)
		return error_add(err, "container %s", view->container.name);
	result = make_process(front, given, view, spec, command, &text, err);
	if (result == 0)
		result = fd_memfd("process", text.data, text.length, 0, 1, ret_fd, err);
	spec_free(spec);
	return result;
}

/* --- hull exec ------------------------------------------------------------------------------------ */

static void make_args(const struct front *front, const struct exec_values *given, const struct view *view,
		      struct spawn_args *ret)
{
	/* opened by hull through descriptors of its own, which go no further */
	spawn_add_hull(ret, front, "/proc/self/fd/3");
	spawn_add(ret, "exec");
	if (given->detach.value)
		spawn_add(ret, "--detach");
	spawn_add(ret, "--process");
	spawn_add(ret, "/proc/self/fd/4");
	spawn_add(ret, view->id);
}

/* 126, 127 where hull itself has failed, as its log says; otherwise the program's status. */
static int read_status(int log, int status)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	if (status != FAILED_ITSELF || lseek(log, 0, SEEK_SET) < 0 ||
	    fd_read_all(log, MAX_LOG_BYTES, "log", &text, &ignored) < 0 || text.length == 0 ||
	    strstr(text.data, "\"level\":\"error\"") == NULL)
		return status;
	int failure = operate_failure_status(text.data);
	return failure == FRONT_FAILED_RUN ? 126 : failure;
}

static int run_args(const struct spawn_args *args, const struct exec_values *given, int document,
		    struct error *err)
{
	bool input = given->interactive.value && !given->detach.value;
	bool output = !given->detach.value;
	autoclose int log = memfd_create("log", MFD_CLOEXEC);
	autoclose int high_log = -1, high_document = -1;
	int status;
	pid_t pid;

	if (log < 0)
		return error_set(err, errno, "memfd_create");
	int result = fd_dup(log, LOWEST_FD, &high_log, err);
	if (result == 0)
		result = fd_dup(document, LOWEST_FD, &high_document, err);
	if (result < 0)
		return result;
	int fds[] = { input || (given->tty.value && output) ? STDIN_FILENO : -1, output ? STDOUT_FILENO : -1,
		      STDERR_FILENO, high_log, high_document };
	/* what is typed on the terminal goes to hull as well, which passes it on */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	result = spawn_start(args, fds, ARRAY_LEN(fds), false, &pid, err);
	if (result == 0)
		result = spawn_wait(pid, &status, err);
	return result < 0 ? result : read_status(log, status);
}

static int exec_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct exec_values *given = values;
	struct spawn_args words = { .count = 0 };
	autoclose int document = -1;
	struct view view;
	int result = view_find(front, args->items[0], &view, err);

	if (result == 0)
		result = lifecycle_check(LIFE_EXEC, view.state, view.container.name, err);
	if (result < 0)
		return result;
	if (given->tty.value && given->interactive.value && !given->detach.value && isatty(STDIN_FILENO) == 0)
		return error_set(err, 0, "the input device is not a TTY");
	struct strings command = { args->count - 1, args->items + 1 };
	result = make_document(front, given, &view, &command, &document, err);
	if (result < 0)
		return result;
	make_args(front, given, &view, &words);
	return run_args(&words, given, document, err);
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "CONTAINER COMMAND [ARG...]",
	.summary = "Execute a command in a running container",
	.description = "Options stand before CONTAINER. The exit status is the command's; 126: it cannot be "
		       "executed, 127:\n"
		       "it was not found.\n",
	.options = exec_rows,
	.values_size = COMMAND_VALUES(struct exec_values),
	.min_args = 2,
	.max_args = COMMAND_ARGS_ANY,
	.order = FLAGS_FIRST,
	.run = exec_run,
};
