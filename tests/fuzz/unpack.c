/* Any bytes as a layer, unpacked by what hull-unpack runs, unconfined: what is beside it stays alone. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/remove.h"
#include "oci/layer/extract.h"
#include "oci/layer/index.h"
#include "tests/fuzz/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char box[] = "/dev/shm/hull-fuzz.XXXXXX";
	struct extract_options options = { .flat = length % 2, .max_entries = 1000, .max_bytes = 1 << 20 };
	autofree uint8_t *copy = headers_repair(bytes, length);
	struct headers_source memory = { copy, length };
	const struct tar_source source = { headers_next, &memory };
	struct extract_result result;
	struct index index;
	struct error err;
	struct stat all, file;
	struct tar *tar;

	if (copy == NULL || tar_open(&source, &tar, &err) < 0 || mkdtemp(box) == NULL)
		abort();
	autoclose int shm = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int top = open(box, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int paths = openat(top, "index", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int made = mkdirat(top, "target", 0700);
	autoclose int target = openat(top, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int unpacked = extract_run(tar, target, options.flat ? -1 : paths, &options, &result, &err);
	if (unpacked == 0 && !options.flat &&
	    (index_open(paths, &index, &err) < 0 || (index_close(&index), 0)))
		abort();
	tar_close(tar);
	if (made < 0 || fstat(top, &all) < 0 || all.st_nlink != 3 || fstat(paths, &file) < 0 ||
	    file.st_nlink != 1 || remove_tree(shm, strrchr(box, '/') + 1, &err) < 0)
		abort();
	return 0;
}
