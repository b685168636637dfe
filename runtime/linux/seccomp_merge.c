/*
 * Writing the range-merged program, and proving it against the original; see seccomp_merge.h.
 *
 * Classic BPF only jumps forward, and a test jumps at most 255 instructions. So the program is
 * written from its end to its beginning: what a test leads to is already there, and its distance is
 * known. What lies too far is brought near: an action is simply written again, for anything else a
 * JA leads there.
 */
#include "runtime/linux/seccomp_merge.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "runtime/linux/seccomp_format.h"

#include "base/banned.h"

#define NOWHERE SIZE_MAX
#define NEAR 255U
/* A leaf of the search tests this many single numbers by themselves, before it gives its range's node. */
#define MAX_SINGLES 2U

/* Where a node's code was last written: instructions from the program's end, counting from 0. */
struct place {
	size_t entry;  /* loads what it tests, or is the action */
	size_t loaded; /* the test itself, for who has the word in the accumulator already */
};

struct writer {
	const struct bpf_graph *graph;
	struct place *places;     /* one for each node */
	struct sock_filter *code; /* BPF_MAXINSNS, filled from the end */
	size_t written;
	bool full;
};

/* What a test leads to: code that is written, or an action, which is written where it is needed. */
struct target {
	bool action;
	size_t place;
	uint32_t node; /* of the action */
};

/* How far the next instruction would have to jump. */
static size_t distance(const struct writer *to, size_t place)
{
	return to->written - place - 1;
}

