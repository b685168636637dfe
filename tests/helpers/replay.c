/*
 * The main() of a fuzzer without an engine: NAME runs each file of the directory corpus/NAME beside it once,
 * in a process of its own. One that aborts, or does not end in 20 seconds, is named; no seeds is a failure,
 * too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#define SECONDS 20
#define MAX_SEED ((size_t)1 << 20)

/* Never returns. */
static void run(const char *path)
{
	struct text text = TEXT_EMPTY;
	struct error err;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(fd, MAX_SEED, path, &text, &err) < 0)
		abort();
	(void)alarm(SECONDS);
	/* exactly as long as it is: a sanitizer sees what is read behind it */
	uint8_t *bytes = malloc(text.length == 0 ? 1 : text.length);
	if (bytes == NULL)
		abort();
	memcpy(bytes, text.length == 0 ? "" : text.data, text.length);
	(void)LLVMFuzzerTestOneInput(bytes, text.length);
	free(bytes);
	text_release(&text);
	exit(0);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	unsigned seeds = 0, bad = 0;
	const struct dirent *entry;

	if (argc != 1 || name == NULL)
		return 2;
	snprintf(directory, sizeof(directory), "%.*s/corpus%s", (int)(name - argv[0]), argv[0], name);
	DIR *corpus = opendir(directory);
	while (corpus != NULL && (entry = readdir(corpus)) != NULL) {
		int status = -1;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		pid_t child = fork();
		if (child == 0)
			run(path);
		if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
			printf("%s: status %d\n", path, status);
			bad++;
		}
		seeds++;
	}
	if (corpus != NULL)
		closedir(corpus);
	printf("%u seeds, %u failed\n", seeds, bad);
	return seeds == 0 || bad > 0;
}
