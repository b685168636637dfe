/*
 * A seccomp profile to a BPF program, by libseccomp. Part of hull-seccomp, never of hull: the only
 * file that knows libseccomp is seccomp_compile.c.
 *
 * Read like this (what runc does, unless said otherwise):
 * - Errno: errnoRet and defaultErrnoRet, EPERM where absent. For SCMP_ACT_TRACE they are the message
 *   that the tracer gets.
 * - Architectures: those listed, and the native one always. None listed: the native one alone. One
 *   that this libseccomp does not know, or of the other byte order (EDOM), cannot run here and is
 *   left out. A system call of any other architecture is killed, libseccomp's default.
 * - A rule for a system call that libseccomp does not know is skipped, so is one whose
 *   action is the default action anyway.
 * - Several arguments of one rule must all match; where two of them have the same index, each
 *   argument becomes a rule of its own.
 * - ENOSYS: programs probe for new system calls and fall back when they hear ENOSYS; EPERM breaks
 *   them. So a number newer than every one the profile names (in any rule, of any action) for its
 *   architecture answers ENOSYS, unless the default action is ALLOW, LOG or TRACE, or already
 *   ERRNO(ENOSYS). Only listed architectures are treated so (the native one where none is listed),
 *   and only where the profile names at least one system call that they have. On x86-64 numbers with
 *   the x32 bit (0x40000000) belong to x32: they are compared with the newest x32 number where x32 is
 *   listed, and left alone where not.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_COMPILE_H
#define HULL_RUNTIME_LINUX_SECCOMP_COMPILE_H

#include <linux/filter.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/spec/spec.h"

/*
 * libseccomp's own program for @profile, with the ENOSYS tests in front. The caller frees
 * *@ret_instructions. The program may be longer than the kernel's BPF_MAXINSNS.
 * Errors: -EINVAL what libseccomp refuses; -ENOMEM.
 */
must_check int seccomp_compile_plain(const struct spec_seccomp *profile,
				     struct sock_filter **ret_instructions, size_t *ret_count,
				     struct error *err);
/*
 * The same answers from fewer instructions (see seccomp_merge.h), or the plain program where merging
 * is not possible. Errors: as above; -E2BIG more than BPF_MAXINSNS.
 */
must_check int seccomp_compile(const struct spec_seccomp *profile, struct sock_filter **ret_instructions,
			       size_t *ret_count, struct error *err);

#endif
