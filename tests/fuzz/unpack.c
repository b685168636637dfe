/* Any bytes as a layer, unpacked by what hull-unpack runs, not confined: what is beside the target stays
 * alone. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/remove.h"
#include "oci/layer/extract.h"
#include "oci/layer/index.h"
#include "tests/fuzz/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static char box[] = "/dev/shm/hull-fuzz.XXXXXX";
	static int top = -1;
	const struct extract_options options = { .flat = length % 2,
						 .max_entries = 1000,
						 .max_bytes = 1 << 20 };
	uint8_t *copy = headers_repair(bytes, length);
	struct headers_source memory = { copy, length };
	const struct tar_source source = { headers_next, &memory };
	struct extract_result result;
	struct index index;
	struct error err;
	struct stat status;
	struct tar *tar;

	if (top < 0 && (mkdtemp(box) == NULL || (top = open(box, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0))
		abort();
	if (copy == NULL || tar_open(&source, &tar, &err) < 0 || mkdirat(top, "target", 0700) < 0)
		abort();
	int target = openat(top, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file = openat(top, "index", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int unpacked = extract_run(tar, target, options.flat ? -1 : file, &options, &result, &err);
	if (unpacked == 0 && !options.flat &&
	    (index_open(file, &index, &err) < 0 || (index_close(&index), false)))
		abort();
	if (fstat(top, &status) < 0 || status.st_nlink != 3 || fstat(file, &status) < 0 ||
	    status.st_nlink != 1)
		abort();
	close(target), close(file), tar_close(tar), free(copy);
	if (remove_tree(top, "target", &err) < 0 || remove_tree(top, "index", &err) < 0)
		abort();
	return 0;
}
