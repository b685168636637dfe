/*
 * Device rules: what the list, version 1's exceptions and the eBPF program allow must be
 * what the document says. The program is run by an evaluator of the few instructions it has.
 */
#include <linux/bpf.h>
#include <stdlib.h>

#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"
#include "tests/unit/check.h"

#define N(v)                                                                                                 \
	{                                                                                                    \
		.set = true, .value = (v)                                                                    \
	}
#define ALL                                                                                                  \
	{                                                                                                    \
		.set = false                                                                                 \
	}
#define DENY_ALL                                                                                             \
	{                                                                                                    \
		false, 'a', ALL, ALL, true, true, true                                                       \
	}
#define ALLOW_ALL                                                                                            \
	{                                                                                                    \
		true, 'a', ALL, ALL, true, true, true                                                        \
	}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t field_of(int offset, char type, uint32_t major, uint32_t minor, unsigned access)
{
	return offset == 0   ? (access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR))
	       : offset == 4 ? major
			     : minor;
}

/* The program's answer, or -1 where it leaves its bounds or does what a program here never does. */
static int evaluate(const struct bpf_insn *program, size_t count, char type, uint32_t major, uint32_t minor,
		    unsigned access)
{
	uint64_t reg[6] = { 0 };

	for (size_t at = 0, steps = 0; at < count && steps <= count; at++, steps++) {
		const struct bpf_insn *i = &program[at];
		uint32_t value = (uint32_t)i->imm, *low;
		uint32_t dst = i->dst_reg < 6 ? (uint32_t)reg[i->dst_reg] : 0;

		if (i->dst_reg >= 6 || i->src_reg >= 6 || i->off < 0)
			return -1;
		low = &dst;
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			*low = field_of(i->off, type, major, minor, access);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			*low = (uint32_t)reg[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*low = value;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*low &= value;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*low >>= value;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			at += dst != value ? (size_t)i->off : 0;
			continue;
		case BPF_JMP32 | BPF_JSET | BPF_K:
			at += (dst & value) != 0 ? (size_t)i->off : 0;
			continue;
		case BPF_JMP | BPF_JA:
			at += (size_t)i->off;
			continue;
		case BPF_JMP | BPF_EXIT:
			return (int)reg[0];
		default:
			return -1;
		}
		reg[i->dst_reg] = *low;
	}
	return -1;
}

static struct cgroup_device_list list, folded;
static struct bpf_insn *program;
static size_t program_length;

static void build(const struct spec_device_rule *rules, size_t count)
{
	struct error err;

	free(program);
	program = NULL;
	cgroup_devices_release(&list);
	CHECK_INT(cgroup_devices_make(rules, count, &list, &err), 0);
	CHECK_INT(cgroup_devices_bpf_make(&list, &program, &program_length, &err), 0);
}

static int allowed(char type, uint32_t major, uint32_t minor, unsigned access)
{
	return evaluate(program, program_length, type, major, minor, access);
}

static const char *v1_text(void)
{
	static char text[2048];
	struct error err;

	cgroup_devices_release(&folded);
	if (cgroup_devices_fold_v1(&list, &folded, &err) < 0) {
		(void)snprintf(text, sizeof(text), "%s", err.text);
		return text;
	}
	(void)snprintf(text, sizeof(text), "%s", folded.allow ? "allow" : "deny");
	for (size_t i = 0; i < folded.count; i++) {
		char one[64];
		size_t used = strlen(text);

		cgroup_devices_format(&folded.items[i], one, sizeof(one));
		(void)snprintf(text + used, sizeof(text) - used, "; %s", one);
	}
	return text;
}

static void test_default_list(void)
{
	const struct spec_device_rule rules[] = { DENY_ALL };

	build(rules, COUNT(rules));
	CHECK_INT(list.count, 11);
	CHECK_STR(v1_text(), "deny; c *:* m; b *:* m; c 1:3 rwm; c 1:5 rwm; c 1:7 rwm; c 1:8 rwm; c 1:9 rwm; "
			     "c 5:0 rwm; c 5:2 rwm; c 136:* rwm; c 10:200 rwm");
	CHECK_INT(allowed('c', 1, 3, CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE), 1);
	CHECK_INT(allowed('b', 1, 3, CGROUP_DEVICE_READ), 0);
	CHECK_INT(allowed('c', 136, 77, CGROUP_DEVICE_ALL), 1);
	CHECK_INT(allowed('c', 4, 1, CGROUP_DEVICE_MKNOD), 1);
	CHECK_INT(allowed('c', 4, 1, CGROUP_DEVICE_MKNOD | CGROUP_DEVICE_READ), 0);
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_MKNOD), 1);
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_WRITE), 0);
	/* Without rules it is the same: the cgroup begins with nothing allowed. */
	build(NULL, 0);
	CHECK_INT(list.count, 11);
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_READ), 0);
}

