/*
 * Profiles through libseccomp and the merging: what the resulting filter answers, compared with the
 * document's words, with one filter of libseccomp's for all architectures together, and with the
 * kernel that enforces it.
 */
#include "runtime/linux/seccomp_compile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/linux/seccomp_merge.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linux/podman_profile.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif
#define X32_BIT 0x40000000U
#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))

#define NAMES(...)                                                                                           \
	{                                                                                                    \
		.count = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),                           \
		.items = (const char *const[])                                                               \
		{                                                                                            \
			__VA_ARGS__                                                                          \
		}                                                                                            \
	}
#define RULES(...)                                                                                           \
	.rule_count = sizeof((const struct spec_seccomp_rule[]){ __VA_ARGS__ }) /                            \
		      sizeof(struct spec_seccomp_rule),                                                      \
	.rules = (const struct spec_seccomp_rule[])                                                          \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}
#define ARGS(...)                                                                                            \
	.arg_count =                                                                                         \
		sizeof((const struct spec_seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct spec_seccomp_arg),  \
	.args = (const struct spec_seccomp_arg[])                                                            \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

static struct bpf_program compiled(const struct spec_seccomp *profile)
{
	struct bpf_program program = { 0 };
	struct sock_filter *instructions = NULL;
	struct error err = { 0 };

	CHECK_INT(seccomp_compile(profile, &instructions, &program.count, &err), 0);
	CHECK_STR(err.text, "");
	program.instructions = instructions;
	return program;
}

static void program_free(struct bpf_program *program)
{
	free((void *)(uintptr_t)program->instructions);
}

static uint32_t answer_for(const struct bpf_program *program, uint32_t arch, uint32_t nr,
			   const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch };

	if (program->instructions == NULL)
		return 0xdeadbeef;
	memcpy(data.args, args, sizeof(data.args));
	return seccomp_bpf_run(program, &data);
}

static uint32_t answer(const struct bpf_program *program, uint32_t arch, uint32_t nr)
{
	return answer_for(program, arch, nr, (const uint64_t[6]){ 0 });
}

/* What a rule of this action makes of getpid, in a profile that allows the rest. */
static uint32_t action_of(enum spec_seccomp_action action, struct opt_u32 errno_ret)
{
	const struct spec_seccomp profile = {
		.default_action = action == SC_ALLOW ? SC_LOG : SC_ALLOW,
		RULES({ .names = NAMES("getpid"), .action = action, .errno_ret = errno_ret }),
	};
	struct bpf_program program = compiled(&profile);
	uint32_t result = answer(&program, NATIVE, __NR_getpid);

	CHECK_INT(answer(&program, NATIVE, __NR_getppid),
		  action == SC_ALLOW ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW);
	program_free(&program);
	return result;
}

