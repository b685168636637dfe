/*
 * Starting a plugin and listening to it; see plugin.h. A plugin is not trusted to end, nor to say little, nor
 * to say JSON.
 */
#include "runtime/net/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "base/tree.h"
#include "runtime/net/trust.h"

#include "base/banned.h"

#define MAX_ANSWER ((size_t)1 << 20)
#define MAX_ENVIRONMENT 512
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* --- starting ------------------------------------------------------------------------------------------ */

/* All of them: plugins look for others there too. One that is missing is nobody's. */
static int check_directories(const struct strings *directories, struct error *err)
{
	struct stat st;
	int result = 0;

	for (size_t i = 0; result == 0 && i < directories->count; i++)
		if (stat(directories->items[i], &st) == 0)
			result = trust_check(&st, directories->items[i], err);
	return result;
}

/* A program's name is no path: it comes from a file that names many. */
int plugin_find(const char *type, const struct strings *directories, struct arena *arena, const char **ret,
		struct error *err)
{
	struct stat st;

	if (type[0] == '\0' || strchr(type, '/') != NULL || type[0] == '.')
		return error_set(err, 0, "invalid plugin name: \"%.64s\"", type);
	int result = check_directories(directories, err);
	if (result < 0)
		return result;
	for (size_t i = 0; i < directories->count; i++) {
		const char *path = arena_format(arena, "%s/%s", directories->items[i], type);

		if (path == NULL)
			return error_set(err, ENOMEM, "find a plugin");
		if (access(path, X_OK) == 0 && stat(path, &st) == 0) {
			result = trust_check(&st, path, err);
			if (result == 0)
				*ret = path;
			return result;
		}
	}
	return error_set(err, ENOENT, "plugin \"%.64s\"", type);
}

/* Ours without what belongs to another call; plugins start iptables and need a PATH. */
static char **make_environment(const struct plugin_call *call, struct arena *arena)
{
	const char *const own[] = {
		arena_format(arena, "CNI_COMMAND=%s", call->command),
		arena_format(arena, "CNI_CONTAINERID=%s", call->id),
		arena_format(arena, "CNI_NETNS=%s", call->namespace),
		arena_format(arena, "CNI_IFNAME=%s", call->interface),
		arena_format(arena, "CNI_ARGS=%s", call->args),
	};
	char **environment =
		arena_alloc(arena, (MAX_ENVIRONMENT + ARRAY_LEN(own) + 3) * sizeof(*environment));
	autotext struct text path = TEXT_EMPTY;
	bool has_path = false;
	size_t count = 0;

	if (environment == NULL)
		return NULL;
	for (char **at = environ; at != NULL && *at != NULL && count < MAX_ENVIRONMENT; at++) {
		if (text_starts(*at, "CNI_"))
			continue;
		has_path |= text_starts(*at, "PATH=");
		environment[count++] = *at;
	}
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (own[i] == NULL)
			return NULL;
		environment[count++] = arena_copy(arena, own[i], strlen(own[i]));
	}
	text_append(&path, "CNI_PATH=");
	for (size_t i = 0; i < call->directories->count; i++)
		text_format(&path, "%s%s", i == 0 ? "" : ":", call->directories->items[i]);
	if (path.failed)
		return NULL;
	environment[count++] = arena_copy(arena, path.data, path.length);
	if (!has_path)
		environment[count++] = arena_copy(arena, DEFAULT_PATH, strlen(DEFAULT_PATH));
	for (size_t i = 0; i < count; i++)
		if (environment[i] == NULL)
			return NULL;
	return environment;
}

/* Returns 0 or an errno value, as the posix_spawn functions do. */
static int spawn_prepared(const char *program, char **environment, int in, int out,
			  posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, pid_t *ret)
{
	char *const argv[] = { strdup(program), NULL };
	sigset_t none, all;

	(void)sigemptyset(&none); /* these two cannot fail */
	(void)sigfillset(&all);
	int number = argv[0] == NULL ? ENOMEM : posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	if (number == 0)
		number = posix_spawnattr_setsigmask(attributes, &none);
	if (number == 0)
		number = posix_spawnattr_setsigdefault(attributes, &all);
	if (number == 0)
		number = posix_spawnattr_setpgroup(attributes, 0);
	if (number == 0)
		number = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
								      POSIX_SPAWN_SETPGROUP);
	if (number == 0)
		number = posix_spawn(ret, program, actions, attributes, argv, environment);
	free(argv[0]);
	return number;
}

static int spawn(const char *program, char **environment, int in, int out, struct pidfd *ret, pid_t *ret_pid,
		 struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int number = posix_spawn_file_actions_init(&actions);

	if (number == 0) {
		number = posix_spawnattr_init(&attributes);
		if (number == 0) {
			number =
				spawn_prepared(program, environment, in, out, &actions, &attributes, ret_pid);
			(void)posix_spawnattr_destroy(&attributes); /* frees, at most */
		}
		(void)posix_spawn_file_actions_destroy(&actions); /* frees, at most */
	}
	if (number != 0)
		return error_set(err, number, "start \"%s\"", program);
	/* not reaped yet: the number is still its own */
	int result = process_open(*ret_pid, ret, err);
	if (result < 0) {
		(void)kill(-*ret_pid, SIGKILL); /* nobody would listen to it */
		(void)waitpid(*ret_pid, NULL, 0);
	}
	return result;
}

