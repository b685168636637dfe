/* hull container exec: a further process in a running container, by `hull exec`. */
#include "shim/container/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "shim/container/operate.h"
#include "shim/container/spawn.h"
#include "shim/container/users.h"
#include "shim/container/view.h"

#include "base/banned.h"

#define LOG_FD 3 /* the number of hull's log in the child */
#define FAILED_ITSELF 255 /* `hull exec` has failed, or the program has this status */
#define MAX_LOG_BYTES ((size_t)1 << 20)

struct exec_values {
	const char *user, *workdir;
	struct option_list env;
	struct opt_bool interactive, tty, detach;
};

static const struct option_row exec_rows[] = {
	OPTION(struct exec_values, detach, BOOL, "detach", 'd', NULL, "do not wait for it"),
	OPTION(struct exec_values, env, LIST, "env", 'e', "NAME=VALUE", "set an environment variable (repeatable)"),
	OPTION(struct exec_values, interactive, BOOL, "interactive", 'i', NULL, "keep standard input open"),
	OPTION(struct exec_values, tty, BOOL, "tty", 't', NULL, "give it a terminal"),
	OPTION(struct exec_values, user, TEXT, "user", 'u', "USER[:GROUP]", "run as this user; names are the container's"),
	OPTION(struct exec_values, workdir, TEXT, "workdir", 'w', "DIR", "working directory in the container"),
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
		return error_set(err, ended ? ESRCH : number, "open the root of container %s", view->container.name);
	}
	ret->fd = fd;
	return 0;
}

static int add_user(struct front *front, const struct view *view, const char *word, struct spawn_args *args,
		    struct error *err)
{
	struct users_found found;
	struct rootdir root;
	int result = open_root(view, &root, err);

	if (result < 0)
		return result;
	result = users_find(&root, word, &found, err);
	(void)close(root.fd); /* O_PATH */
	if (result < 0)
		return result;
	spawn_add(args, "--user");
	spawn_add(args, arena_format(&front->arena, "%u:%u", found.uid, found.gid));
	for (size_t i = 0; i < found.group_count; i++) {
		spawn_add(args, "--additional-gids");
		spawn_add(args, arena_format(&front->arena, "%u", found.groups[i]));
	}
	return 0;
}

/* "NAME" alone takes the value that it has here; where it has none it is left out. NULL: left out. */
static const char *env_item(struct front *front, const char *item)
{
	if (strchr(item, '=') != NULL)
		return item;
	const char *value = getenv(item);

	return value == NULL ? NULL : arena_format(&front->arena, "%s=%s", item, value);
}

static int make_args(struct front *front, const struct exec_values *given, const struct view *view,
		     const struct strings *args, struct spawn_args *ret, struct error *err)
{
	int result = 0;

	/* opened by hull through its own descriptor, which is not passed on */
	spawn_add_hull(ret, front, "/proc/self/fd/3");
	spawn_add(ret, "exec");
	if (given->detach.value)
		spawn_add(ret, "--detach");
	spawn_add(ret, given->tty.value && !given->detach.value ? "--tty" : "--tty=false");
	if (given->workdir != NULL) {
		spawn_add(ret, "--cwd");
		spawn_add(ret, given->workdir);
	}
	for (size_t i = 0; i < given->env.count; i++) {
		const char *item = env_item(front, given->env.items[i]);

		if (item != NULL) {
			spawn_add(ret, "--env");
			spawn_add(ret, item);
		}
	}
	if (given->user != NULL)
		result = add_user(front, view, given->user, ret, err);
	spawn_add(ret, view->id);
	for (size_t i = 1; i < args->count; i++)
		spawn_add(ret, args->items[i]);
	return result;
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

static int run_args(const struct spawn_args *args, const struct exec_values *given, struct error *err)
{
	bool input = given->interactive.value && !given->detach.value;
	bool output = !given->detach.value;
	autoclose int log = memfd_create("log", MFD_CLOEXEC);
	autoclose int high = -1;
	int status;
	pid_t pid;

	if (log < 0)
		return error_set(err, errno, "memfd_create");
	int result = fd_dup(log, LOG_FD + 1, &high, err);
	if (result < 0)
		return result;
	int fds[] = { input || (given->tty.value && output) ? STDIN_FILENO : -1, output ? STDOUT_FILENO : -1, STDERR_FILENO, high };
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
	struct view view;
	int result = view_find(front, args->items[0], &view, err);

	if (result == 0)
		result = lifecycle_check(LIFE_EXEC, view.state, view.container.name, err);
	if (result < 0)
		return result;
	if (given->tty.value && given->interactive.value && !given->detach.value && isatty(STDIN_FILENO) == 0)
		return error_set(err, 0, "the input device is not a TTY");
	result = make_args(front, given, &view, args, &words, err);
	return result < 0 ? result : run_args(&words, given, err);
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "CONTAINER COMMAND [ARG...]",
	.summary = "Execute a command in a running container",
	.description = "Options stand before CONTAINER. The exit status is the command's; 126: it cannot be executed, 127:\n"
		       "it was not found.\n",
	.options = exec_rows,
	.values_size = COMMAND_VALUES(struct exec_values),
	.min_args = 2,
	.max_args = COMMAND_ARGS_ANY,
	.order = OPTIONS_FIRST,
	.run = exec_run,
};
