/* Child processes; see spawn.h. */
#include "shim/container/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/commands.h"
#include "base/fd.h"

#include "base/banned.h"

#define MAX_OUTPUT_BYTES ((size_t)16 << 20)
#define MAX_MESSAGE_BYTES ((size_t)1 << 20)
#define LOWEST_FD 10 /* above every number that a child is given */

extern char **environ;

void spawn_add(struct spawn_args *args, const char *word)
{
	if (args->count == SPAWN_MAX_ARGS || word == NULL) {
		args->failed = true;
		return;
	}
	args->items[args->count++] = word;
	args->items[args->count] = NULL;
}

void spawn_add_hull(struct spawn_args *args, const struct front *front, const char *log)
{
	spawn_add(args, front->hull);
	if (front->root != NULL) {
		spawn_add(args, "--root");
		spawn_add(args, front->root);
	}
	/* with a log elsewhere, what is on standard error is the plain message */
	spawn_add(args, "--log");
	spawn_add(args, log);
	spawn_add(args, "--log-format");
	spawn_add(args, "json");
}

static int set_attributes(posix_spawnattr_t *attributes, bool session)
{
	sigset_t none, all;
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
#ifdef POSIX_SPAWN_SETSID
	flags = (short)(flags | (session ? POSIX_SPAWN_SETSID : 0));
#endif
	int result = posix_spawnattr_setsigmask(attributes, &none);
	if (result == 0)
		result = posix_spawnattr_setsigdefault(attributes, &all);
	return result == 0 ? posix_spawnattr_setflags(attributes, flags) : result;
}

int spawn_start(const struct spawn_args *args, const int *fds, size_t count, bool session, pid_t *ret,
		struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	if (args->failed)
		return error_set(err, E2BIG, "start \"%s\"", args->items[0]);
	int result = posix_spawn_file_actions_init(&actions);
	if (result != 0)
		return error_set(err, result, "start \"%s\"", args->items[0]);
	result = posix_spawnattr_init(&attributes);
	if (result == 0) {
		result = set_attributes(&attributes, session);
		for (int i = 0; result == 0 && i < (int)count; i++) {
			if (fds[i] >= 0)
				result = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
			else if (i <= STDERR_FILENO)
				result =
					posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
		}
		if (result == 0)
			/* posix_spawn(3) takes the words as they are, but not as const */
			result = posix_spawn(ret, args->items[0], &actions, &attributes,
					     (char *const *)(uintptr_t)args->items, environ);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return result == 0 ? 0 : error_set(err, result, "start \"%s\"", args->items[0]);
}

int spawn_wait(pid_t pid, int *ret_status, struct error *err)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, errno, "waitpid");
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

static int read_back(int fd, size_t max_bytes, struct text *ret, struct error *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "read output");
	return fd_read_all(fd, max_bytes, "output", ret, err);
}

/* What a program said is the error; of several lines the last one, which is its own. */
static int fail_with(struct text *said, const char *program, int status, struct error *err)
{
	while (said->length > 0 && said->data[said->length - 1] == '\n')
		said->data[--said->length] = '\0';
	if (said->length == 0)
		return error_set(err, 0, "%s ended with status %d", program, status);
	const char *line = strrchr(said->data, '\n');
	line = line == NULL ? said->data : line + 1;
	return error_set(err, 0, "%s", text_starts(line, "Error: ") ? line + strlen("Error: ") : line);
}

int spawn_run(const struct spawn_args *args, struct text *ret_out, struct error *err)
{
	autoclose int out = memfd_create("output", MFD_CLOEXEC), said = memfd_create("messages", MFD_CLOEXEC);
	autotext struct text message = TEXT_EMPTY;
	int status;
	pid_t pid;

	if (out < 0 || said < 0)
		return error_set(err, errno, "memfd_create");
	int fds[] = { -1, out, said };
	int result = spawn_start(args, fds, ARRAY_LEN(fds), false, &pid, err);
	if (result == 0)
		result = spawn_wait(pid, &status, err);
	if (result < 0)
		return result;
	if (status != 0) {
		result = read_back(said, MAX_MESSAGE_BYTES, &message, err);
		return result < 0 ? result : fail_with(&message, args->items[0], status, err);
	}
	return ret_out == NULL ? 0 : read_back(out, MAX_OUTPUT_BYTES, ret_out, err);
}

int spawn_hull(const struct front *front, const char *word, const char *id, const char *more,
	       struct text *ret_out, struct error *err)
{
	struct spawn_args args = { .count = 0 };

	spawn_add_hull(&args, front, "/dev/null");
	spawn_add(&args, word);
	if (text_equal(word, "delete"))
		spawn_add(&args, "--force");
	spawn_add(&args, id);
	if (more != NULL)
		spawn_add(&args, more);
	return spawn_run(&args, ret_out, err);
}

static void add_shim(struct spawn_args *args, const struct front *front)
{
	spawn_add(args, front->shim);
	spawn_add(args, "run");
	spawn_add(args, "--store");
	spawn_add(args, front->store.root_path);
	spawn_add(args, "--run");
	spawn_add(args, front->store.run_path);
	spawn_add(args, "--hull");
	spawn_add(args, front->hull);
	if (front->root != NULL) {
		spawn_add(args, "--root");
		spawn_add(args, front->root);
	}
	spawn_add(args, "--ready-fd");
	spawn_add(args, "3");
}

/* The one line of hull-shim's: "running PID" or "error TEXT". */
static int read_ready(int fd, struct error *err)
{
	autotext struct text line = TEXT_EMPTY;
	int result = fd_read_all(fd, MAX_MESSAGE_BYTES, "hull-shim's answer", &line, err);

	if (result < 0)
		return result;
	text_append(&line, "");
	result = text_done(&line, err);
	if (result < 0)
		return result;
	line.data[strcspn(line.data, "\n")] = '\0';
	if (text_starts(line.data, "running"))
		return 0;
	if (text_starts(line.data, "error "))
		return error_set(err, 0, "%s", line.data + strlen("error "));
	return error_set(err, 0, "hull-shim ended without a word");
}

/* The disk is waited for while hull-shim works. The container runs whatever it says. */
static void sync_records(struct front *front, const char *id)
{
	struct error err;

	front->store.later = false;
	int result = front->unsynced == NULL ? 0 : store_sync(&front->store, id, front->unsynced, &err);
	if (result < 0 && result != -ENOENT) /* a short one of --rm is gone already */
		commands_fail(&err);
	front->unsynced = NULL;
}

int spawn_shim(struct front *front, const char *id, int client, bool adopt, struct error *err)
{
	struct spawn_args args = { .count = 0 };
	autoclose int ours = -1, theirs = -1, high_client = -1;
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	ours = pair[0];
	int low = pair[1];
	int result = fd_dup(low, LOWEST_FD, &theirs, err);
	(void)close(low); /* the duplicate stands for it */
	if (result == 0 && client >= 0)
		result = fd_dup(client, LOWEST_FD, &high_client, err);
	if (result < 0)
		return result;
	add_shim(&args, front);
	if (client >= 0) {
		spawn_add(&args, "--client-fd");
		spawn_add(&args, "4");
	}
	if (adopt)
		spawn_add(&args, "--adopt");
	spawn_add(&args, id);
	int fds[] = { -1, -1, -1, theirs, high_client };
	result = spawn_start(&args, fds, ARRAY_LEN(fds), true, &pid, err);
	if (result < 0)
		return result;
	cleanup_close(&theirs); /* so that its end is seen */
	theirs = -1;
	sync_records(front, id);
	return read_ready(ours, err);
}