/* --- listening ----------------------------------------------------------------------------------------- */

/* What is there now. Returns 1, or 0 at the end of file. */
static int read_some(int fd, struct text *into, struct error *err)
{
	char buffer[16384];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (got < 0)
		return error_set(err, errno, "read what a plugin says");
	text_append_bytes(into, buffer, (size_t)got);
	if (into->length > MAX_ANSWER)
		return error_set(err, EFBIG, "it answers more than %zu bytes", MAX_ANSWER);
	return got > 0;
}

/*
 * Until it ends: a program that it leaves behind may keep its standard output open, and one that closed it
 * may still be at work.
 */
static int listen_to(const struct pidfd *pidfd, int out, unsigned timeout_s, struct text *into,
		     struct error *err)
{
	int64_t deadline = process_now_ms() + (int64_t)timeout_s * 1000;
	struct pollfd polls[] = { { .fd = pidfd->fd, .events = POLLIN }, { .fd = out, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline - process_now_ms();
		int ready = left <= 0 ? 0 : poll(polls, 2, (int)left);

		if (ready < 0 && errno != EINTR)
			return error_set(err, errno, "poll");
		if (ready == 0)
			return error_set(err, ETIMEDOUT, "it has not ended after %u seconds", timeout_s);
		if (polls[1].revents != 0) {
			int more = read_some(out, into, err);

			if (more < 0)
				return more;
			if (more == 0)
				polls[1].fd = -1;
		} else if (polls[0].revents != 0) {
			return 0;
		}
		polls[0].revents = polls[1].revents = 0;
	}
}

/* Its own words: {"code":…,"msg":"…","details":"…"}, or whatever it wrote. */
static int refused(const struct text *answer, int status, struct arena *arena, struct error *err)
{
	const struct json *document, *message, *details;
	autotext struct text words = TEXT_EMPTY;
	struct error ignored; /* without its words the status has to do */

	if (answer->length > 0 &&
	    json_parse(arena, "answer", answer->data, answer->length, &document, &ignored) == 0 &&
	    document->type == JSON_OBJECT) {
		message = json_get(document, "msg");
		details = json_get(document, "details");
		if (message != NULL && message->type == JSON_STRING)
			text_append(&words, message->text);
		if (details != NULL && details->type == JSON_STRING && details->text[0] != '\0')
			text_format(&words, "; %s", details->text);
	}
	if (words.length == 0)
		text_format(&words, "it failed with status %d: %.*s", status,
			    (int)strcspn(answer->data, "\n"), answer->data);
	return error_set(err, EPROTO, "%.700s", words.failed ? "it failed" : words.data);
}

static int answered(const struct text *answer, struct arena *arena, const struct json **ret,
		    struct error *err)
{
	int result;

	*ret = NULL;
	if (strspn(answer->data, " \t\r\n") == answer->length)
		return 0;
	result = json_parse(arena, "its answer", answer->data, answer->length, ret, err);
	if (result == 0 && (*ret)->type != JSON_OBJECT)
		result = json_error(*ret, err, "its answer is no object");
	return result;
}

static int run(const struct plugin_call *call, struct arena *arena, const struct json **ret,
	       struct error *err)
{
	autotext struct text input = TEXT_EMPTY, answer = TEXT_EMPTY;
	autoclose int in = -1;
	int pipes[2], status = 0;
	struct pidfd pidfd = { .fd = -1 };
	const char *program = NULL;
	pid_t pid = 0;

	tree_write(call->input, NULL, &input);
	int result = text_done(&input, err);
	if (result == 0)
		result = plugin_find(call->type, call->directories, arena, &program, err);
	char **environment = result == 0 ? make_environment(call, arena) : NULL;
	if (result == 0 && environment == NULL)
		result = error_set(err, ENOMEM, "start a plugin");
	if (result == 0)
		result = fd_memfd("cni", input.data, input.length, false, true, &in, err);
	if (result < 0)
		return result;
	if (lseek(in, 0, SEEK_SET) < 0 || pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set(err, errno, "start a plugin");
	autoclose int out = pipes[0], other = pipes[1];
	/* O_NONBLOCK is of the open file, and the plugin's end is another */
	if (fcntl(other, F_SETFL, 0) < 0)
		return error_set(err, errno, "start a plugin");
	result = spawn(program, environment, in, other, &pidfd, &pid, err);
	cleanup_close(&other);
	other = -1;
	if (result < 0)
		return result;
	result = listen_to(&pidfd, out, call->timeout_s, &answer, err);
	/* and what it started with it */
	if (result < 0)
		(void)kill(-pid, SIGKILL); /* not reaped: its group is its own */
	struct error reap_error;
	int reaped = process_reap(&pidfd, &status, &reap_error);
	cleanup_close(&pidfd.fd);
	if (result == 0 && reaped < 0) {
		*err = reap_error;
		result = reaped;
	}
	if (result == 0)
		result = text_done(&answer, err);
	if (result < 0)
		return result;
	return status != 0 ? refused(&answer, status, arena, err) : answered(&answer, arena, ret, err);
}

int plugin_run(const struct plugin_call *call, struct arena *arena, const struct json **ret,
	       struct error *err)
{
	int result = run(call, arena, ret, err);

	return result < 0 ? error_add(err, "plugin \"%.64s\": %s", call->type, call->command) : 0;
}