static void actions(void)
{
	const struct opt_u32 none = { 0 }, seven = { .set = true, .value = 7 },
			     zero = { .set = true, .value = 0 };

	CHECK_INT(action_of(SC_KILL_THREAD, none), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(action_of(SC_KILL_PROCESS, none), SECCOMP_RET_KILL_PROCESS);
	CHECK_INT(action_of(SC_TRAP, none), SECCOMP_RET_TRAP);
	CHECK_INT(action_of(SC_ALLOW, none), SECCOMP_RET_ALLOW);
	CHECK_INT(action_of(SC_LOG, none), SECCOMP_RET_LOG);
	CHECK_INT(action_of(SC_NOTIFY, none), SECCOMP_RET_USER_NOTIF);
	CHECK_INT(action_of(SC_ERRNO, none), ERRNO(EPERM));
	CHECK_INT(action_of(SC_ERRNO, seven), ERRNO(7));
	CHECK_INT(action_of(SC_ERRNO, zero), ERRNO(0));
	CHECK_INT(action_of(SC_TRACE, none), SECCOMP_RET_TRACE | EPERM);
	CHECK_INT(action_of(SC_TRACE, seven), SECCOMP_RET_TRACE | 7);
}

static void default_action(void)
{
	struct spec_seccomp profile = {
		.default_action = SC_ERRNO,
		RULES({ .names = NAMES("getpid", "statx"), .action = SC_ALLOW }),
	};
	struct bpf_program program = compiled(&profile);

	CHECK_INT(answer(&program, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&program, NATIVE, __NR_getppid), ERRNO(EPERM));
	program_free(&program);
	profile.default_errno_ret = (struct opt_u32){ .set = true, .value = 99 };
	program = compiled(&profile);
	CHECK_INT(answer(&program, NATIVE, __NR_getppid), ERRNO(99));
	program_free(&program);
}

static void no_rules(void)
{
	const struct spec_seccomp profile = { .default_action = SC_ALLOW };
	struct bpf_program program = compiled(&profile);

	CHECK_INT(answer(&program, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&program, 0x1234, __NR_getpid), SECCOMP_RET_KILL);
	program_free(&program);
}

/* R-213, and rules that say what the default says anyway. */
static void unknown_and_redundant(void)
{
	const struct spec_seccomp profile = {
		.default_action = SC_ERRNO,
		RULES({ .names = NAMES("no_such_call", "getpid"), .action = SC_ALLOW },
		      { .names = NAMES("getppid"),
			.action = SC_ERRNO,
			.errno_ret = { .set = true, .value = EPERM } },
		      { .names = NAMES("getpid"), .action = SC_ALLOW },
		      { .names = NAMES("statx"), .action = SC_ALLOW }),
	};
	struct bpf_program program = compiled(&profile);

	CHECK_INT(answer(&program, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&program, NATIVE, __NR_getppid), ERRNO(EPERM));
	program_free(&program);
}

static void operators(void)
{
	static const uint64_t big = 0x100000005U; /* both halves matter */
	static const struct {
		enum spec_seccomp_op op;
		bool below, equal, above;
	} rows[] = {
		{ SC_NE, true, false, true },  { SC_LT, true, false, false }, { SC_LE, true, true, false },
		{ SC_EQ, false, true, false }, { SC_GE, false, true, true },  { SC_GT, false, false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct spec_seccomp profile = {
			.default_action = SC_ALLOW,
			RULES({ .names = NAMES("dup3"),
				.action = SC_ERRNO,
				ARGS({ 1, big, 0, rows[i].op }) }),
		};
		struct bpf_program program = compiled(&profile);
		static const uint64_t below[] = { big - 1, big - 0x100000000U, 0 },
				      above[] = { big + 1, big + 0x100000000U };

		for (size_t v = 0; v < ARRAY_LEN(below); v++)
			CHECK_INT(answer_for(&program, NATIVE, __NR_dup3, (uint64_t[6]){ 0, below[v] }) ==
					  ERRNO(EPERM),
				  rows[i].below);
		CHECK_INT(answer_for(&program, NATIVE, __NR_dup3, (uint64_t[6]){ 0, big }) == ERRNO(EPERM),
			  rows[i].equal);
		for (size_t v = 0; v < ARRAY_LEN(above); v++)
			CHECK_INT(answer_for(&program, NATIVE, __NR_dup3, (uint64_t[6]){ 0, above[v] }) ==
					  ERRNO(EPERM),
				  rows[i].above);
		program_free(&program);
	}
}

static void masked(void)
{
	const struct spec_seccomp profile = {
		.default_action = SC_ALLOW,
		RULES({ .names = NAMES("unshare"),
			.action = SC_ERRNO,
			ARGS({ 0, 0x7e020000, 0x10000000, SC_MASKED_EQ }) }),
	};
	struct bpf_program program = compiled(&profile);

	CHECK_INT(answer_for(&program, NATIVE, __NR_unshare, (uint64_t[6]){ 0x10000000 }), ERRNO(EPERM));
	CHECK_INT(answer_for(&program, NATIVE, __NR_unshare, (uint64_t[6]){ 0x10000011 }), ERRNO(EPERM));
	CHECK_INT(answer_for(&program, NATIVE, __NR_unshare, (uint64_t[6]){ 0x30000000 }), SECCOMP_RET_ALLOW);
	CHECK_INT(answer_for(&program, NATIVE, __NR_unshare, (uint64_t[6]){ 0 }), SECCOMP_RET_ALLOW);
	program_free(&program);
}

/* Different arguments must all match; several conditions on one are alternatives. */
static void several_arguments(void)
{
	const struct spec_seccomp profile = {
		.default_action = SC_ALLOW,
		RULES({ .names = NAMES("socket"),
			.action = SC_ERRNO,
			ARGS({ 0, 16, 0, SC_EQ }, { 2, 9, 0, SC_EQ }) },
		      { .names = NAMES("kill"),
			.action = SC_ERRNO,
			.errno_ret = { true, 5 },
			ARGS({ 1, 9, 0, SC_EQ }, { 1, 15, 0, SC_EQ }, { 0, 1, 0, SC_EQ }) }),
	};
	struct bpf_program program = compiled(&profile);

	CHECK_INT(answer_for(&program, NATIVE, __NR_socket, (uint64_t[6]){ 16, 0, 9 }), ERRNO(EPERM));
	CHECK_INT(answer_for(&program, NATIVE, __NR_socket, (uint64_t[6]){ 16, 0, 8 }), SECCOMP_RET_ALLOW);
	CHECK_INT(answer_for(&program, NATIVE, __NR_socket, (uint64_t[6]){ 15, 0, 9 }), SECCOMP_RET_ALLOW);
	CHECK_INT(answer_for(&program, NATIVE, __NR_kill, (uint64_t[6]){ 7, 9 }), ERRNO(5));
	CHECK_INT(answer_for(&program, NATIVE, __NR_kill, (uint64_t[6]){ 7, 15 }), ERRNO(5));
	CHECK_INT(answer_for(&program, NATIVE, __NR_kill, (uint64_t[6]){ 1, 10 }), ERRNO(5));
	CHECK_INT(answer_for(&program, NATIVE, __NR_kill, (uint64_t[6]){ 7, 10 }), SECCOMP_RET_ALLOW);
	program_free(&program);
}

static void enosys(void)
{
	struct spec_seccomp profile = {
		.default_action = SC_ERRNO,
		RULES({ .names = NAMES("getpid"), .action = SC_ALLOW },
		      /* Of any action, and even without an effect: the author knew it. */
		      { .names = NAMES("statx"), .action = SC_ERRNO }),
	};
	static const enum spec_seccomp_action strict[] = { SC_ERRNO, SC_KILL_THREAD, SC_KILL_PROCESS,
							   SC_TRAP };
	static const enum spec_seccomp_action kind[] = { SC_ALLOW, SC_LOG, SC_TRACE };

	for (size_t i = 0; i < ARRAY_LEN(strict); i++) {
		profile.default_action = strict[i];
		struct bpf_program program = compiled(&profile);
		CHECK_INT(answer(&program, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW);
		CHECK(answer(&program, NATIVE, __NR_statx) != ERRNO(ENOSYS));
		CHECK(answer(&program, NATIVE, __NR_statx - 1) != ERRNO(ENOSYS));
		CHECK_INT(answer(&program, NATIVE, __NR_statx + 1), ERRNO(ENOSYS));
		CHECK_INT(answer(&program, NATIVE, 0x3fffffff), ERRNO(ENOSYS));
		CHECK_INT(answer(&program, 0x1234, __NR_statx + 1), SECCOMP_RET_KILL);
		program_free(&program);
	}
	for (size_t i = 0; i < ARRAY_LEN(kind); i++) {
		profile.default_action = kind[i];
		struct bpf_program program = compiled(&profile);
		CHECK(answer(&program, NATIVE, __NR_statx + 1) != ERRNO(ENOSYS));
		program_free(&program);
	}
}

/* Architectures of the other byte order or newer than libseccomp are left out. */
static void impossible_architectures(void)
{
	const struct spec_seccomp profile = {
		.default_action = SC_ERRNO,
		.architectures =
			NAMES("SCMP_ARCH_S390X", "SCMP_ARCH_PPC", "SCMP_ARCH_SHEB", "SCMP_ARCH_AARCH64"),
		RULES({ .names = NAMES("getpid", "statx"), .action = SC_ALLOW }),
	};
	struct bpf_program program = compiled(&profile);

	CHECK_INT(answer(&program, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW); /* always in */
	CHECK_INT(answer(&program, AUDIT_ARCH_AARCH64, 172), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&program, AUDIT_ARCH_AARCH64, 173), ERRNO(EPERM));
	CHECK_INT(answer(&program, AUDIT_ARCH_S390X, 20), SECCOMP_RET_KILL);
	program_free(&program);
}

#if defined(__x86_64__)
static void x32(void)
{
	struct spec_seccomp profile = {
		.default_action = SC_ERRNO,
		RULES({ .names = NAMES("getpid", "statx"), .action = SC_ALLOW }),
	};
	struct bpf_program without = compiled(&profile);

	CHECK_INT(answer(&without, NATIVE, X32_BIT + __NR_getpid), SECCOMP_RET_KILL);
	CHECK_INT(answer(&without, NATIVE, X32_BIT + 500), SECCOMP_RET_KILL);
	program_free(&without);

	profile.architectures = (struct strings)NAMES("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32");
	struct bpf_program with = compiled(&profile);
	CHECK_INT(answer(&with, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&with, NATIVE, __NR_getppid), ERRNO(EPERM));
	CHECK_INT(answer(&with, NATIVE, X32_BIT + __NR_getpid), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&with, NATIVE, X32_BIT + __NR_getppid), ERRNO(EPERM));
	CHECK_INT(answer(&with, NATIVE, X32_BIT + __NR_statx + 1), ERRNO(ENOSYS));
	CHECK_INT(answer(&with, AUDIT_ARCH_I386, 20), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&with, AUDIT_ARCH_I386, 64), ERRNO(EPERM));
	CHECK_INT(answer(&with, AUDIT_ARCH_I386, 384), ERRNO(ENOSYS)); /* statx is 383 */
	program_free(&with);

	/* Only x32 is listed: the native architecture is in, but is not told ENOSYS. */
	profile.architectures = (struct strings)NAMES("SCMP_ARCH_X32");
	struct bpf_program only = compiled(&profile);
	CHECK_INT(answer(&only, NATIVE, __NR_getpid), SECCOMP_RET_ALLOW);
	CHECK_INT(answer(&only, NATIVE, __NR_statx + 1), ERRNO(EPERM));
	CHECK_INT(answer(&only, NATIVE, X32_BIT + __NR_statx + 1), ERRNO(ENOSYS));
	program_free(&only);
}

/* One context with every architecture: libseccomp's own idea of the whole. */
static void fill_together(scmp_filter_ctx context)
{
	for (size_t i = 0; i < podman_profile.rule_count; i++) {
		const struct spec_seccomp_rule *rule = &podman_rules[i];
		uint32_t action =
			rule->action == SC_ALLOW ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(rule->errno_ret.value);
		struct scmp_arg_cmp args[6];

		for (size_t a = 0; a < rule->arg_count; a++)
			args[a] =
				(struct scmp_arg_cmp){ rule->args[a].index,
						       rule->args[a].op == SC_EQ ? SCMP_CMP_EQ : SCMP_CMP_NE,
						       rule->args[a].value, 0 };
		for (size_t n = 0; n < rule->names.count; n++) {
			int number = seccomp_syscall_resolve_name(rule->names.items[n]);

			if (number != __NR_SCMP_ERROR)
				CHECK_INT(seccomp_rule_add_array(context, action, number,
								 (unsigned)rule->arg_count, args),
					  0);
		}
	}
}

static void podman_as_libseccomp_alone(void)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(podman_profile.default_errno_ret.value));
	int fd = memfd_create("together", MFD_CLOEXEC);
	autotext struct text bytes = TEXT_EMPTY;
	struct bpf_program merged = compiled(&podman_profile), together;
	struct error err = { 0 };

	CHECK_INT(seccomp_arch_add(context, SCMP_ARCH_X86), 0);
	CHECK_INT(seccomp_arch_add(context, SCMP_ARCH_X32), 0);
	fill_together(context);
	CHECK_INT(seccomp_export_bpf(context, fd), 0);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(fd_read_all(fd, 1 << 20, "together", &bytes, &err), 0);
	together = (struct bpf_program){ bytes.length / sizeof(struct sock_filter),
					 (struct sock_filter *)(void *)bytes.data };
	CHECK_INT(seccomp_merge_verify(&together, &merged, &err), 0);
	CHECK_STR(err.text, "");
	/* A third of it, and it stays so: the time in seccomp(2) is the point. */
	CHECK(merged.count <= 260);
	CHECK(together.count > 1000);
	seccomp_release(context);
	(void)close(fd);
	program_free(&merged);
}
#endif

