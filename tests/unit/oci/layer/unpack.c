/* hull-unpack as its callers know it: digests, limits, blobs that are broken, ends of every kind. */
#include "oci/layer/unpack.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "oci/layer/encoder.h"
#include "oci/layer/worker.h"
#include "tests/unit/oci/layer/support.h"

static void make_layer(struct text *tar)
{
	add_directory(tar, "dir");
	add_file(tar, "dir/file", "content");
	add(tar, TAR_HARDLINK, "dir/again", 0644, "dir/file");
	add(tar, TAR_HARDLINK, "dir/lower", 0644, "usr/bin/below");
	add_file(tar, "implied/file", "content");
	tar_write_end(tar);
}

static int compressed(const struct text *tar, enum codec codec, struct encoder_result *result)
{
	struct encoder *encoder;
	struct error err;
	int fd = memfd_create("blob", MFD_CLOEXEC);

	CHECK_INT(encoder_open(fd, codec, 0, &encoder, &err), 0);
	CHECK_INT(encoder_write(encoder, tar->data, tar->length, &err), 0);
	CHECK_INT(encoder_finish(encoder, result, &err), 0);
	encoder_close(encoder);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void all_codecs(void)
{
	autotext struct text tar = TEXT_EMPTY;

	make_layer(&tar);
	for (int codec = 0; codec < CODEC_COUNT; codec++) {
		struct encoder_result packed;
		struct unpack_result result;
		struct error err = { 0 };
		struct box box;
		int blob = compressed(&tar, (enum codec)codec, &packed);

		box_open(&box);
		struct unpack_request request = request_for(&box, blob);
		request.blob_size = packed.bytes;
		request.blob_digest = &packed.digest;
		request.diff_id = &packed.diff_id;
		CHECK_INT(run_request(&request, &result, &err), 0);
		CHECK(digest_equal(&result.blob_digest, &packed.digest));
		CHECK(digest_equal(&result.diff_id, &packed.diff_id));
		CHECK_INT(result.codec, codec);
		CHECK_INT(result.blob_bytes, packed.bytes);
		CHECK_INT(result.tar_bytes, tar.length);
		CHECK_INT(result.entries, 5);
		CHECK_INT(result.implied, 1);
		CHECK_INT(result.lower_links, 1);
		CHECK(result.files_bytes >= 8192);
		CHECK_STR(content_of(box.target, "dir/again"), "content");
		CHECK_INT(mode_of(box.target, ""), 0);
		struct stat status;
		CHECK(fstat(box.target, &status) == 0 && status.st_mode == (S_IFDIR | 0755));
		box_close(&box);
		close(blob);
	}
}

static void both_algorithms(void)
{
	autotext struct text tar = TEXT_EMPTY;
	struct digest sha512, sha256;
	struct unpack_result result;
	struct error err = { 0 };
	struct box box;

	make_layer(&tar);
	digest_of(DIGEST_SHA512, tar.data, tar.length, &sha512);
	digest_of(DIGEST_SHA256, tar.data, tar.length, &sha256);
	box_open(&box);
	int blob = memory_file(tar.data, tar.length);
	struct unpack_request request = request_for(&box, blob);
	request.blob_digest = &sha512;
	request.diff_id = &sha256;
	CHECK_INT(run_request(&request, &result, &err), 0);
	CHECK(digest_equal(&result.diff_id, &sha256));
	close(blob);
	box_close(&box);
}

/* Through a pipe, bit by bit, while it is watched. */
static void streamed(void)
{
	autotext struct text tar = TEXT_EMPTY;
	struct encoder_result packed;
	struct unpack_result result;
	struct unpack_job job;
	struct error err = { 0 };
	struct box box;
	char byte;
	int pipe_fds[2];

	make_layer(&tar);
	int blob = compressed(&tar, CODEC_GZIP, &packed);
	box_open(&box);
	CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0);
	struct unpack_request request = request_for(&box, pipe_fds[0]);
	request.diff_id = &packed.diff_id;
	CHECK_INT(unpack_start(&request, &job, &err), 0);
	close(pipe_fds[0]);
	CHECK_INT(poll(&(struct pollfd){ .fd = job.fd, .events = POLLIN }, 1, 20), 0);
	while (read(blob, &byte, 1) == 1)
		CHECK(write(pipe_fds[1], &byte, 1) == 1);
	close(pipe_fds[1]);
	CHECK_INT(poll(&(struct pollfd){ .fd = job.fd, .events = POLLIN }, 1, 10000), 1);
	CHECK_INT(job.progress->blob_bytes, packed.bytes);
	CHECK_INT(job.progress->tar_bytes, tar.length);
	CHECK_INT(job.progress->entries, 5);
	CHECK_INT(unpack_wait(&job, &result, &err), 0);
	CHECK_INT(job.fd, -1);
	unpack_kill(&job); /* of a released job: nothing */
	close(blob);
	box_close(&box);
}

