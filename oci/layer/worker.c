/*
 * hull-unpack: takes one request, confines itself, unpacks, answers. Nothing of the blob is read before it is
 * confined.
 */
#include "oci/layer/worker.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "oci/layer/confine.h"
#include "oci/layer/extract.h"
#include "oci/layer/pipeline.h"
#include "oci/layer/tar.h"

#include "base/banned.h"

struct work {
	struct worker_request request;
	int fds[WORKER_FDS];
	int root;
	struct unpack_progress *progress;
	struct pipeline *pipeline;
	struct tar *tar;
};

static int receive(struct work *work, struct error *err)
{
	ssize_t length =
		fd_receive(WORKER_SOCKET, &work->request, sizeof(work->request), work->fds, WORKER_FDS, err);

	if (length < 0)
		return (int)length;
	if (length != (ssize_t)sizeof(work->request) || work->fds[WORKER_PROGRESS] < 0 ||
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

/* Everything before the first byte of the blob. */
static int prepare(struct work *work, struct error *err)
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
	};
	int result = confine_root(work->fds[WORKER_TARGET], request->keep_devices, request->limits.bytes,
				  request->limits.memory_bytes, &work->root, err);

	/* The way back to where the target is. */
	(void)close(work->fds[WORKER_TARGET]);
	work->fds[WORKER_TARGET] = -1;
	if (result == 0)
		result = pipeline_open(&piping, &work->pipeline, err);
	if (result == 0)
		result = confine_calls(err);
	return result;
}

static int unpack(struct work *work, struct unpack_result *ret, struct error *err)
{
	const struct extract_options options = {
		.keep_devices = work->request.keep_devices,
		.flat = work->request.flat,
		.max_entries = work->request.limits.entries,
		.max_bytes = work->request.limits.bytes,
		.progress = &work->progress->entries,
	};
	const struct tar_source source = pipeline_source(work->pipeline);
	struct extract_result extracted;
	struct pipeline_result piped;

	pipeline_begin(work->pipeline);
	int result = tar_open(&source, &work->tar, err);
	if (result == 0)
		result = extract_run(work->tar, work->root, work->fds[WORKER_INDEX], &options, &extracted,
				     err);
	if (result == 0)
		result = pipeline_finish(work->pipeline, &piped, err);
	if (result == 0)
		result = check_digests(&work->request, &piped, err);
	if (result < 0)
		return result;
	*ret = (struct unpack_result){
		.blob_digest = piped.blob_digest,
		.diff_id = piped.tar_digest,
		.codec = piped.codec,
		.blob_bytes = piped.blob_bytes,
		.tar_bytes = piped.tar_bytes,
		.entries = extracted.entries,
		.files_bytes = extracted.files_bytes,
		.implied = extracted.implied,
		.lower_links = extracted.lower_links,
		.devices_skipped = extracted.devices_skipped,
		.xattrs_dropped = extracted.xattrs_dropped,
	};
	return 0;
}

int worker_main(void)
{
	struct work work = { .fds = { -1, -1, -1, -1 }, .root = -1 };
	struct worker_answer answer = { 0 };

	/* One arena: each further one would take 64 MiB of the address space that is allowed. */
	(void)mallopt(M_ARENA_MAX, 1);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* cannot fail for a signal that exists */
	int result = receive(&work, &answer.error);
	if (result == 0)
		result = prepare(&work, &answer.error);
	if (result == 0)
		result = unpack(&work, &answer.result, &answer.error);
	answer.status = result < 0 ? result : 0;
	struct error ignored;
	/* Without a reader there is nobody to tell. */
	ignore_failure(fd_send(WORKER_SOCKET, &answer, sizeof(answer), NULL, 0, &ignored));
	return result < 0;
}