/* Exactly as planned: plain and merged program differ in length alone. */
static void plain_and_merged(void)
{
	struct sock_filter *plain = NULL;
	struct bpf_program before = { 0 }, after = compiled(&podman_profile);
	struct error err = { 0 };

	CHECK_INT(seccomp_compile_plain(&podman_profile, &plain, &before.count, &err), 0);
	before.instructions = plain;
	CHECK(after.count < before.count);
	CHECK_INT(seccomp_merge_verify(&before, &after, &err), 0);
	CHECK_INT(seccomp_merge_verify(&after, &before, &err), 0);
	free(plain);
	program_free(&after);
}

/* In a child: load the filter, look at what the kernel makes of it. Returns the number of surprises. */
static int enforced(const struct bpf_program *program)
{
	struct sock_fprog loaded = { .len = (unsigned short)program->count,
				     .filter = (struct sock_filter *)(uintptr_t)program->instructions };
	int surprises = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) < 0)
		return 100;
	surprises += getpid() <= 0;
	errno = 0;
	surprises += syscall(SYS_acct, "/nonexistent") != -1 || errno != EPERM;
	errno = 0;
	surprises += syscall(SYS_personality, 0xffffffffU) < 0; /* allowed values are listed */
	errno = 0;
	surprises += syscall(SYS_personality, 0x0004000) != -1 || errno != ENOSYS; /* ADDR_COMPAT.. are not */
	errno = 0;
	surprises += syscall(SYS_socket, 16, 3, 9) != -1 || errno != EINVAL; /* AF_NETLINK, NETLINK_AUDIT */
	errno = 0;
	surprises += syscall(999) != -1 || errno != ENOSYS;
	return surprises;
}

