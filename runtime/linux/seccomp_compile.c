/* From profile to program through libseccomp; see seccomp_compile.h. */
#include "runtime/linux/seccomp_compile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/linux/seccomp_format.h"
#include "runtime/linux/seccomp_merge.h"

#include "base/banned.h"

#if defined(__x86_64__)
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

#define X32_BIT 0x40000000U
#define DEFAULT_ERRNO EPERM
#define MAX_ARCHS 32
/* libseccomp's own program may be longer than what the kernel takes: merged it may still fit. */
#define MAX_PLAIN_BYTES ((size_t)16 << 20)

static void release_context(const scmp_filter_ctx *context)
{
	if (*context != NULL)
		seccomp_release(*context);
}
#define autocontext __attribute__((cleanup(release_context)))

static uint32_t action_value(enum spec_seccomp_action action, const struct opt_u32 *errno_ret)
{
	uint32_t number = errno_ret->set ? errno_ret->value : DEFAULT_ERRNO;

	switch (action) {
	case SC_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case SC_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case SC_TRAP:
		return SCMP_ACT_TRAP;
	case SC_ERRNO:
		return SCMP_ACT_ERRNO(number);
	case SC_TRACE:
		return SCMP_ACT_TRACE(number);
	case SC_ALLOW:
		return SCMP_ACT_ALLOW;
	case SC_LOG:
		return SCMP_ACT_LOG;
	case SC_NOTIFY:
		return SCMP_ACT_NOTIFY;
	case SC_ACTION_COUNT:
		break;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static const enum scmp_compare comparisons[] = {
	[SC_NE] = SCMP_CMP_NE,
	[SC_LT] = SCMP_CMP_LT,
	[SC_LE] = SCMP_CMP_LE,
	[SC_EQ] = SCMP_CMP_EQ,
	[SC_GE] = SCMP_CMP_GE,
	[SC_GT] = SCMP_CMP_GT,
	[SC_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};
_Static_assert(ARRAY_LEN(comparisons) == SC_OP_COUNT, "every operator needs a row");

/* "SCMP_ARCH_PPC64LE" -> SCMP_ARCH_PPC64LE; 0 where this libseccomp does not know it. */
static uint32_t arch_token(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32];
	size_t length = 0;

	if (text_starts(name, prefix))
		name += sizeof(prefix) - 1;
	for (; name[length] != '\0' && length < sizeof(lower) - 1; length++)
		lower[length] = (char)tolower((unsigned char)name[length]);
	lower[length] = '\0';
	return seccomp_arch_resolve_name(lower);
}

/*
 * The architectures of the filter. libseccomp's time grows with the square of a filter's size, so
 * each gets a filter of its own, which is put behind a test of the architecture.
 */
struct arch {
	uint32_t token, audit_arch;
	bool x32;    /* the half of x86-64's numbers that has the x32 bit; x32 has no AUDIT_ARCH_* */
	bool listed; /* false: the native one, which the profile does not name */
	struct text program;
};

struct archs {
	size_t count;
	struct arch items[MAX_ARCHS]; /* the native one first */
};

static void archs_release(struct archs *archs)
{
	for (size_t i = 0; i < archs->count; i++)
		text_release(&archs->items[i].program);
}
#define autoarchs __attribute__((cleanup(archs_release)))

static void add_arch(struct archs *archs, uint32_t token, bool listed)
{
	for (size_t i = 0; i < archs->count; i++) {
		if (archs->items[i].token == token) {
			archs->items[i].listed = archs->items[i].listed || listed;
			return;
		}
	}
	if (archs->count == MAX_ARCHS)
		return; /* there are fewer than that */
	bool x32 = token == SCMP_ARCH_X32;
	archs->items[archs->count++] = (struct arch){
		.token = token,
		.audit_arch = x32 ? AUDIT_ARCH_X86_64 : token,
		.x32 = x32,
		.listed = listed,
	};
}

static void find_archs(const struct strings *names, struct archs *ret)
{
	add_arch(ret, seccomp_arch_native(), names->count == 0);
	for (size_t i = 0; i < names->count; i++) {
		uint32_t token = arch_token(names->items[i]);

		if (token != 0)
			add_arch(ret, token, true);
	}
}

static bool repeats_an_index(const struct spec_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		if ((seen & 1U << rule->args[i].index) != 0)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

static struct scmp_arg_cmp comparison(const struct spec_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = arg->index,
		.op = comparisons[arg->op],
		.datum_a = arg->value,
		.datum_b = arg->value_two,
	};
}

static int add_call(scmp_filter_ctx context, uint32_t action, int number, const char *name,
		    const struct scmp_arg_cmp *comparisons_of_rule, unsigned count, struct error *err)
{
	int result = seccomp_rule_add_array(context, action, number, count, comparisons_of_rule);

	if (result < 0 && result != -EEXIST) /* the very same rule is there already */
		return error_set(err, -result, "libseccomp: add a rule for %s", name);
	return 0;
}

static int add_rule(scmp_filter_ctx context, const struct spec_seccomp_rule *rule, uint32_t default_action,
		    struct error *err)
{
	uint32_t action = action_value(rule->action, &rule->errno_ret);
	bool separate = repeats_an_index(rule);
	struct scmp_arg_cmp together[6]; /* without repetition there are no more */
	int result = 0;

	if (action == default_action)
		return 0;
	for (size_t i = 0; i < rule->arg_count && !separate; i++)
		together[i] = comparison(&rule->args[i]);
	for (size_t n = 0; n < rule->names.count && result == 0; n++) {
		const char *name = rule->names.items[n];
		int number = seccomp_syscall_resolve_name(name);

		if (number == __NR_SCMP_ERROR)
			continue;
		if (!separate)
			result = add_call(context, action, number, name, together, (unsigned)rule->arg_count,
					  err);
		for (size_t i = 0; i < rule->arg_count && separate && result == 0; i++) {
			struct scmp_arg_cmp alone = comparison(&rule->args[i]);

			result = add_call(context, action, number, name, &alone, 1, err);
		}
	}
	return result;
}

/* --- ENOSYS for numbers that the profile cannot have known --------------------------------------------- */

static bool wants_enosys(const struct spec_seccomp *profile)
{
	switch (profile->default_action) {
	case SC_ALLOW:
	case SC_LOG:
	case SC_TRACE: /* a tracer that emulates must see everything */
		return false;
	case SC_ERRNO:
		return !profile->default_errno_ret.set || profile->default_errno_ret.value != ENOSYS;
	case SC_KILL_THREAD:
	case SC_KILL_PROCESS:
	case SC_TRAP:
	case SC_NOTIFY:
	case SC_ACTION_COUNT:
		break;
	}
	return true;
}

static uint32_t newest_number(const struct spec_seccomp *profile, uint32_t token)
{
	int newest = 0;

	for (size_t i = 0; i < profile->rule_count; i++) {
		const struct strings *names = &profile->rules[i].names;

		for (size_t n = 0; n < names->count; n++) {
			int number = seccomp_syscall_resolve_name_arch(token, names->items[n]);

			if (number > newest)
				newest = number;
		}
	}
	return (uint32_t)newest;
}

static void put(struct text *to, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	struct sock_filter instruction = { .code = code, .jt = jt, .jf = jf, .k = k };

	text_append_bytes(to, &instruction, sizeof(instruction));
}

/*
 * For each architecture: is it this one, is the number in its half (x86-64 has two), is it newer?
 * Readability over speed: the merged program answers all of it by its ranges.
 */
static void put_enosys_tests(struct text *to, const struct spec_seccomp *profile, const struct archs *archs)
{
	for (size_t i = 0; i < archs->count; i++) {
		const struct arch *arch = &archs->items[i];
		uint32_t newest = arch->listed ? newest_number(profile, arch->token) : 0;
		bool halves = arch->audit_arch == AUDIT_ARCH_X86_64;

		if (newest == 0)
			continue;
		put(to, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
		put(to, BPF_JMP | BPF_JEQ | BPF_K, 0, halves ? 4 : 3, arch->audit_arch);
		put(to, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
		if (halves)
			put(to, BPF_JMP | BPF_JSET | BPF_K, arch->x32 ? 0 : 2, arch->x32 ? 2 : 0, X32_BIT);
		put(to, BPF_JMP | BPF_JGT | BPF_K, 0, 1, newest);
		put(to, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	}
}

/* --- the whole ------------------------------------------------------------------------------------------ */

/* Append what libseccomp makes of @context. It only writes to descriptors. */
static int export_program(scmp_filter_ctx context, struct text *to, struct error *err)
{
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "memfd_create");
	int result = seccomp_export_bpf(context, fd);
	if (result < 0)
		return error_set(err, -result, "libseccomp: make the program");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "lseek");
	return fd_read_all(fd, MAX_PLAIN_BYTES, "seccomp program", to, err);
}

/* A context for @token alone; a new one has the native architecture. */
static int choose_arch(scmp_filter_ctx context, uint32_t token, struct error *err)
{
	int result = token == seccomp_arch_native() ? -EEXIST : seccomp_arch_add(context, token);

	if (result == 0)
		result = seccomp_arch_remove(context, seccomp_arch_native());
	if (result == -EDOM) /* R-215, see the header; the program stays empty */
		return result;
	if (result < 0 && result != -EEXIST)
		return error_set(err, -result, "libseccomp: add architecture %#x", token);
	return 0;
}

static int compile_arch(const struct spec_seccomp *profile, struct arch *arch, struct error *err)
{
	uint32_t default_action = action_value(profile->default_action, &profile->default_errno_ret);
	autocontext scmp_filter_ctx context = seccomp_init(default_action);

	if (context == NULL)
		return error_set(err, EINVAL, "libseccomp does not take the default action %#x",
				 default_action);
	int result = choose_arch(context, arch->token, err);
	if (result == -EDOM)
		return 0;
	for (size_t i = 0; i < profile->rule_count && result == 0; i++)
		result = add_rule(context, &profile->rules[i], default_action, err);
	return result == 0 ? export_program(context, &arch->program, err) : result;
}

/*
 * Send each foreign architecture to its program. What is left goes to the native one's, which kills
 * whatever is not its own. On x86-64 the number -1 (a tracer's "skip this call") is native.
 */
static void put_programs(struct text *to, const struct archs *archs)
{
	struct text behind = TEXT_EMPTY; /* of the programs that are sent to, in their order */
	size_t heads = 0;

	for (size_t i = 1; i < archs->count; i++)
		heads += archs->items[i].program.length == 0 ? 0 : archs->items[i].x32 ? 6 : 3;
	size_t native = archs->items[0].program.length / sizeof(struct sock_filter);
	for (size_t i = 1; i < archs->count; i++) {
		const struct arch *arch = &archs->items[i];
		size_t head = arch->x32 ? 6 : 3;

		if (arch->program.length == 0)
			continue;
		put(to, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
		put(to, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(head - 2), arch->audit_arch);
		if (arch->x32) {
			put(to, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
			put(to, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, UINT32_MAX);
			put(to, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
		}
		heads -= head;
		put(to, BPF_JMP | BPF_JA, 0, 0,
		    (uint32_t)(heads + native + behind.length / sizeof(struct sock_filter)));
		text_append_bytes(&behind, arch->program.data, arch->program.length);
	}
	text_append_bytes(to, archs->items[0].program.data, archs->items[0].program.length);
	text_append_bytes(to, behind.data, behind.length);
	to->failed = to->failed || behind.failed;
	text_release(&behind);
}

int seccomp_compile_plain(const struct spec_seccomp *profile, struct sock_filter **ret_instructions,
			  size_t *ret_count, struct error *err)
{
	autotext struct text program = TEXT_EMPTY;
	autoarchs struct archs archs = { 0 };
	int result = 0;

	find_archs(&profile->architectures, &archs);
	for (size_t i = 0; i < archs.count && result == 0; i++)
		result = compile_arch(profile, &archs.items[i], err);
	if (result < 0)
		return result;
	if (wants_enosys(profile))
		put_enosys_tests(&program, profile, &archs);
	put_programs(&program, &archs);
	result = text_done(&program, err);
	if (result < 0)
		return result;
	size_t count = program.length / sizeof(**ret_instructions);
	struct sock_filter *instructions = malloc(count * sizeof(*instructions));
	if (instructions == NULL)
		return error_set(err, ENOMEM, "keep the program");
	memcpy(instructions, program.data, count * sizeof(*instructions));
	*ret_instructions = instructions;
	*ret_count = count;
	return 0;
}

/* Replace the plain program by a merged one that is proven equal. */
static void try_to_merge(struct sock_filter **instructions, size_t *count)
{
	struct error ignored; /* the plain program is right in any case */
	struct bpf_program plain = { .count = *count, .instructions = *instructions };
	autofree struct sock_filter *merged = NULL;
	struct bpf_program shorter = { 0 };

	if (!seccomp_format_sane(plain.instructions, plain.count) ||
	    seccomp_merge_make(&plain, NATIVE_AUDIT_ARCH, &merged, &shorter.count, &ignored) < 0)
		return;
	shorter.instructions = merged;
	if (shorter.count >= plain.count || !seccomp_format_sane(merged, shorter.count) ||
	    seccomp_merge_verify(&plain, &shorter, &ignored) < 0)
		return;
	free(*instructions);
	*instructions = take_ptr(&merged);
	*count = shorter.count;
}

int seccomp_compile(const struct spec_seccomp *profile, struct sock_filter **ret_instructions,
		    size_t *ret_count, struct error *err)
{
	autofree struct sock_filter *instructions = NULL;
	size_t count = 0;
	int result = seccomp_compile_plain(profile, &instructions, &count, err);

	if (result < 0)
		return result;
	try_to_merge(&instructions, &count);
	if (count > BPF_MAXINSNS) /* not mergeable, or still too long */
		return error_set(err, E2BIG, "the filter has %zu instructions, more than the kernel's %d",
				 count, BPF_MAXINSNS);
	*ret_instructions = take_ptr(&instructions);
	*ret_count = count;
	return 0;
}
