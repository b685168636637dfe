/*
 * A smaller and faster program with the same answers. libseccomp tests every number of a profile by
 * itself; here neighbouring numbers that fare alike become one range, and each architecture a
 * balanced search over its ranges. For Podman's default profile that is a third of the instructions
 * and a third of the time in seccomp(2), which converts, compiles and tries out every instruction.
 *
 * The result is not trusted: seccomp_merge_verify runs both programs on whatever might tell them
 * apart, and the caller keeps the old program where they differ.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_MERGE_H
#define HULL_RUNTIME_LINUX_SECCOMP_MERGE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/linux/seccomp_bpf.h"

/*
 * Make the merged program. @native: the AUDIT_ARCH_* that gets the shortest way. The caller frees
 * *@ret_instructions. @program must be seccomp_format_sane.
 * Errors: -EOPNOTSUPP see seccomp_bpf_decide; -E2BIG the result would exceed BPF_MAXINSNS; -ENOMEM.
 */
must_check int seccomp_merge_make(const struct bpf_program *program, uint32_t native,
				  struct sock_filter **ret_instructions, size_t *ret_count,
				  struct error *err);
/*
 * Compare what @a and @b answer. For every architecture that @a names: the numbers 0 to 1099 (on
 * x86-64 with and without the x32 bit). For these and two unknown architectures: every other
 * constant of both programs and its neighbours, the ends of the ranges, and random numbers. Where
 * arguments matter, each with arguments that lie on the edges of the programs' tests.
 * Errors: -EINVAL they differ, with where; -EOPNOTSUPP; -ENOMEM.
 */
must_check int seccomp_merge_verify(const struct bpf_program *a, const struct bpf_program *b,
				    struct error *err);

#endif
