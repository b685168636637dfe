/*
 * The bytes that hull, hull-seccomp and the filter cache share.
 *
 * The key: everything a filter depends on, written so that two different profiles never have the
 * same bytes: every number has its own place, every optional number its presence, every text and
 * list its length in front. hull-seccomp is given the key and nothing else, so a filter is a
 * function of its key. listenerPath and listenerMetadata are not in it: they say where a
 * notification goes and do not change one instruction, and they may differ for each container.
 *
 * The answer of hull-seccomp: struct seccomp_answer_head, then the instructions.
 *
 * Byte order and sizes are the machine's: neither key nor answer ever leaves it.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_FORMAT_H
#define HULL_RUNTIME_LINUX_SECCOMP_FORMAT_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec/spec.h"

struct text;

/* Raised whenever the key's layout or the generated code changes its meaning. */
#define SECCOMP_FORMAT_VERSION 1
/* A profile of more bytes would not fit into a filter anyway. */
#define SECCOMP_FORMAT_MAX_KEY ((size_t)1 << 20)
#define SECCOMP_FORMAT_MAX_INSTRUCTIONS BPF_MAXINSNS

#define SECCOMP_ANSWER_MAGIC 0x31465343U /* "CSF1" */
struct seccomp_answer_head {
	uint32_t magic;
	uint32_t count; /* of struct sock_filter behind it */
};

/* Who makes the filter: also part of the key. Borrows the texts. */
struct seccomp_format_maker {
	const char *hull_version, *library_version, *architecture;
};

/* Append the key of @profile made by @maker to @ret. Errors: -E2BIG, -ENOMEM. */
must_check int seccomp_format_encode(const struct spec_seccomp *profile,
				     const struct seccomp_format_maker *maker, struct text *ret,
				     struct error *err);
/*
 * Read a key back. Strict: every byte is accounted for, every enum in its range. The result and
 * @ret_maker live as long as @arena; listener_path and listener_metadata are NULL.
 * Errors: -EINVAL, -ENOMEM.
 */
must_check int seccomp_format_decode(const void *bytes, size_t length, struct arena *arena,
				     const struct spec_seccomp **ret, struct seccomp_format_maker *ret_maker,
				     struct error *err);
/*
 * True where @instructions are a program of the kind that seccomp(2) takes and libseccomp writes:
 * known opcodes, loads of aligned words of struct seccomp_data, jumps that stay inside, a return at
 * the end. How many they are is the caller's to check.
 */
bool seccomp_format_sane(const struct sock_filter *instructions, size_t count);
/* 64 bits that spread well over files and tell damage; no protection against an adversary. */
uint64_t seccomp_format_hash(const void *bytes, size_t length);

#endif