static size_t put(struct writer *to, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (to->written == BPF_MAXINSNS) {
		to->full = true;
		return to->written - 1;
	}
	to->code[BPF_MAXINSNS - 1 - to->written] =
		(struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
	return to->written++;
}

/* A place at most @near away from the next instruction that comes to @target. */
static size_t bring_near(struct writer *to, struct target target, size_t near)
{
	struct place *action = target.action ? &to->places[target.node] : NULL;
	size_t place = action != NULL ? action->entry : target.place;

	if (place != NOWHERE && distance(to, place) <= near)
		return place;
	if (action == NULL)
		return put(to, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(to, place));
	action->entry = put(to, BPF_RET | BPF_K, 0, 0, to->graph->nodes[target.node].value);
	return action->entry;
}

static struct target put_test(struct writer *to, uint16_t jump, uint32_t k, struct target yes,
			      struct target no)
{
	/* Bringing the second near may push the first one instruction away. */
	size_t near_yes = bring_near(to, yes, NEAR - 1);
	size_t near_no = bring_near(to, no, NEAR);

	uint8_t jt = (uint8_t)distance(to, near_yes), jf = (uint8_t)distance(to, near_no);

	return (struct target){ .place = put(to, (uint16_t)(BPF_JMP | jump | BPF_K), jt, jf, k) };
}

/* Load @offset before @target, whose code has to be the instruction behind it. */
static size_t put_load(struct writer *to, uint32_t offset, uint32_t mask, struct target target)
{
	(void)bring_near(to, target, 0);
	if (mask != UINT32_MAX)
		(void)put(to, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	return put(to, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

/* Is the word that @node tests in the accumulator after @before was tested? */
static bool same_word(const struct bpf_node *before, const struct bpf_node *node)
{
	return !node->action && before->offset == node->offset && before->mask == node->mask;
}

/*
 * What leads to @number; its code is written if it is not there yet. @loaded: the accumulator holds
 * the word that it tests. Recursion is as deep as tests of arguments follow each other.
 */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct target put_node(struct writer *to, uint32_t number, bool loaded)
{
	const struct bpf_node *nodes = to->graph->nodes, *node = &nodes[number];
	struct place *place = &to->places[number];

	if (node->action)
		return (struct target){ .action = true, .node = number };
	if (place->loaded == NOWHERE) {
		struct target no = put_node(to, node->no, same_word(node, &nodes[node->no]));
		struct target yes = put_node(to, node->yes, same_word(node, &nodes[node->yes]));

		place->loaded = put_test(to, node->jump, node->value, yes, no).place;
	}
	if (loaded)
		return (struct target){ .place = place->loaded };
	if (place->entry == NOWHERE)
		place->entry =
			put_load(to, node->offset, node->mask, (struct target){ .place = place->loaded });
	return (struct target){ .place = place->entry };
}

/* --- the search over one architecture's numbers ---------------------------------------------------- */

/* Numbers from first on go to node, but for singles. */
struct leaf {
	uint32_t first, node;
	unsigned single_count;
	struct bpf_range singles[MAX_SINGLES]; /* first: the number itself */
};

/*
 * Ranges to leaves: a single number between two ranges of one node costs one JEQ inside their leaf,
 * two JGE otherwise. Returns the number of leaves; @ret has room for as many as there are ranges.
 */
static size_t make_leaves(const struct bpf_section *section, struct leaf *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < section->count; i++) {
		const struct bpf_range *range = &section->ranges[i];
		struct leaf *last = count > 0 ? &ret[count - 1] : NULL;

		if (last != NULL && last->single_count < MAX_SINGLES && i + 1 < section->count &&
		    range[1].node == last->node && range[1].first == range[0].first + 1) {
			last->singles[last->single_count++] = *range;
			i++; /* range[1] continues the leaf */
			continue;
		}
		ret[count++] = (struct leaf){ .first = range->first, .node = range->node };
	}
	return count;
}

static struct target put_leaf(struct writer *to, const struct leaf *leaf)
{
	struct target rest = put_node(to, leaf->node, false);

	for (unsigned i = leaf->single_count; i > 0; i--) {
		const struct bpf_range *single = &leaf->singles[i - 1];

		rest = put_test(to, BPF_JEQ, single->first, put_node(to, single->node, false), rest);
	}
	return rest;
}

/* Recursion halves the leaves each time. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct target put_search(struct writer *to, const struct leaf *leaves, size_t count)
{
	if (count == 1)
		return put_leaf(to, &leaves[0]);
	size_t half = count / 2;
	struct target above = put_search(to, leaves + half, count - half);
	struct target below = put_search(to, leaves, half);

	return put_test(to, BPF_JGE, leaves[half].first, above, below);
}

static int put_section(struct writer *to, const struct bpf_section *section, struct target *ret,
		       struct error *err)
{
	autofree struct leaf *leaves = calloc(section->count, sizeof(*leaves));

	if (leaves == NULL)
		return error_set(err, ENOMEM, "merge the filter");
	struct target root = put_search(to, leaves, make_leaves(section, leaves));
	if (!root.action) /* else one action does for all numbers of the architecture */
		root.place = put_load(to, offsetof(struct seccomp_data, nr), UINT32_MAX, root);
	*ret = root;
	return 0;
}

static int put_program(struct writer *to, const struct bpf_decisions *decisions, uint32_t native,
		       struct error *err)
{
	struct target rest = { .action = true, .node = decisions->other };
	struct target section = { 0 };

	if (!decisions->graph.nodes[decisions->other].action)
		rest = put_node(to, decisions->other, false);
	/* The native one is written last, so that it is nearest to the beginning, and asked for first. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < decisions->section_count; i++) {
			uint32_t arch = decisions->sections[i].arch;

			if ((arch == native) != (pass == 1))
				continue;
			int result = put_section(to, &decisions->sections[i], &section, err);
			if (result < 0)
				return result;
			rest = put_test(to, BPF_JEQ, arch, section, rest);
		}
	}
	(void)put_load(to, offsetof(struct seccomp_data, arch), UINT32_MAX, rest);
	return 0;
}

static int write_program(const struct bpf_decisions *decisions, uint32_t native,
			 struct sock_filter **ret_instructions, size_t *ret_count, struct error *err)
{
	size_t nodes = decisions->graph.count;
	autofree struct place *places = calloc(nodes, sizeof(*places));
	autofree struct sock_filter *code = calloc(BPF_MAXINSNS, sizeof(*code));
	struct writer to = { .graph = &decisions->graph, .places = places, .code = code };

	if (places == NULL || code == NULL)
		return error_set(err, ENOMEM, "merge the filter");
	for (size_t i = 0; i < nodes; i++)
		places[i] = (struct place){ .entry = NOWHERE, .loaded = NOWHERE };
	int result = put_program(&to, decisions, native, err);
	if (result < 0)
		return result;
	if (to.full)
		return error_set(err, E2BIG, "the merged filter has more than %d instructions", BPF_MAXINSNS);
	memmove(code, code + BPF_MAXINSNS - to.written, to.written * sizeof(*code));
	*ret_count = to.written;
	*ret_instructions = take_ptr(&code);
	return 0;
}

int seccomp_merge_make(const struct bpf_program *program, uint32_t native,
		       struct sock_filter **ret_instructions, size_t *ret_count, struct error *err)
{
	struct bpf_decisions decisions;
	int result = seccomp_bpf_decide(program, &decisions, err);

	if (result < 0)
		return result;
	result = write_program(&decisions, native, ret_instructions, ret_count, err);
	seccomp_bpf_release(&decisions);
	return result;
}

/* --- the proof ------------------------------------------------------------------------------------- */

#define WORDS (sizeof(struct seccomp_data) / sizeof(uint32_t))
#define FIRST_ARG_WORD (offsetof(struct seccomp_data, args) / sizeof(uint32_t))
#define TRIES_FOR_ARGUMENTS 96
#define RANDOM_NUMBERS 64
#define COMMON_NUMBERS 1100U
#define X32_BIT 0x40000000U

struct proof {
	const struct bpf_program *a, *b;
	const struct bpf_decisions *decisions; /* of a: tells where arguments matter, nothing else */
	uint64_t random;
	uint32_t *constants; /* of both programs */
	size_t constant_count;
};

/* Any sequence will do, but the same one each time. */
static uint32_t next_random(struct proof *proof)
{
	proof->random = proof->random * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(proof->random >> 32);
}

static int compare(const struct proof *proof, const struct seccomp_data *data, struct error *err)
{
	uint32_t a = seccomp_bpf_run(proof->a, data), b = seccomp_bpf_run(proof->b, data);

	if (a == b)
		return 0;
	return error_set(err, EINVAL, "architecture %#x, system call %d: the merged filter says %#x, not %#x",
			 data->arch, data->nr, b, a);
}

/* A word that has a chance to sit on the edge of a test. */
static uint32_t edge_word(struct proof *proof)
{
	uint32_t random = next_random(proof), shape = random % 8;
	uint32_t constant = proof->constants[(random >> 8) % proof->constant_count];

	switch (shape) {
	case 0:
		return next_random(proof);
	case 1:
		return 0;
	case 2:
		return constant - 1;
	case 3:
		return constant + 1;
	case 4:
		return constant ^ (1U << (random >> 3) % 32);
	case 5:
		return constant | next_random(proof);
	default:
		return constant;
	}
}

/* Compare one number of one architecture; with many arguments where they matter. */
static int compare_number(struct proof *proof, uint32_t arch, uint32_t nr, struct error *err)
{
	uint32_t words[WORDS] = { 0 };
	struct seccomp_data data;
	uint32_t node = seccomp_bpf_find(proof->decisions, arch, nr);
	int tries = proof->decisions->graph.nodes[node].action ? 1 : TRIES_FOR_ARGUMENTS;

	for (int i = 0; i < tries; i++) {
		/* Upper halves are mostly zero in life, and in profiles. */
		for (size_t w = FIRST_ARG_WORD; w < WORDS; w++) {
			bool upper = (w - FIRST_ARG_WORD) % 2 == 1;

			words[w] = upper && next_random(proof) % 2 == 0 ? 0 : edge_word(proof);
		}
		memcpy(&data, words, sizeof(data));
		data.arch = arch;
		data.nr = (int)nr;
		int result = compare(proof, &data, err);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Numbers that some architecture gives a meaning. */
static int compare_common(struct proof *proof, uint32_t arch, struct error *err)
{
	int result = 0;

	for (uint32_t nr = 0; nr < COMMON_NUMBERS && result == 0; nr++) {
		result = compare_number(proof, arch, nr, err);
		if (arch == AUDIT_ARCH_X86_64 && result == 0)
			result = compare_number(proof, arch, nr | X32_BIT, err);
	}
	return result;
}

static int compare_others(struct proof *proof, uint32_t arch, struct error *err)
{
	static const uint32_t ends[] = { 0,          1,           COMMON_NUMBERS, X32_BIT - 1,
					 X32_BIT,    X32_BIT + 1, X32_BIT + 200,  X32_BIT + COMMON_NUMBERS,
					 0x7fffffff, 0x80000000,  0xbfffffff,     0xc0000000,
					 0xfffffffe, 0xffffffff };
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(ends) && result == 0; i++)
		result = compare_number(proof, arch, ends[i], err);
	for (size_t i = 0; i < proof->constant_count && result == 0; i++) {
		if ((proof->constants[i] & ~X32_BIT) >= COMMON_NUMBERS)
			result = compare_number(proof, arch, proof->constants[i], err);
	}
	for (unsigned i = 0; i < RANDOM_NUMBERS && result == 0; i++)
		result = compare_number(proof, arch, next_random(proof), err);
	return result;
}

/* All constants of both programs and their neighbours, each once, ascending. */
static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int collect_constants(struct proof *proof, struct error *err)
{
	const struct bpf_program *programs[] = { proof->a, proof->b };
	size_t count = 0;

	proof->constants = calloc((proof->a->count + proof->b->count) * 3, sizeof(*proof->constants));
	if (proof->constants == NULL)
		return error_set(err, ENOMEM, "compare the filters");
	for (size_t p = 0; p < ARRAY_LEN(programs); p++) {
		for (size_t i = 0; i < programs[p]->count; i++) {
			uint32_t k = programs[p]->instructions[i].k;

			proof->constants[count++] = k - 1;
			proof->constants[count++] = k;
			proof->constants[count++] = k + 1;
		}
	}
	qsort(proof->constants, count, sizeof(*proof->constants), compare_u32);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || proof->constants[i] != proof->constants[proof->constant_count - 1])
			proof->constants[proof->constant_count++] = proof->constants[i];
	return 0;
}

static int prove(struct proof *proof, struct error *err)
{
	static const uint32_t unknown[] = { 0, 0xdeadbeef };
	int result = collect_constants(proof, err);

	for (size_t i = 0; i < proof->decisions->section_count && result == 0; i++) {
		result = compare_common(proof, proof->decisions->sections[i].arch, err);
		if (result == 0)
			result = compare_others(proof, proof->decisions->sections[i].arch, err);
	}
	for (size_t i = 0; i < ARRAY_LEN(unknown) && result == 0; i++)
		result = compare_others(proof, unknown[i], err);
	free(proof->constants);
	return result;
}

int seccomp_merge_verify(const struct bpf_program *a, const struct bpf_program *b, struct error *err)
{
	struct bpf_decisions decisions;
	struct proof proof = { .a = a, .b = b, .decisions = &decisions, .random = 1 };
	int result = seccomp_bpf_decide(a, &decisions, err);

	if (result < 0)
		return result;
	result = prove(&proof, err);
	seccomp_bpf_release(&decisions);
	return result;
}
