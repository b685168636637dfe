/* Taking programs apart and merging them: known programs, and thousands of made-up ones. */
#include "runtime/linux/seccomp_merge.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime/linux/seccomp_format.h"
#include "tests/unit/check.h"

#define LD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define AND(mask) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask)
#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)
#define JEQ(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, jt, jf)
#define JGE(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k, jt, jf)
#define JGT(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, k, jt, jf)
#define JSET(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, k, jt, jf)
#define NR 0
#define ARCH 4
#define ARG 16
#define X86 AUDIT_ARCH_I386
#define X64 AUDIT_ARCH_X86_64

#define PROGRAM(array) ((struct bpf_program){ .count = ARRAY_LEN(array), .instructions = array })

static uint32_t answer(const struct bpf_program *program, uint32_t arch, uint32_t nr, uint64_t arg)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { arg } };

	return seccomp_bpf_run(program, &data);
}

static void running(void)
{
	const struct sock_filter code[] = { LD(ARG),
					    AND(0xf0),
					    JEQ(0x30, 0, 1),
					    RET(1),
					    JGT(0x50, 0, 1),
					    RET(2),
					    JGE(0x50, 0, 1),
					    RET(3),
					    JSET(0x10, 0, 1),
					    RET(4),
					    BPF_STMT(BPF_JMP | BPF_JA, 1),
					    RET(5),
					    RET(6) };
	struct bpf_program program = PROGRAM(code);

	CHECK_INT(answer(&program, 0, 0, 0x3f), 1);
	CHECK_INT(answer(&program, 0, 0, 0x60), 2);
	CHECK_INT(answer(&program, 0, 0, 0x5a), 3);
	CHECK_INT(answer(&program, 0, 0, 0x1a), 4);
	CHECK_INT(answer(&program, 0, 0, 0x20), 6);
}

static void taking_apart(void)
{
	/* Numbers 3, 4, 5 of X64 fare alike, 7 depends on an argument, 8 seems to. */
	const struct sock_filter code[] = {
		LD(ARCH),     JEQ(X64, 0, 13), LD(NR),       JEQ(3, 12, 0), JEQ(5, 11, 0), JEQ(4, 10, 0),
		JEQ(7, 0, 3), LD(ARG),         JEQ(1, 0, 5), RET(9),        JEQ(8, 0, 3),  LD(ARG),
		JEQ(2, 1, 0), RET(1),          RET(1),       RET(0),        RET(2),
	};
	struct bpf_program program = PROGRAM(code);
	struct bpf_decisions decisions;
	struct error err;

	CHECK(seccomp_format_sane(code, ARRAY_LEN(code)));
	CHECK_INT(seccomp_bpf_decide(&program, &decisions, &err), 0);
	const struct bpf_node *nodes = decisions.graph.nodes;
	CHECK_INT(decisions.section_count, 1);
	CHECK_INT(decisions.sections[0].arch, X64);
	CHECK_INT(decisions.sections[0].count, 5); /* 0-2, 3-5, 6, 7, 8- */
	CHECK_INT(seccomp_bpf_find(&decisions, X64, 3), seccomp_bpf_find(&decisions, X64, 5));
	CHECK_INT(seccomp_bpf_find(&decisions, X64, 3), seccomp_bpf_find(&decisions, X64, 4));
	CHECK_INT(nodes[seccomp_bpf_find(&decisions, X64, 4)].value, 2);
	CHECK_INT(seccomp_bpf_find(&decisions, X64, 0), seccomp_bpf_find(&decisions, X64, 6));
	CHECK_INT(seccomp_bpf_find(&decisions, X64, 8), seccomp_bpf_find(&decisions, X64, 0xffffffff));
	const struct bpf_node *seven = &nodes[seccomp_bpf_find(&decisions, X64, 7)];
	CHECK(!seven->action);
	CHECK_INT(seven->offset, ARG);
	CHECK_INT(nodes[seven->yes].value, 9);
	CHECK_INT(nodes[decisions.other].value, 0);
	CHECK_INT(seccomp_bpf_find(&decisions, X86, 3), decisions.other);
	seccomp_bpf_release(&decisions);
}

