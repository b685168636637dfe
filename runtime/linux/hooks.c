/* Hooks, host half; see hooks.h. */
#include "runtime/linux/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "oci/spec/state.h"

#include "base/banned.h"

#define OUTPUT_MAX ((size_t)400)

extern char **environ;

void hooks_state_release(struct hooks_state *state)
{
	text_release(&state->head);
	text_release(&state->tail);
}

int hooks_state_make(const char *id, const char *bundle, const struct spec_kvs *annotations,
		     struct hooks_state *ret, struct error *err)
{
	*ret = (struct hooks_state){ 0 };
	text_append(&ret->head, "{\"ociVersion\":\"" SPEC_VERSION "\",\"id\":");
	text_append_json(&ret->head, id);
	text_append(&ret->head, ",\"status\":\"");
	text_append(&ret->tail, ",\"bundle\":");
	text_append_json(&ret->tail, bundle);
	text_append(&ret->tail, ",\"annotations\":");
	int result = annotations->count > 0 ? spec_state_annotations(annotations, &ret->tail, err) : 0;
	text_append(&ret->tail, annotations->count > 0 ? "}" : "{}}");
	if (result == 0)
		result = text_done(&ret->head, err);
	if (result == 0)
		result = text_done(&ret->tail, err);
	if (result < 0)
		hooks_state_release(ret);
	return result;
}

static int plan_list(const struct spec_hook_list *from, const struct strings *default_env,
		     struct plan_builder *builder, struct plan_list *ret, struct error *err)
{
	autofree struct plan_hook *hooks = calloc(from->count + 1, sizeof(*hooks));

	if (hooks == NULL)
		return error_set(err, ENOMEM, "hooks");
	for (size_t i = 0; i < from->count; i++) {
		const struct spec_hook *hook = &from->items[i];

		hooks[i].path = build_text(builder, hook->path);
		hooks[i].args = build_strings(builder, &hook->args);
		hooks[i].env = build_strings(builder, hook->env_set ? &hook->env : default_env);
		hooks[i].timeout_s = hook->timeout.set ? hook->timeout.value : 0;
	}
	*ret = build_list(builder, hooks, sizeof(*hooks), from->count);
	return 0;
}

int hooks_plan(const struct spec *spec, const struct hooks_state *state, const char *bundle,
	       struct plan_builder *builder, struct error *err)
{
	static const struct strings nothing;
	const struct spec_hook_list *kinds = spec->hooks.kinds;
	struct plan *plan = &builder->head;

	if (kinds[HOOK_PRESTART].count + kinds[HOOK_CREATE_RUNTIME].count > 0)
		plan->flags |= PLAN_RUNTIME_HOOKS;
	if (kinds[HOOK_CREATE_CONTAINER].count + kinds[HOOK_START_CONTAINER].count == 0)
		return 0;
	plan->state_head = build_text(builder, state->head.data);
	plan->state_tail = build_text(builder, state->tail.data);
	plan->bundle = build_text(builder, bundle);
	/* Without env: nothing of the host's for programs in the container's namespaces; startContainer
	 * hooks have the process's. */
	int result = plan_list(&kinds[HOOK_CREATE_CONTAINER], &nothing, builder,
			       &plan->create_container_hooks, err);
	if (result == 0)
		result = plan_list(&kinds[HOOK_START_CONTAINER],
				   spec->process != NULL ? &spec->process->env : &nothing, builder,
				   &plan->start_container_hooks, err);
	return result;
}

/* --- running ------------------------------------------------------------------------------------- */

static char **make_vector(const struct strings *strings, const char *first)
{
	char **vector = calloc(strings->count + 2, sizeof(*vector));
	size_t count = 0;

	if (vector == NULL)
		return NULL;
	if (strings->count == 0 && first != NULL)
		vector[count++] = (char *)(uintptr_t)first; /* execve does not write through it */
	for (size_t i = 0; i < strings->count; i++)
		vector[count++] = (char *)(uintptr_t)strings->items[i];
	return vector;
}

