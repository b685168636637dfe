/*
 * Starting hull-unpack and hearing from it; see unpack.h. What needs a power that the worker does not have is
 * done here, after it has ended: opaque marks are xattrs that take CAP_SYS_ADMIN. They are set by descriptor,
 * along paths without a symlink, because the index that names them was written by the worker.
 */
#include "oci/layer/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/program.h"
#include "base/text.h"
#include "oci/layer/index.h"
#include "oci/layer/worker.h"

#include "base/banned.h"

#define PROGRAM "hull-unpack"
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define MAX_NUMBER 4095 /* of an errno, as the kernel has it */

struct unpack_limits unpack_default_limits(void)
{
	/* Deflate makes at most 1032 bytes of one. */
	return (struct unpack_limits){ .entries = 2000000,
				       .bytes = 64 * GIB,
				       .ratio = 1000,
				       .ratio_excess = GIB,
				       .memory_bytes = 1024 * MIB };
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	(void)sigemptyset(&none); /* neither can fail */
	(void)sigfillset(&all);
	int number = posix_spawnattr_setsigmask(attributes, &none);
	if (number == 0)
		number = posix_spawnattr_setsigdefault(attributes, &all);
	if (number == 0)
		number = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return number;
}

/* Standard input, output and error are nothing; the socket is WORKER_SOCKET; the rest closes itself. */
static int set_files(posix_spawn_file_actions_t *actions, int socket)
{
	int number = posix_spawn_file_actions_adddup2(actions, socket, WORKER_SOCKET);

	for (int fd = 0; number == 0 && fd <= STDERR_FILENO; fd++) {
#ifdef HULL_SANITIZED
		if (fd == STDERR_FILENO)
			break; /* its reports */
#endif
		number = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	}
	return number;
}

static int spawn(const char *program, int socket, pid_t *ret, struct error *err)
{
	static char name[] = PROGRAM;
	char *argv[] = { name, NULL };
#ifdef HULL_SANITIZED
	char **environment = environ; /* its options */
#else
	char *environment[] = { NULL };
#endif
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int number = posix_spawn_file_actions_init(&actions);

	if (number != 0)
		return error_set(err, number, "start \"%s\"", program);
	number = posix_spawnattr_init(&attributes);
	if (number == 0) {
		number = set_attributes(&attributes);
		if (number == 0)
			number = set_files(&actions, socket);
		if (number == 0)
			number = posix_spawn(ret, program, &actions, &attributes, argv, environment);
		(void)posix_spawnattr_destroy(&attributes); /* cannot fail */
	}
	(void)posix_spawn_file_actions_destroy(&actions); /* cannot fail */
	return number == 0 ? 0 : error_set(err, number, "start \"%s\"", program);
}

/* A socket that is higher than any descriptor the worker gets by its number: dup2 keeps close-on-exec off. */
static int make_socket(int ret[2], struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "socketpair");
	autoclose int low = pair[1];
	int result = fd_dup(pair[1], WORKER_SOCKET + 1, &ret[1], err);
	if (result < 0) {
		(void)close(pair[0]); /* nothing was written through it */
		return result;
	}
	ret[0] = pair[0];
	return 0;
}