static void strange_programs(void)
{
	static const struct sock_filter computes[] = { LD(NR), AND(7), JEQ(1, 0, 1), RET(1), RET(2) };
	static const struct sock_filter bits[] = { LD(NR), JSET(3, 0, 1), RET(1), RET(2) };
	static const struct sock_filter greater[] = { LD(ARCH), JGT(X86, 0, 1), RET(1), RET(2) };
	static const struct sock_filter no_load[] = { JEQ(1, 0, 1), RET(1), RET(2) };
	static const struct sock_filter unknown[] = { LD(NR), JEQ(1, 0, 1), RET(1), RET(2) };
	static const struct {
		struct bpf_program program;
		const char *words;
	} rows[] = {
		{ PROGRAM(computes), "computes" },
		{ PROGRAM(bits), "several bits" },
		{ PROGRAM(greater), "more than equality" },
		{ PROGRAM(no_load), "before it loads" },
		{ PROGRAM(unknown), "unknown architectures" },
	};
	struct bpf_decisions decisions;
	struct sock_filter *merged;
	struct error err;
	size_t count;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(seccomp_format_sane(rows[i].program.instructions, rows[i].program.count));
		CHECK_INT(seccomp_bpf_decide(&rows[i].program, &decisions, &err), -EOPNOTSUPP);
		CHECK_HAS(err.text, rows[i].words);
		CHECK_INT(seccomp_merge_make(&rows[i].program, X64, &merged, &count, &err), -EOPNOTSUPP);
	}
}

/* A number of X64 that the merged program gets wrong must be found. */
static void verify_finds_differences(void)
{
	struct sock_filter code[] = { LD(ARCH),    JEQ(X64, 0, 6), LD(NR),  JEQ(321, 0, 5),
				      LD(ARG + 4), JEQ(0, 0, 3),   LD(ARG), JGT(77, 2, 1),
				      RET(0),      RET(1),         RET(2) };
	const struct bpf_program before = PROGRAM(code);
	struct error err = { 0 };

	CHECK(seccomp_format_sane(code, ARRAY_LEN(code)));
	CHECK_INT(seccomp_merge_verify(&before, &before, &err), 0);
	static const struct {
		size_t at;
		uint32_t k;
	} changes[] = {
		{ 1, X86 }, { 3, 322 }, { 5, 1 }, { 7, 78 }, { 7, 76 }, { 8, 7 }, { 9, 7 }, { 10, 7 },
	};
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct sock_filter changed[ARRAY_LEN(code)];
		const struct bpf_program after = PROGRAM(changed);

		memcpy(changed, code, sizeof(code));
		changed[changes[i].at].k = changes[i].k;
		CHECK_INT(seccomp_merge_verify(&before, &after, &err), -EINVAL);
		CHECK_HAS(err.text, "the merged filter says");
	}
}

/* --- made-up programs ------------------------------------------------------------------------------- */

static uint64_t random_state = 42;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33) % limit;
}

static const uint32_t archs[] = { X64, X86, 0xc00000b7, 0x1234 }; /* the last is in no program */
static const uint32_t arguments[] = { 0, 1, 2, 0x10, 0xff, 0x100, 0x80000000, 0xffffffff };

static uint32_t random_number(void)
{
	return random_below(8) == 0 ? 0x40000000U + random_below(20) : random_below(40);
}

/* Put one block at code[0..2]: load a word, maybe mask it, test it, jump to somewhere behind. */
static void make_block(struct sock_filter *code, uint8_t yes, uint8_t no)
{
	static const uint16_t tests[] = { BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE };
	bool argument = random_below(3) == 0;
	uint16_t jump = tests[random_below(4)];
	uint32_t k = argument ? arguments[random_below(8)] : random_number();

	if (random_below(6) == 0) {
		jump = BPF_JSET;
		k = argument ? k : 0x40000000U;
	}
	code[0] = (struct sock_filter)LD(argument ? ARG + 4 * random_below(3) : NR);
	code[1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0);
	if (argument && random_below(2) == 0)
		code[1] = (struct sock_filter)AND(arguments[4 + random_below(4)]);
	code[2] = (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | jump), k, yes, no);
}

/*
 * A program like libseccomp's, but wilder: architectures at the front, then blocks that jump to
 * later blocks or one of four actions at the end.
 */
static size_t make_program(struct sock_filter *code, uint32_t blocks)
{
	const uint32_t first = 10, end = first + 3 * blocks;
	size_t at = 0;

	for (size_t i = 0; i < 3; i++) {
		uint32_t start = first + 3 * random_below(blocks < 40 ? blocks : 40);

		code[at++] = (struct sock_filter)LD(ARCH);
		code[at++] = (struct sock_filter)JEQ(archs[i], 0, 1);
		code[at] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, start - (uint32_t)at - 1);
		at++;
	}
	code[at++] = (struct sock_filter)RET(0xdead);
	for (uint32_t i = 0; i < blocks; i++, at += 3) {
		uint8_t jumps[2];

		for (int side = 0; side < 2; side++) {
			uint32_t left = blocks - 1 - i, step = random_below(left < 12 ? left + 1 : 12);
			uint32_t target = step == left ? end + random_below(4) : first + 3 * (i + 1 + step);

			jumps[side] = (uint8_t)(target - (first + 3 * i + 3));
		}
		make_block(code + at, jumps[0], jumps[1]);
	}
	for (uint32_t i = 0; i < 4; i++)
		code[at++] = (struct sock_filter)RET(i << 16 | 1);
	return at;
}

