/*
 * Starts ps and picks lines from what it prints; see ps_host.h.
 */
#include "runtime/cli/ps_host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

#define PS_MAX_BYTES ((size_t)64 << 20)

/* Start @argv with standard output @out; SIGPIPE, which hull ignores, is as usual again. */
static int spawn_ps(const char *path, char *const *argv, int out, pid_t *ret)
{
	static char path_entry[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const environment[] = { path_entry, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	int result = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (result == 0)
		result = posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (result == 0)
		result = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (result == 0)
		result = posix_spawn(ret, path, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

static int wait_for(pid_t pid, struct error *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for ps");
	if (WIFSIGNALED(status))
		return error_set(err, 0, "ps: killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(err, 0, "ps: exit status %d", WEXITSTATUS(status));
	return 0;
}

/* argv of ps: the words are not changed by posix_spawn, whose type only lacks a const. */
static char **make_argv(const struct strings *options)
{
	static char name[] = "ps", all[] = "-ef";
	char **argv = calloc(options->count + 3, sizeof(*argv));

	if (argv == NULL)
		return NULL;
	argv[0] = name;
	if (options->count == 0)
		argv[1] = all;
	for (size_t i = 0; i < options->count; i++)
		memcpy(&argv[i + 1], &options->items[i], sizeof(*argv));
	return argv;
}

int ps_host_run(const struct strings *options, struct text *ret, struct error *err)
{
	static const char *const paths[] = { "/usr/bin/ps", "/bin/ps" };
	autofree char **argv = make_argv(options);
	int pipe_fds[2], result = ENOENT;
	pid_t pid = -1;

	if (argv == NULL)
		return error_set(err, ENOMEM, "run ps");
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe for ps");
	autoclose int in = pipe_fds[0];
	autoclose int out = pipe_fds[1];
	for (size_t i = 0; i < ARRAY_LEN(paths) && result == ENOENT; i++)
		result = spawn_ps(paths[i], argv, out, &pid);
	if (result != 0)
		return error_set(err, result, "run ps");
	(void)close(take_fd(&out)); /* or the end of what ps writes would never come */

	result = fd_read_all(in, PS_MAX_BYTES, "output of ps", ret, err);
	(void)close(take_fd(&in)); /* a ps that was not read to its end ends by SIGPIPE */
	struct error wait_err;
	int waited = wait_for(pid, &wait_err);
	if (result < 0)
		return result;
	if (waited < 0) {
		*err = wait_err;
		return waited;
	}
	return text_done(ret, err);
}

/* The @wanted-th word of the line @line, from 0; false where the line is shorter. */
static bool word_at(const char *line, size_t length, size_t wanted, const char **ret, size_t *ret_length)
{
	const char *end = line + length;

	for (size_t i = 0;; i++) {
		while (line < end && (*line == ' ' || *line == '\t'))
			line++;
		const char *start = line;
		while (line < end && *line != ' ' && *line != '\t')
			line++;
		if (line == start)
			return false;
		if (i == wanted) {
			*ret = start;
			*ret_length = (size_t)(line - start);
			return true;
		}
	}
}

static bool find_pid_column(const char *heading, size_t length, size_t *ret)
{
	const char *word;
	size_t word_length;

	for (size_t i = 0; word_at(heading, length, i, &word, &word_length); i++) {
		if (word_length == 3 && memcmp(word, "PID", 3) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool names_one_of(const char *word, size_t length, const pid_t *pids, size_t count)
{
	long long pid = 0;

	for (size_t i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9' || pid > INT32_MAX)
			return false;
		pid = pid * 10 + (word[i] - '0');
	}
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int ps_host_filter(const char *listing, const pid_t *pids, size_t count, struct text *ret, struct error *err)
{
	size_t column, length = strcspn(listing, "\n");

	if (!find_pid_column(listing, length, &column))
		return error_set(err, 0, "couldn't find PID field in ps output");
	text_append_bytes(ret, listing, length);
	text_append(ret, "\n");
	for (const char *line = listing + length; *line == '\n'; line += length) {
		const char *word;
		size_t word_length;

		line++;
		length = strcspn(line, "\n");
		if (word_at(line, length, column, &word, &word_length) &&
		    names_one_of(word, word_length, pids, count)) {
			text_append_bytes(ret, line, length);
			text_append(ret, "\n");
		}
	}
	return text_done(ret, err);
}