static void test_privileged(void)
{
	const struct spec_device_rule rules[] = { DENY_ALL,
						  { true, 'c', N(1), N(3), true, true, true },
						  ALLOW_ALL };

	build(rules, COUNT(rules));
	CHECK(list.allow);
	CHECK_INT(list.count, 0);
	CHECK_STR(v1_text(), "allow");
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_ALL), 1);
}

static void test_order(void)
{
	const struct spec_device_rule rules[] = {
		DENY_ALL,
		{ true, 'b', N(8), ALL, true, true, false },
		{ false, 'b', N(8), N(1), false, true, false },
		{ false, 'b', N(9), ALL, true, true, true },
		{ true, 'b', N(9), N(2), true, false, false },
	};

	build(rules, COUNT(rules));
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE), 1);
	CHECK_INT(allowed('b', 8, 1, CGROUP_DEVICE_READ), 1);
	CHECK_INT(allowed('b', 8, 1, CGROUP_DEVICE_WRITE), 0);
	CHECK_INT(allowed('b', 8, 1, CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE), 0);
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_ALL), 1); /* m by the default list, rw by the rule */
	CHECK_INT(allowed('b', 9, 2, CGROUP_DEVICE_READ), 1);
	CHECK_INT(allowed('b', 9, 2, CGROUP_DEVICE_WRITE), 0);
	CHECK_INT(allowed('b', 9, 3, CGROUP_DEVICE_READ), 0);
	CHECK_STR(v1_text(), "device rule \"b 8:1 w\": cannot punch hole in existing wildcard rule");
}

/* A denial with both numbers outlasts the default list; a later allowance of the document wins. */
static void test_numbered_denial(void)
{
	const struct spec_device_rule deny[] = { DENY_ALL, { false, 'c', N(10), N(200), true, true, true } };
	const struct spec_device_rule back[] = { DENY_ALL,
						 { false, 'c', N(10), N(200), true, true, true },
						 { true, 'c', N(10), ALL, true, true, true } };

	build(deny, COUNT(deny));
	CHECK_INT(allowed('c', 10, 200, CGROUP_DEVICE_READ), 0);
	CHECK_INT(allowed('c', 1, 3, CGROUP_DEVICE_READ), 1);
	CHECK(strstr(v1_text(), "10:200") == NULL);
	CHECK_HAS(v1_text(), "c *:* m");
	build(back, COUNT(back));
	CHECK_INT(allowed('c', 10, 200, CGROUP_DEVICE_READ), 1);
}

static void test_deny_list(void)
{
	const struct spec_device_rule rules[] = { ALLOW_ALL,
						  { false, 'b', ALL, ALL, true, true, false },
						  { false, 'c', N(1), N(11), true, true, true } };

	build(rules, COUNT(rules));
	CHECK_STR(v1_text(), "allow; b *:* rw; c 1:11 rwm");
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_MKNOD), 1);
	CHECK_INT(allowed('b', 8, 0, CGROUP_DEVICE_READ), 0);
	CHECK_INT(allowed('c', 1, 11, CGROUP_DEVICE_READ), 0);
	CHECK_INT(allowed('c', 4, 64, CGROUP_DEVICE_ALL), 1);
}

static void test_both_types(void)
{
	const struct spec_device_rule rules[] = { DENY_ALL, { true, 'a', N(7), ALL, true, false, false } };

	build(rules, COUNT(rules));
	CHECK_INT(allowed('b', 7, 1, CGROUP_DEVICE_READ), 1);
	CHECK_INT(allowed('c', 7, 1, CGROUP_DEVICE_READ), 1);
	CHECK_INT(allowed('c', 8, 1, CGROUP_DEVICE_READ), 0);
	CHECK_HAS(v1_text(), "c 7:* r; b 7:* r");
}

