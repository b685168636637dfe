/*
 * unpack [-f] [-d] [-u] BLOB DIRECTORY [INDEX [DIGEST [DIFF-ID]]]: one layer by hull-unpack, for measuring
 * and for looking. DIRECTORY must be there. -f: flat; -d: with device nodes; -u: user.overlay.*.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oci/layer/unpack.h"

static int run(int argc, char **argv, struct error *err)
{
	struct unpack_request request = { .blob_size = UINT64_MAX,
					  .index = -1,
					  .limits = unpack_default_limits() };
	struct digest blob, diff;
	struct unpack_job job;
	struct unpack_result result;
	char text[DIGEST_TEXT_BYTES];
	int option;

	while ((option = getopt(argc, argv, "fdu")) != -1) {
		request.flat |= option == 'f';
		request.keep_devices |= option == 'd';
		request.user_xattr |= option == 'u';
	}
	argc -= optind;
	argv += optind;
	if (argc < 2)
		return error_set(err, 0,
				 "usage: unpack [-f] [-d] [-u] BLOB DIRECTORY [INDEX [DIGEST [DIFF-ID]]]");
	request.blob = open(argv[0], O_RDONLY | O_CLOEXEC);
	request.target = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (argc > 2 && *argv[2] != '\0')
		request.index = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (request.blob < 0 || request.target < 0)
		return error_set(err, 0, "cannot open what was named");
	if (argc > 3 && digest_parse(argv[3], &blob, err) < 0)
		return -1;
	if (argc > 4 && digest_parse(argv[4], &diff, err) < 0)
		return -1;
	request.blob_digest = argc > 3 ? &blob : NULL;
	request.diff_id = argc > 4 ? &diff : NULL;
	if (unpack_start(&request, &job, err) < 0 || unpack_wait(&job, &result, err) < 0)
		return -1;
	digest_format(&result.blob_digest, text);
	printf("digest %s\n", text);
	digest_format(&result.diff_id, text);
	printf("diff-id %s\n", text);
	printf("%s blob %llu tar %llu entries %llu disk %llu implied %llu lower-links %llu devices-skipped "
	       "%llu "
	       "xattrs-dropped %llu\n",
	       codec_name(result.codec), (unsigned long long)result.blob_bytes,
	       (unsigned long long)result.tar_bytes, (unsigned long long)result.entries,
	       (unsigned long long)result.files_bytes, (unsigned long long)result.implied,
	       (unsigned long long)result.lower_links, (unsigned long long)result.devices_skipped,
	       (unsigned long long)result.xattrs_dropped);
	return 0;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };

	if (run(argc, argv, &err) == 0)
		return 0;
	fprintf(stderr, "unpack: %s%s%s\n", err.text, err.number != 0 ? ": " : "",
		err.number != 0 ? strerror(err.number) : "");
	return 1;
}
