/*
 * hull-seccomp: reads a profile's canonical bytes from standard input, writes the filter to standard
 * output, says on standard error what is wrong. Started by hull for a profile that is not cached
 * yet; keeps libseccomp out of hull's start-up and address space. It takes no arguments, reads no
 * environment and opens no file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/linux/seccomp_compile.h"
#include "runtime/linux/seccomp_format.h"

#include "base/banned.h"

static int answer(const struct sock_filter *instructions, size_t count, struct error *err)
{
	struct seccomp_answer_head head = { .magic = SECCOMP_ANSWER_MAGIC, .count = (uint32_t)count };
	int result = fd_write_all(STDOUT_FILENO, &head, sizeof(head), "standard output", err);

	if (result < 0)
		return result;
	return fd_write_all(STDOUT_FILENO, instructions, count * sizeof(*instructions), "standard output",
			    err);
}

static int compile_input(struct arena *arena, struct error *err)
{
	autotext struct text key = TEXT_EMPTY;
	autofree struct sock_filter *instructions = NULL;
	const struct spec_seccomp *profile;
	struct seccomp_format_maker maker;
	size_t count = 0;

	int result = fd_read_all(STDIN_FILENO, SECCOMP_FORMAT_MAX_KEY, "standard input", &key, err);
	if (result == 0)
		result = seccomp_format_decode(key.data, key.length, arena, &profile, &maker, err);
	if (result < 0)
		return result;
	if (strcmp(maker.hull_version, HULL_VERSION) != 0)
		return error_set(err, EINVAL, "this is version %s, asked by hull %s", HULL_VERSION,
				 maker.hull_version);
	result = seccomp_compile(profile, &instructions, &count, err);
	if (result < 0)
		return result;
	return answer(instructions, count, err);
}

int main(void)
{
	struct arena arena;
	struct error err = { 0 };

	arena_init(&arena, 64 * SECCOMP_FORMAT_MAX_KEY);
	int result = compile_input(&arena, &err);
	arena_release(&arena);
	if (result == 0)
		return 0;
	if (err.number != 0 && err.number != EINVAL)
		(void)fprintf(stderr, "%s: %s\n", err.text, strerror(err.number)); /* nobody else to tell */
	else
		(void)fprintf(stderr, "%s\n", err.text);
	/* 2: this profile cannot be a filter, 3: it is too long; 1: trouble of the machine's. */
	return err.number == E2BIG ? 3 : err.number == EINVAL ? 2 : 1;
}
