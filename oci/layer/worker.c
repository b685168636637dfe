/*
 * hull-unpack: takes one request, becomes three processes (pipeline.h), confines them, unpacks, answers.
 * Nothing of the blob is read before all are confined.
 */
#include "oci/layer/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/layer/confine.h"
#include "oci/layer/decode.h"
#include "oci/layer/extract.h"
#include "oci/layer/pipeline.h"
#include "oci/layer/tar.h"

#include "base/banned.h"

struct work {
	struct worker_request request;
	int fds[WORKER_FDS];
	int root;
	struct unpack_progress *progress;
	struct ring blob, decoded, tar;
	struct part {
		int socket; /* to it; in it, to the first */
		pid_t pid;
	} decoder, extractor;
};

static int receive(struct work *work, struct error *err)
{
	ssize_t length =
		fd_receive(WORKER_SOCKET, &work->request, sizeof(work->request), work->fds, WORKER_FDS, err);

	if (length < 0)
		return (int)length;
	if (length != (ssize_t)sizeof(work->request) || work->fds[WORKER_LIFE] < 0 ||
	    (work->fds[WORKER_INDEX] >= 0) != work->request.has_index)
		return error_set(err, EPROTO, "a request of another kind");
	void *map = mmap(NULL, sizeof(struct unpack_progress), PROT_READ | PROT_WRITE, MAP_SHARED,
			 work->fds[WORKER_PROGRESS], 0);
	if (map == MAP_FAILED)
		return error_set(err, errno, "map the progress");
	work->progress = map;
	return 0;
}

static int check_digest(const char *what, const struct digest *got, const struct digest *want,
			struct error *err)
{
	char got_text[DIGEST_TEXT_BYTES], want_text[DIGEST_TEXT_BYTES];

	if (digest_equal(got, want))
		return 0;
	digest_format(got, got_text);
	digest_format(want, want_text);
	return error_set(err, EBADMSG, "the %s is %s, not %s", what, got_text, want_text);
}

static int check_digests(const struct worker_request *request, const struct pipeline_result *piped,
			 struct error *err)
{
	int result = request->has_blob_digest ? check_digest("digest of the blob", &piped->blob_digest,
							     &request->blob_digest, err)
					      : 0;

	if (result == 0 && request->has_diff_id)
		result = check_digest("digest of the uncompressed layer", &piped->tar_digest,
				      &request->diff_id, err);
	return result;
}

static void drop(int *fd)
{
	cleanup_close(fd);
	*fd = -1;
}

/* Memory and root; memory first, because files are limited in size afterwards. */
static int prepare(struct work *work, struct error *err)
{
	const struct worker_request *request = &work->request;
	int result = ring_make(&work->blob, PIPELINE_BLOB_CHUNK_BYTES, err);

	if (result == 0)
		result = ring_make(&work->decoded, PIPELINE_TAR_CHUNK_BYTES, err);
	if (result == 0)
		result = ring_make(&work->tar, PIPELINE_TAR_CHUNK_BYTES, err);
	if (result == 0)
		result = confine_root(work->fds[WORKER_TARGET], request->keep_devices, request->limits.bytes,
				      request->limits.memory_bytes, &work->root, err);
	drop(&work->fds[WORKER_TARGET]); /* the way back to where the target is */
	/* These are this process's; who is born later can only read them. */
	if (result == 0)
		result = ring_map_writer(&work->blob, err);
	if (result == 0)
		result = ring_map_writer(&work->tar, err);
	return result;
}

/* --- the process that decompresses -------------------------------------------------------------------- */

static int start_decoding(struct work *work, struct error *err)
{
	drop(&work->root);
	drop(&work->fds[WORKER_INDEX]);
	int result = ring_map_reader(&work->blob, err);
	if (result == 0)
		result = ring_map_writer(&work->decoded, err);
	ring_close_memory(&work->blob);
	ring_close_memory(&work->decoded);
	ring_close_memory(&work->tar);
	return result == 0 ? confine_calls(CONFINE_DECODER, err) : result;
}

static int run_decoder(struct work *work)
{
	struct error err = { 0 };
	int result = start_decoding(work, &err);

	if (result == 0)
		return decode_run(work->decoder.socket, &work->blob, &work->decoded);
	ring_say_failed(work->decoder.socket, result, &err);
	ring_linger(work->decoder.socket);
	return 1;
}

/* --- the process that makes the tree ------------------------------------------------------------------ */

static int start_extracting(struct work *work, struct error *err)
{
	int result = ring_map_reader(&work->tar, err);

	ring_close_memory(&work->blob);
	ring_close_memory(&work->decoded);
	ring_close_memory(&work->tar);
	drop(&work->decoder.socket);
	return result == 0 ? confine_calls(CONFINE_EXTRACTOR, err) : result;
}