/* In the child: only what is safe between fork and exec. */
static _Noreturn void execute(const struct spec_hook *hook, char **argv, char **envp, const char *bundle,
			      int state, int output)
{
	sys_reset_signals();
	if (dup2(state, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir(bundle) < 0)
		_exit(126);
	/* Everything else is close-on-exec from birth. */
	execve(hook->path, argv, envp);
	_exit(127);
}

/* Read what is there; what goes beyond OUTPUT_MAX is thrown away. False at the end. */
static bool drain(int fd, struct text *output)
{
	char buffer[4096];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	if (got > 0 && output->length < OUTPUT_MAX)
		text_append_bytes(output, buffer, (size_t)got < OUTPUT_MAX ? (size_t)got : OUTPUT_MAX);
	return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Wait for the hook's end, reading its output. Errors: -ETIMEDOUT. */
static int watch(const struct pidfd *process, int output_fd, const struct spec_hook *hook,
		 struct text *output, struct error *err)
{
	int64_t deadline = process_now_ms() + (int64_t)hook->timeout.value * 1000;
	struct pollfd polls[2] = { { .fd = process->fd, .events = POLLIN },
				   { .fd = output_fd, .events = POLLIN } };

	for (;;) {
		int64_t left = hook->timeout.set ? deadline - process_now_ms() : 60000;

		if (left <= 0)
			return error_set(err, 0, "hook ran past specified timeout of %u.0s",
					 hook->timeout.value),
			       -ETIMEDOUT;
		if (poll(polls, 2, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return error_set(err, errno, "poll");
		if (polls[1].revents != 0 && !drain(output_fd, output))
			polls[1].fd = -1;
		if (polls[0].revents != 0)
			return 0;
	}
}

static int start(const struct spec_hook *hook, const char *bundle, int state, int output, struct pidfd *ret,
		 struct error *err)
{
	autofree char **argv = make_vector(&hook->args, hook->path);
	autofree char **env = make_vector(&hook->env, NULL);

	if (argv == NULL || env == NULL)
		return error_set(err, ENOMEM, "hook");
	pid_t pid = fork();
	if (pid == 0)
		execute(hook, argv, hook->env_set ? env : environ, bundle, state, output);
	if (pid < 0)
		return error_set(err, errno, "fork");
	int result = process_open(pid, ret, err);
	if (result < 0) { /* no descriptor left: nobody could wait for it */
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0); /* our child, and it is dying */
	}
	return result;
}

static int run_one(const struct spec_hook *hook, const char *bundle, const char *document, size_t length,
		   struct error *err)
{
	autoclose int state = -1, read_end = -1, write_end = -1;
	autotext struct text output = TEXT_EMPTY;
	struct pidfd process = { .fd = -1 };
	int pipe_fds[2], status = 0;

	int result = fd_memfd("state", document, length, 0, 0, &state, err);
	if (result < 0)
		return result;
	if (lseek(state, 0, SEEK_SET) < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	read_end = pipe_fds[0];
	write_end = pipe_fds[1];
	if (fcntl(read_end, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "pipe");
	result = start(hook, bundle, state, write_end, &process, err);
	if (result < 0)
		return result;
	(void)close(take_fd(&write_end));
	int watched = watch(&process, read_end, hook, &output, err);
	if (watched < 0)
		(void)sys_pidfd_send_signal(process.fd, SIGKILL, NULL, 0); /* it may have ended meanwhile */
	struct error ignored;
	int reaped = process_reap(&process, &status, &ignored);
	(void)close(process.fd);
	if (watched < 0)
		return watched;
	if (reaped < 0) {
		*err = ignored;
		return reaped;
	}
	while (output.length > 0 && (output.data[output.length - 1] == '\n'))
		output.data[--output.length] = '\0';
	if (status == 127 && access(hook->path, X_OK) < 0)
		return error_set(err, errno, "exec \"%s\"", hook->path);
	if (status > 128)
		return error_set(err, 0, "signal: %d, stdout: , stderr: %s", status - 128,
				 output.length ? output.data : "");
	if (status != 0)
		return error_set(err, 0, "exit status %d, stdout: , stderr: %s", status,
				 output.length ? output.data : "");
	return 0;
}

int hooks_run(const struct spec_hook_list *list, enum spec_hook_kind kind, const struct hooks_state *state,
	      const char *status, pid_t pid, const char *bundle, struct text *warnings, struct error *err)
{
	autotext struct text document = TEXT_EMPTY;

	if (list->count == 0)
		return 0;
	text_append(&document, state->head.data);
	text_format(&document, "%s\",\"pid\":%d", status, (int)pid);
	text_append(&document, state->tail.data);
	int result = text_done(&document, err);
	if (result < 0)
		return result;
	for (size_t i = 0; i < list->count; i++) {
		result = run_one(&list->items[i], bundle, document.data, document.length, err);
		if (result == 0)
			continue;
		result = error_add(err, "error running %s hook #%zu", spec_hook_names[kind], i);
		if (warnings == NULL)
			return result;
		text_format(warnings, "%s\n", err->text);
	}
	return 0;
}
