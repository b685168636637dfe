/*
 * hull's side of hull-seccomp; see seccomp_helper.h. The three streams are memfds: the helper never
 * waits for a reader and hull reads when it has ended, so neither can block the other.
 */
#include "runtime/linux/seccomp_helper.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/linux/seccomp_format.h"

#include "base/banned.h"

#define MAX_WORDS_BYTES 4096

struct streams {
	int in, out, words;
};

static int open_streams(const void *key, size_t key_length, struct streams *ret, struct error *err)
{
	autoclose int in = -1, out = -1, words = -1;
	int result = fd_memfd("seccomp-profile", key, key_length, false, true, &in, err);

	if (result == 0)
		result = fd_memfd("seccomp-filter", "", 0, false, false, &out, err);
	if (result == 0)
		result = fd_memfd("seccomp-words", "", 0, false, false, &words, err);
	if (result < 0)
		return result;
	if (lseek(in, 0, SEEK_SET) < 0)
		return error_set(err, errno, "lseek");
	*ret = (struct streams){ .in = take_fd(&in), .out = take_fd(&out), .words = take_fd(&words) };
	return 0;
}

static void close_streams(const struct streams *streams)
{
	cleanup_close(&streams->in);
	cleanup_close(&streams->out);
	cleanup_close(&streams->words);
}

/* Returns 0 or an errno value, as the posix_spawn functions do. */
static int spawn_prepared(const char *program, const struct streams *streams,
			  posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, pid_t *ret_pid)
{
	char *const argv[] = { (char[]){ "hull-seccomp" }, NULL };
	char *const environment[] = { NULL };
	sigset_t none, all;

	(void)sigemptyset(&none); /* these two cannot fail */
	(void)sigfillset(&all);
	int number = posix_spawn_file_actions_adddup2(actions, streams->in, STDIN_FILENO);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(actions, streams->out, STDOUT_FILENO);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(actions, streams->words, STDERR_FILENO);
#ifdef __GLIBC__
	/* hull's own are close-on-exec; this is for what a caller of hull left open. */
	if (number == 0)
		number = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
	/* Signals that hull blocks or ignores are hull's affair. */
	if (number == 0)
		number = posix_spawnattr_setsigmask(attributes, &none);
	if (number == 0)
		number = posix_spawnattr_setsigdefault(attributes, &all);
	if (number == 0)
		number = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (number == 0)
		number = posix_spawn(ret_pid, program, actions, attributes, argv, environment);
	return number;
}

static int spawn(const char *program, const struct streams *streams, pid_t *ret_pid, struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int number = posix_spawn_file_actions_init(&actions);

	if (number == 0) {
		number = posix_spawnattr_init(&attributes);
		if (number == 0) {
			number = spawn_prepared(program, streams, &actions, &attributes, ret_pid);
			(void)posix_spawnattr_destroy(&attributes); /* frees, at most */
		}
		(void)posix_spawn_file_actions_destroy(&actions); /* frees, at most */
	}
	if (number != 0)
		return error_set(err, number, "start \"%s\"", program);
	return 0;
}

/* What the helper said, without the line's end, as the cause. */
static int refused(const struct streams *streams, int status, struct error *err)
{
	autotext struct text words = TEXT_EMPTY;
	struct error ignored; /* without its words the status has to do */

	if (WIFSIGNALED(status))
		return error_set(err, EPROTO, "hull-seccomp was killed by signal %d", WTERMSIG(status));
	if (lseek(streams->words, 0, SEEK_SET) < 0 ||
	    fd_read_all(streams->words, MAX_WORDS_BYTES, "hull-seccomp's words", &words, &ignored) < 0 ||
	    words.length == 0)
		return error_set(err, EPROTO, "hull-seccomp failed with status %d", WEXITSTATUS(status));
	words.data[strcspn(words.data, "\n")] = '\0';
	if (WEXITSTATUS(status) == 3)
		return error_set(err, E2BIG, "seccomp profile: %s", words.data);
	return error_set(err, WEXITSTATUS(status) == 2 ? EINVAL : EPROTO, "hull-seccomp: %s", words.data);
}

static int read_filter(const struct streams *streams, struct seccomp_filter *ret, struct error *err)
{
	const size_t max = sizeof(struct seccomp_answer_head) +
			   SECCOMP_FORMAT_MAX_INSTRUCTIONS * sizeof(struct sock_filter);
	autotext struct text answer = TEXT_EMPTY;
	struct seccomp_answer_head head = { 0 };

	if (lseek(streams->out, 0, SEEK_SET) < 0)
		return error_set(err, errno, "lseek");
	int result = fd_read_all(streams->out, max, "hull-seccomp's answer", &answer, err);
	if (result < 0)
		return result;
	if (answer.length > sizeof(head))
		memcpy(&head, answer.data, sizeof(head));
	size_t bytes = head.count * sizeof(struct sock_filter);
	if (head.magic != SECCOMP_ANSWER_MAGIC || answer.length != sizeof(head) + bytes)
		return error_set(err, EPROTO, "hull-seccomp's answer is no filter");
	autofree struct sock_filter *instructions = malloc(bytes);
	if (instructions == NULL)
		return error_set(err, ENOMEM, "keep the seccomp filter");
	memcpy(instructions, answer.data + sizeof(head), bytes);
	if (!seccomp_format_sane(instructions, head.count))
		return error_set(err, EPROTO, "hull-seccomp's answer is no valid filter");
	*ret = (struct seccomp_filter){ .count = head.count, .instructions = take_ptr(&instructions) };
	return 0;
}

static int run_on(const char *program, const struct streams *streams, struct seccomp_filter *ret,
		  struct error *err)
{
	pid_t pid, waited;
	int status = 0;
	int result = spawn(program, streams, &pid, err);

	if (result < 0)
		return result;
	do {
		waited = waitpid(pid, &status, 0);
	} while (waited < 0 && errno == EINTR);
	/* ECHILD: SIGCHLD is ignored, so the kernel reaped it; it has ended, and the answer tells how. */
	if (waited < 0 && errno != ECHILD)
		return error_set(err, errno, "wait for hull-seccomp");
	if (status != 0)
		return refused(streams, status, err);
	return read_filter(streams, ret, err);
}

int seccomp_helper_run(const char *program, const void *key, size_t key_length, struct seccomp_filter *ret,
		       struct error *err)
{
	struct streams streams;
	int result = open_streams(key, key_length, &streams, err);

	if (result < 0)
		return result;
	result = run_on(program, &streams, ret, err);
	close_streams(&streams);
	return result;
}