static int run_extractor(struct work *work)
{
	const struct extract_options options = {
		.keep_devices = work->request.keep_devices,
		.flat = work->request.flat,
		.max_entries = work->request.limits.entries,
		.max_bytes = work->request.limits.bytes,
		.progress = &work->progress->entries,
	};
	struct ring_reader reader = { .socket = work->extractor.socket, .ring = &work->tar };
	const struct tar_source source = ring_source(&reader);
	struct ring_message done = { .word = RING_DONE };
	struct error err = { 0 };
	struct tar *tar = NULL;
	int result = start_extracting(work, &err);

	if (result == 0)
		result = tar_open(&source, &tar, &err);
	if (result == 0)
		result = extract_run(tar, work->root, work->fds[WORKER_INDEX], &options, &done.extracted,
				     &err);
	if (result == 0)
		result = fd_send(work->extractor.socket, &done, sizeof(done), NULL, 0, &err);
	if (result < 0)
		ring_say_failed(work->extractor.socket, result, &err);
	ring_linger(work->extractor.socket);
	return result < 0;
}

/* --- the first, which starts them, reads and answers -------------------------------------------------- */

/* @run in a child that ends with this process. */
static int begin(struct work *work, int (*run)(struct work *), struct part *part, struct error *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "socketpair");
	part->pid = fork();
	if (part->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* cannot fail for a signal that exists */
		if (getppid() != parent)
			_exit(1);
		/* Neither the blob nor who waits for the answer is any business of a child's. */
		(void)close(WORKER_SOCKET); /* nothing was written to these */
		(void)close(pair[0]);
		drop(&work->fds[WORKER_BLOB]);
		part->socket = pair[1];
		_exit(run(work));
	}
	int number = errno;

	(void)close(pair[1]); /* nothing was written to it */
	part->socket = pair[0];
	return part->pid < 0 ? error_set(err, number, "fork") : 0;
}

/* What a part had to do is done or of no use any more, and it may be a stranger's by now. */
static void end(const struct part *part)
{
	if (part->pid <= 0)
		return;
	(void)kill(part->pid, SIGKILL); /* a child of ours that was not waited for */
	while (waitpid(part->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int start(struct work *work, struct error *err)
{
	int result = begin(work, run_decoder, &work->decoder, err);

	if (result == 0)
		result = begin(work, run_extractor, &work->extractor, err);
	if (result == 0)
		result = ring_map_reader(&work->decoded, err);
	ring_close_memory(&work->blob);
	ring_close_memory(&work->decoded);
	ring_close_memory(&work->tar);
	drop(&work->root);
	drop(&work->fds[WORKER_INDEX]);
	return result == 0 ? confine_calls(CONFINE_READER, err) : result;
}

static int unpack(struct work *work, struct unpack_result *ret, struct error *err)
{
	const struct worker_request *request = &work->request;
	const struct pipeline_request piping = {
		.blob = work->fds[WORKER_BLOB],
		.blob_size = request->blob_size,
		.blob_algorithm = request->has_blob_digest ? request->blob_digest.algorithm : DIGEST_SHA256,
		.tar_algorithm = request->has_diff_id ? request->diff_id.algorithm : DIGEST_SHA256,
		.max_bytes = request->limits.bytes,
		.max_ratio = request->limits.ratio,
		.ratio_excess = request->limits.ratio_excess,
		.progress_blob = &work->progress->blob_bytes,
		.progress_tar = &work->progress->tar_bytes,
		.decoder = work->decoder.socket,
		.extractor = work->extractor.socket,
		.blob_ring = &work->blob,
		.decoded = &work->decoded,
		.tar = &work->tar,
	};
	struct pipeline_result piped;
	int result = pipeline_run(&piping, &piped, err);

	if (result == 0)
		result = check_digests(request, &piped, err);
	if (result < 0)
		return result;
	*ret = (struct unpack_result){
		.blob_digest = piped.blob_digest,
		.diff_id = piped.tar_digest,
		.codec = piped.codec,
		.blob_bytes = piped.blob_bytes,
		.tar_bytes = piped.tar_bytes,
		.entries = piped.extracted.entries,
		.files_bytes = piped.extracted.files_bytes,
		.implied = piped.extracted.implied,
		.lower_links = piped.extracted.lower_links,
		.devices_skipped = piped.extracted.devices_skipped,
		.xattrs_dropped = piped.extracted.xattrs_dropped,
	};
	return 0;
}

int worker_main(void)
{
	struct work work = { .fds = { -1, -1, -1, -1, -1 },
			     .root = -1,
			     .blob = RING_NONE,
			     .decoded = RING_NONE,
			     .tar = RING_NONE,
			     .decoder = { .socket = -1 },
			     .extractor = { .socket = -1 } };
	struct worker_answer answer = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* cannot fail for a signal that exists */
	int result = receive(&work, &answer.error);
	if (result == 0)
		result = prepare(&work, &answer.error);
	if (result == 0)
		result = start(&work, &answer.error);
	if (result == 0)
		result = unpack(&work, &answer.result, &answer.error);
	end(&work.decoder);
	end(&work.extractor);
	answer.status = result < 0 ? result : 0;
	struct error ignored;
	/* Without a reader there is nobody to tell. */
	ignore_failure(fd_send(WORKER_SOCKET, &answer, sizeof(answer), NULL, 0, &ignored));
	return result < 0;
}