static void refuse(const struct unpack_request *request, int number, const char *words)
{
	struct unpack_result result;
	struct error err = { 0 };

	CHECK(lseek(request->blob, 0, SEEK_SET) == 0);
	CHECK(ftruncate(request->index, 0) == 0 && lseek(request->index, 0, SEEK_SET) == 0);
	CHECK_INT(run_request(request, &result, &err), number);
	CHECK_HAS(err.text, words);
}

static void mismatches(void)
{
	autotext struct text tar = TEXT_EMPTY;
	struct encoder_result packed;
	struct digest wrong;
	struct box box;
	char text[DIGEST_TEXT_BYTES];

	make_layer(&tar);
	int blob = compressed(&tar, CODEC_ZSTD, &packed);
	box_open(&box);
	struct unpack_request request = request_for(&box, blob);
	digest_of(DIGEST_SHA256, "x", 1, &wrong);
	request.blob_digest = &wrong;
	digest_format(&wrong, text);
	refuse(&request, -EBADMSG, text);
	digest_format(&packed.digest, text);
	refuse(&request, -EBADMSG, text);
	request.blob_digest = NULL;
	request.diff_id = &wrong;
	digest_format(&packed.diff_id, text);
	refuse(&request, -EBADMSG, text);
	request.diff_id = NULL;
	request.blob_size = packed.bytes + 1;
	refuse(&request, -EBADMSG, "bytes, not");
	request.blob_size = packed.bytes - 1;
	refuse(&request, -EBADMSG, "ends too early");
	close(blob);
	blob = memory_file("", 0);
	request.blob = blob;
	request.blob_size = UINT64_MAX;
	refuse(&request, -EBADMSG, "empty");
	close(blob);
	box_close(&box);
}

static void limits(void)
{
	autotext struct text tar = TEXT_EMPTY;
	struct encoder_result packed;
	struct box box;
	char *zeros = calloc(1, 8 << 20);

	make_layer(&tar);
	int blob = compressed(&tar, CODEC_GZIP, &packed);
	box_open(&box);
	struct unpack_request request = request_for(&box, blob);
	request.limits.entries = 4;
	refuse(&request, -EFBIG, "more than 4 entries");
	request.limits = unpack_default_limits();
	request.limits.bytes = 10;
	refuse(&request, -EFBIG, "more than 10 bytes");
	close(blob);
	/* One name, many directories. */
	tar.length = 0;
	add_file(&tar, "a/b/c/d/e/f/g/h", "");
	tar_write_end(&tar);
	blob = memory_file(tar.data, tar.length);
	request.blob = blob;
	request.limits = unpack_default_limits();
	request.limits.entries = 6;
	refuse(&request, -EFBIG, "implies more than 6 directories");
	close(blob);
	/* A bomb: 8 MiB of zeros, a thousandth of that as gzip. */
	tar.length = 0;
	const struct tar_entry entry = { .type = TAR_FILE, .path = "bomb", .size = 8 << 20 };
	tar_write_header(&entry, &tar);
	text_append_bytes(&tar, zeros, 8 << 20);
	blob = compressed(&tar, CODEC_GZIP, &packed);
	CHECK(packed.bytes < 10000);
	request.blob = blob;
	request.limits = unpack_default_limits();
	request.limits.ratio = 100;
	request.limits.ratio_excess = 1 << 20;
	refuse(&request, -EFBIG, "100 times");
	request.limits = unpack_default_limits();
	request.limits.memory_bytes = 1 << 20;
	struct unpack_result result;
	struct error err;
	CHECK(lseek(blob, 0, SEEK_SET) == 0);
#ifndef HULL_SANITIZED
	CHECK(run_request(&request, &result, &err) < 0);
#endif
	(void)result;
	(void)err;
	close(blob);
	free(zeros);
	box_close(&box);
}