static bool same_answers(const struct bpf_program *a, const struct bpf_program *b)
{
	struct seccomp_data data = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(archs); i++) {
		for (uint32_t n = 0; n < 66; n++) {
			data.arch = archs[i];
			data.nr = (int)(n < 42    ? n
					: n < 64  ? 0x40000000U + n - 42
					: n == 64 ? 0x3fffffffU
						  : 0xffffffffU);
			for (int try = 0; try < 20; try++) {
				uint32_t words[3];
				for (int w = 0; w < 3; w++)
					words[w] = arguments[random_below(8)] + random_below(3) - 1;
				memcpy(data.args, words, sizeof(words));
				if (seccomp_bpf_run(a, &data) != seccomp_bpf_run(b, &data))
					return false;
			}
		}
	}
	return true;
}

static void made_up_programs(void)
{
	static struct sock_filter code[1024];
	size_t merged_programs = 0, long_ones = 0;

	for (unsigned round = 0; round < 1500; round++) {
		struct bpf_program before = { .instructions = code }, after = { 0 };
		struct sock_filter *merged = NULL;
		struct error err = { 0 };

		before.count = make_program(code, 2 + random_below(round % 10 == 0 ? 200 : 20));
		CHECK(seccomp_format_sane(before.instructions, before.count));
		if (seccomp_merge_make(&before, archs[random_below(4)], &merged, &after.count, &err) < 0) {
			CHECK_INT(err.number,
				  EOPNOTSUPP); /* too entangled, or unknown architectures told apart */
			continue;
		}
		merged_programs++;
		long_ones += after.count > 300;
		after.instructions = merged;
		bool sane = seccomp_format_sane(merged, after.count);
		CHECK(sane);
		CHECK(sane && same_answers(&before, &after));
		free(merged);
	}
	CHECK(merged_programs > 500);
	CHECK(long_ones > 10);
}

/* So many ranges that tests must reach farther than 255 instructions. */
static void long_jumps(void)
{
	static struct sock_filter code[4000];
	struct bpf_program before = { .instructions = code }, after = { 0 };
	struct sock_filter *merged = NULL;
	struct error err = { 0 };
	size_t at = 0;

	code[at++] = (struct sock_filter)LD(ARCH);
	code[at++] = (struct sock_filter)JEQ(X64, 1, 0);
	code[at++] = (struct sock_filter)RET(0);
	code[at++] = (struct sock_filter)LD(NR);
	for (uint32_t nr = 0; nr < 1000; nr++) { /* a third of them shares a test of an argument */
		code[at++] = (struct sock_filter)JEQ(nr * 2 % 1000 + (nr >= 500), 0, 1);
		if (nr % 3 == 0) {
			code[at - 1].jf = 4;
			code[at++] = (struct sock_filter)LD(ARG);
			code[at++] = (struct sock_filter)JEQ(7, 0, 1);
			code[at++] = (struct sock_filter)RET(7);
			code[at++] = (struct sock_filter)RET(8);
		} else {
			code[at++] = (struct sock_filter)RET(100 + nr % 7);
		}
	}
	code[at++] = (struct sock_filter)RET(1);
	before.count = at;
	CHECK(seccomp_format_sane(code, at));
	CHECK_INT(seccomp_merge_make(&before, X64, &merged, &after.count, &err), 0);
	after.instructions = merged;
	bool sane = merged != NULL && seccomp_format_sane(merged, after.count);
	CHECK(sane);
	CHECK_INT(sane ? seccomp_merge_verify(&before, &after, &err) : -1, 0);
	CHECK(after.count > 1000 && after.count < before.count);
	free(merged);
}

static void too_long(void)
{
	static struct sock_filter code[20000];
	struct bpf_program before = { .instructions = code };
	struct sock_filter *merged = NULL;
	struct error err = { 0 };
	size_t at = 0, count = 0;

	code[at++] = (struct sock_filter)LD(ARCH);
	code[at++] = (struct sock_filter)JEQ(X64, 1, 0);
	code[at++] = (struct sock_filter)RET(0);
	code[at++] = (struct sock_filter)LD(NR);
	for (uint32_t nr = 0; nr < 5000; nr++) {
		code[at++] = (struct sock_filter)JEQ(nr, 0, 1);
		code[at++] = (struct sock_filter)RET(nr % 5);
	}
	code[at++] = (struct sock_filter)RET(1);
	before.count = at;
	CHECK_INT(seccomp_merge_make(&before, X64, &merged, &count, &err), -E2BIG);
	CHECK(merged == NULL);
}

static const struct test tests[] = {
	{ "a program is run", running },
	{ "a program is taken apart", taking_apart },
	{ "strange programs are refused", strange_programs },
	{ "verify finds differences", verify_finds_differences },
	{ "made-up programs keep their answers", made_up_programs },
	{ "long jumps", long_jumps },
	{ "a program too long for the kernel", too_long },
};
TEST_MAIN(tests)