static int make_life(int *ret_ours, int *ret_theirs, struct error *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

/* Zeros that both sides see; sealed in its size, so that the worker cannot take pages away from this side. */
static int make_progress(int *ret_fd, const struct unpack_progress **ret_map, struct error *err)
{
	const struct unpack_progress zeros = { 0 };
	autoclose int fd = memfd_create("unpack", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, sizeof(zeros)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return error_set(err, errno, "make memory to share");
	void *map = mmap(NULL, sizeof(zeros), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return error_set(err, errno, "map memory to share");
	*ret_map = map;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int send_request(const struct unpack_request *request, int socket, int progress, int life,
			struct error *err)
{
	struct worker_request message = {
		.blob_size = request->blob_size,
		.has_blob_digest = request->blob_digest != NULL,
		.has_diff_id = request->diff_id != NULL,
		.has_index = request->index >= 0,
		.keep_devices = request->keep_devices,
		.flat = request->flat,
		.limits = request->limits,
	};
	const int fds[WORKER_FDS] = { [WORKER_BLOB] = request->blob,
				      [WORKER_TARGET] = request->target,
				      [WORKER_PROGRESS] = progress,
				      [WORKER_LIFE] = life,
				      [WORKER_INDEX] = request->index };

	if (request->blob_digest != NULL)
		message.blob_digest = *request->blob_digest;
	if (request->diff_id != NULL)
		message.diff_id = *request->diff_id;
	return fd_send(socket, &message, sizeof(message), fds,
		       request->index >= 0 ? WORKER_FDS : WORKER_INDEX, err);
}

static int start(const struct unpack_request *request, struct unpack_job *job, struct error *err)
{
	autotext struct text program = TEXT_EMPTY;
	autotext struct text directory = TEXT_EMPTY;
	autoclose int progress = -1, far = -1, life = -1;
	int pair[2] = { -1, -1 };
	pid_t pid = -1;
	int result = 0;

	if (request->program != NULL) {
		text_append(&program, request->program);
		result = text_done(&program, err);
	} else {
		result = program_directory(&directory, err);
		if (result == 0)
			result = program_find(directory.data, PROGRAM, &program, err);
	}
	if (result == 0)
		result = fd_dup(request->target, 0, &job->target, err);
	if (result == 0 && request->index >= 0)
		result = fd_dup(request->index, 0, &job->index, err);
	if (result == 0)
		result = make_progress(&progress, &job->progress, err);
	if (result == 0)
		result = make_life(&job->life, &life, err);
	if (result == 0)
		result = make_socket(pair, err);
	if (result < 0)
		return result;
	job->fd = pair[0];
	far = pair[1];
	result = spawn(program.data, far, &pid, err);
	if (result == 0)
		result = process_open(pid, &job->process, err);
	return result < 0 ? result : send_request(request, job->fd, progress, life, err);
}

int unpack_start(const struct unpack_request *request, struct unpack_job *ret, struct error *err)
{
	struct unpack_job job = UNPACK_JOB_NONE;

	job.user_xattr = request->user_xattr;
	job.flat = request->flat;
	int result = start(request, &job, err);
	if (result < 0) {
		unpack_kill(&job);
		return error_add(err, "unpack");
	}
	*ret = job;
	return 0;
}

static void release(struct unpack_job *job)
{
	const int fds[] = { job->fd, job->process.fd, job->life, job->target, job->index };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]); /* nothing was written through them here */
	}
	if (job->progress != NULL)
		(void)munmap((void *)(uintptr_t)job->progress, sizeof(*job->progress)); /* as it was mapped */
	*job = UNPACK_JOB_NONE;
}

/* The first process has ended, and the others are dying with it: until then they could write. */
static void wait_for_all(const struct unpack_job *job)
{
	struct pollfd life = { .fd = job->life }; /* only its end is asked for */

	while (poll(&life, 1, -1) < 0 && errno == EINTR)
		;
}

void unpack_kill(struct unpack_job *job)
{
	struct error ignored;
	int status;

	if (job->process.fd >= 0) {
		/* It may have ended by itself. */
		ignore_failure(process_signal(&job->process, SIGKILL, &ignored));
		ignore_failure(process_reap(&job->process, &status, &ignored));
		wait_for_all(job);
	}
	release(job);
}

/*
 * Who read the blob may be the blob's by now: nothing of its answer is an index, a length or a result before
 * it was looked at. What it says of the layer is believed, as the layer is its.
 */
static int take_answer(struct worker_answer *answer, struct unpack_result *ret, struct error *err)
{
	const struct unpack_result *result = &answer->result;

	answer->error.text[ERROR_TEXT_SIZE - 1] = '\0';
	if (answer->status < 0 && answer->status >= -MAX_NUMBER && answer->error.number >= 0 &&
	    answer->error.number <= MAX_NUMBER) {
		(void)error_set(err, answer->error.number, "%s", answer->error.text);
		return answer->status;
	}
	if (answer->status != 0 || (unsigned)result->codec >= CODEC_COUNT ||
	    (unsigned)result->blob_digest.algorithm >= DIGEST_ALGORITHM_COUNT ||
	    (unsigned)result->diff_id.algorithm >= DIGEST_ALGORITHM_COUNT)
		return error_set(err, EPROTO, "hull-unpack answered what cannot be");
	*ret = *result;
	return 0;
}

static int hear(struct unpack_job *job, struct unpack_result *ret, struct error *err)
{
	struct worker_answer answer;
	ssize_t length = fd_receive(job->fd, &answer, sizeof(answer), NULL, 0, err);
	struct error ignored;
	int status = 0;

	if (length != (ssize_t)sizeof(answer)) {
		ignore_failure(process_signal(&job->process, SIGKILL, &ignored));
		int result = process_reap(&job->process, &status, err);
		if (result < 0)
			return result;
		if (status > 128)
			return error_set(err, EPROTO, "hull-unpack was killed by signal %d", status - 128);
		return error_set(err, EPROTO, "hull-unpack ended with status %d and no answer", status);
	}
	/* It has said everything; what it may still do is of no interest. */
	int result = process_reap(&job->process, &status, err);
	if (result < 0)
		return result;
	return take_answer(&answer, ret, err);
}

static int mark(const struct unpack_job *job, const char *path, struct error *err)
{
	autoclose int fd = -1;
	int result = path_open_beneath(job->target, path, O_RDONLY | O_DIRECTORY, true, &fd, err);

	if (result == 0 &&
	    fsetxattr(fd, job->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0) < 0)
		result = error_set(err, errno, "mark \"%s\" opaque", path);
	return result;
}

static int mark_opaque(const struct unpack_job *job, struct error *err)
{
	struct index index;
	int result = index_open(job->index, &index, err);

	if (result < 0)
		return result;
	/* Not the top, number 0: overlayfs does not ask it; see assemble_bottom. */
	for (size_t i = 1; result == 0 && index.opaque > 0 && i < index.count; i++) {
		struct index_entry entry = index_at(&index, i);

		if ((entry.flags & INDEX_OPAQUE) != 0)
			result = mark(job, entry.path, err);
	}
	index_close(&index);
	return result;
}

int unpack_wait(struct unpack_job *job, struct unpack_result *ret, struct error *err)
{
	struct unpack_result got;
	int result = hear(job, &got, err);

	wait_for_all(job);
	if (result == 0 && job->index >= 0)
		result = mark_opaque(job, err);
	release(job);
	if (result < 0)
		return result;
	*ret = got;
	return 0;
}