static void ends(void)
{
	struct unpack_result result;
	struct unpack_job job, job2;
	struct error err = { 0 };
	struct box box;
	int pipe_fds[2];

	box_open(&box);
	CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0);
	struct unpack_request request = request_for(&box, pipe_fds[0]);
	/* Killed by us. */
	CHECK_INT(unpack_start(&request, &job, &err), 0);
	unpack_kill(&job);
	CHECK_INT(job.fd, -1);
	/* Killed by somebody, beside another one. */
	CHECK_INT(unpack_start(&request, &job, &err), 0);
	CHECK_INT(unpack_start(&request, &job2, &err), 0);
	CHECK_INT(process_signal(&job.process, SIGKILL, &err), 0);
	CHECK_INT(unpack_wait(&job, &result, &err), -EPROTO);
	CHECK_HAS(err.text, "signal 9");
	unpack_kill(&job2);
	/* Not there, not ours. */
	request.program = "/nonexistent/hull-unpack";
	CHECK_INT(unpack_start(&request, &job, &err), -ENOENT);
	request.program = "/bin/true";
	int status = unpack_start(&request, &job, &err);
	if (status == 0)
		status = unpack_wait(&job, &result, &err);
	CHECK(status == -EPROTO || status == -EPIPE || status == -ECONNRESET);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	box_close(&box);
}

/* Started as hull-unpack, this program is one that a blob has taken over; blob_size says what it answers. */
enum {
	LONG_ERROR,
	NEGATIVE_ERROR,
	LARGE_NUMBER,
	LARGE_STATUS,
	POSITIVE_STATUS,
	NO_CODEC,
	NO_ALGORITHM,
	LIES
};

__attribute__((constructor)) static void pretend(int argc, char **argv)
{
	struct worker_answer answer = { .status = -EBADMSG, .error = { .number = EBADMSG, .length = 3 } };
	struct worker_request request;

	if (argc != 1 || strcmp(argv[0], "hull-unpack") != 0)
		return;
	if (recv(WORKER_SOCKET, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
		_exit(1);
	memset(answer.error.text, 'x', sizeof(answer.error.text));
	if (request.blob_size == LONG_ERROR)
		answer.error.length = 1 << 20;
	if (request.blob_size == NEGATIVE_ERROR)
		answer.error.length = -100;
	if (request.blob_size == LARGE_NUMBER)
		answer.error.number = INT32_MIN;
	if (request.blob_size == LARGE_STATUS)
		answer.status = INT32_MIN;
	if (request.blob_size >= POSITIVE_STATUS)
		answer.status = request.blob_size == POSITIVE_STATUS;
	if (request.blob_size == NO_CODEC)
		answer.result.codec = (enum codec)1000;
	if (request.blob_size == NO_ALGORITHM)
		answer.result.diff_id.algorithm = (enum digest_algorithm) - 1;
	_exit(send(WORKER_SOCKET, &answer, sizeof(answer), 0) < 0);
}

static void workers_that_lie(void)
{
	for (int kind = LONG_ERROR; kind <= LIES; kind++) {
		struct unpack_result result;
		struct error err = { 0 };
		struct box box;

		box_open(&box);
		struct unpack_request request = request_for(&box, box.index);
		request.program = "/proc/self/exe";
		request.index = -1;
		request.blob_size = (uint64_t)kind;
		int status = run_request(&request, &result, &err);
		CHECK_INT(status, kind <= NEGATIVE_ERROR ? -EBADMSG : kind < LIES ? -EPROTO : 0);
		CHECK(err.length >= 0 && err.length < ERROR_TEXT_SIZE);
		CHECK(err.number >= 0 && err.number < 4096);
		CHECK(status == 0 || strlen(err.text) == (size_t)err.length);
		box_close(&box);
	}
}

static const struct test tests[] = {
	{ "layers of every codec, with their digests", all_codecs },
	{ "a digest of each algorithm", both_algorithms },
	{ "a blob that comes bit by bit", streamed },
	{ "digests and sizes that are not as they should be", mismatches },
	{ "limits", limits },
	{ "workers that end otherwise", ends },
	{ "workers that answer what cannot be", workers_that_lie },
};
TEST_MAIN(tests)