static void the_kernel_agrees(void)
{
	struct bpf_program program = compiled(&podman_profile);
	int status = -1;
	(void)fflush(stdout);
	pid_t pid = fork();

	if (pid == 0)
		_exit(enforced(&program));
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	program_free(&program);
}

static void a_filter_too_long(void)
{
	static struct spec_seccomp_rule rules[3000];
	static struct spec_seccomp_arg args[3000];
	static const char *const names[] = { "ioctl" };
	struct spec_seccomp profile = { .default_action = SC_ALLOW,
					.rule_count = ARRAY_LEN(rules),
					.rules = rules };
	struct sock_filter *instructions = NULL;
	struct error err = { 0 };
	size_t count;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		args[i] = (struct spec_seccomp_arg){ .index = 1, .value = i * 0x300000007U, .op = SC_EQ };
		rules[i] = (struct spec_seccomp_rule){
			.names = { 1, names }, .action = SC_ERRNO, .arg_count = 1, .args = &args[i]
		};
	}
	CHECK_INT(seccomp_compile(&profile, &instructions, &count, &err), -E2BIG);
	CHECK(instructions == NULL);
}

static const struct test tests[] = {
	{ "every action, with its errno", actions },
	{ "the default action", default_action },
	{ "no rules at all", no_rules },
	{ "unknown calls and redundant rules (R-213)", unknown_and_redundant },
	{ "every comparison, on 64 bits", operators },
	{ "masked comparison", masked },
	{ "several arguments (R-214)", several_arguments },
	{ "calls newer than the profile get ENOSYS", enosys },
	{ "impossible architectures (R-215)", impossible_architectures },
#if defined(__x86_64__)
	{ "x32", x32 },
	{ "Podman's profile as libseccomp alone makes it", podman_as_libseccomp_alone },
#endif
	{ "plain and merged programs agree", plain_and_merged },
	{ "the kernel agrees", the_kernel_agrees },
	{ "a filter too long for the kernel", a_filter_too_long },
};
TEST_MAIN(tests)