static void test_duplicates(void)
{
	const struct spec_device_rule rules[] = {
		DENY_ALL,
		{ true, 'c', N(1), N(3), true, true, true }, /* as the default list */
		{ true, 'c', N(5), N(1), true, true, true },
		{ true, 'c', N(5), N(1), true, false, false },
		{ false, 'c', N(10), N(229), true, true, true }, /* nothing allows it but for mknod */
	};
	struct error err;
	char name[300];

	build(rules, COUNT(rules));
	cgroup_devices_release(&folded);
	CHECK_INT(cgroup_devices_fold_v1(&list, &folded, &err), 0);
	CHECK_INT(folded.count, 12);
	CHECK(cgroup_devices_bpf_name(&list, name, sizeof(name)));
	CHECK(strchr(name, '/') == NULL && strchr(name, '.') == NULL); /* bpffs takes neither */
	CHECK_HAS(name, "+c5:1:7");
	CHECK_INT(allowed('c', 10, 229, CGROUP_DEVICE_MKNOD), 0);
	cgroup_devices_release(&folded);
}

static void test_large_numbers(void)
{
	const struct spec_device_rule rules[] = {
		DENY_ALL, { true, 'c', N(0xfffffffe), N(0x80000000), true, true, true }
	};

	build(rules, COUNT(rules));
	CHECK_INT(allowed('c', 0xfffffffe, 0x80000000, CGROUP_DEVICE_READ), 1);
	CHECK_INT(allowed('c', 0x7ffffffe, 0x80000000, CGROUP_DEVICE_READ), 0);
}

/* Random lists: the program, the list before simplification, and version 1 must agree. */
static bool expected(const struct spec_device_rule *rules, size_t count, char type, uint32_t major,
		     uint32_t minor)
{
	bool answer = false;

	for (size_t i = 0; i < count; i++) {
		const struct spec_device_rule *r = &rules[i];

		if ((r->type == 'a' || r->type == type) && (!r->major.set || r->major.value == major) &&
		    (!r->minor.set || r->minor.value == minor) && r->read)
			answer = r->allow;
	}
	return answer;
}

static void test_random(void)
{
	unsigned bad = 0, state = 12345;

	for (int round = 0; round < 2000; round++) {
		struct spec_device_rule rules[8];
		size_t count = (size_t)(round % 8) + 1;

		for (size_t i = 0; i < count; i++) {
			state = state * 1103515245 + 12345;
			unsigned bits = state >> 8;
			rules[i] = (struct spec_device_rule){
				.allow = bits & 1,
				.type = "abc"[(bits >> 1) % 3],
				.read = true,
				.write = bits & 8,
				.mknod = bits & 16,
				.major = { .set = bits & 32, .value = 200 + (bits >> 6 & 1) },
				.minor = { .set = bits & 128, .value = bits >> 8 & 1 },
			};
			/* With partial access 'a' without numbers is a rule like any other. */
		}
		build(rules, count);
		for (int device = 0; device < 8; device++) {
			char type = device & 1 ? 'b' : 'c';
			uint32_t major = 200 + (device >> 1 & 1), minor = device >> 2 & 1;

			bad += allowed(type, major, minor, CGROUP_DEVICE_READ) !=
			       expected(rules, count, type, major, minor);
		}
	}
	CHECK_INT(bad, 0);
}

static const struct test tests[] = {
	{ "default list", test_default_list },
	{ "privileged", test_privileged },
	{ "order", test_order },
	{ "numbered denial", test_numbered_denial },
	{ "deny list", test_deny_list },
	{ "both types", test_both_types },
	{ "duplicates", test_duplicates },
	{ "large numbers", test_large_numbers },
	{ "random lists", test_random },
};

int main(void)
{
	int bad = 0;

	printf("1..%zu\n", COUNT(tests));
	for (size_t i = 0; i < COUNT(tests); i++) {
		check_failures = 0;
		tests[i].run();
		printf("%s %zu %s\n", check_failures ? "not ok" : "ok", i + 1, tests[i].name);
		bad += check_failures != 0;
	}
	free(program);
	cgroup_devices_release(&list);
	cgroup_devices_release(&folded);
	return bad != 0;
}
