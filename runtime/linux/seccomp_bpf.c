/*
 * Running classic BPF and taking libseccomp's programs apart; see seccomp_bpf.h. Only the program
 * hull-seccomp uses it.
 */
#include "runtime/linux/seccomp_bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define OFFSET_NR offsetof(struct seccomp_data, nr)
#define OFFSET_ARCH offsetof(struct seccomp_data, arch)
#define OFFSET_NONE UINT32_MAX /* nothing was loaded yet */
/* Bounds that no program of libseccomp comes near, so that a strange one costs no time either. */
#define MAX_NODES 65536U
#define MAX_SECTIONS 32U
#define MAX_STEPS 200000U /* for one number */

static bool holds(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0; /* BPF_JSET: the last that is sane */
	}
}

uint32_t seccomp_bpf_run(const struct bpf_program *program, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (const struct sock_filter *at = program->instructions;; at++) {
		if (at->code == (BPF_JMP | BPF_JEQ | BPF_K)) { /* nine of ten, in libseccomp's programs */
			at += a == at->k ? at->jt : at->jf;
			continue;
		}
		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + at->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			break;
		case BPF_RET | BPF_K:
			return at->k;
		case BPF_JMP | BPF_JA:
			at += at->k;
			break;
		default:
			at += holds(at->code, a, at->k) ? at->jt : at->jf;
			break;
		}
	}
}

/* --- the graph ------------------------------------------------------------------------------------ */

/* What the accumulator holds: a word of struct seccomp_data, masked. */
struct accumulator {
	uint32_t offset, mask;
};

/* At an instruction, with this accumulator, in this walk: that node. Saves walking shared tails again. */
struct bpf_memo {
	uint32_t walk;
	struct accumulator accumulator;
	uint32_t node;
};

static uint64_t node_hash(const struct bpf_node *node)
{
	uint64_t hash = node->action;

	for (unsigned i = 0; i < 6; i++) {
		uint32_t part = i == 0   ? node->value
				: i == 1 ? node->jump
				: i == 2 ? node->offset
				: i == 3 ? node->mask
				: i == 4 ? node->yes
					 : node->no;
		hash = (hash ^ part) * 0x9e3779b97f4a7c15U;
		hash ^= hash >> 29;
	}
	return hash;
}

static bool node_equal(const struct bpf_node *a, const struct bpf_node *b)
{
	return a->action == b->action && a->value == b->value && a->jump == b->jump &&
	       a->offset == b->offset && a->mask == b->mask && a->yes == b->yes && a->no == b->no;
}

static void index_insert(struct bpf_graph *graph, uint32_t node)
{
	size_t at = node_hash(&graph->nodes[node]) & (graph->index_room - 1);

	while (graph->index[at] != 0)
		at = (at + 1) & (graph->index_room - 1);
	graph->index[at] = node + 1;
}

/* Room for one node more, and an index that is never more than half full. */
static int graph_grow(struct bpf_graph *graph, struct error *err)
{
	if (graph->count < graph->room)
		return 0;
	size_t room = graph->room == 0 ? 256 : graph->room * 2;
	if (room > MAX_NODES)
		return error_set(err, EOPNOTSUPP, "the filter has more than %u tests", MAX_NODES);
	struct bpf_node *nodes = realloc(graph->nodes, room * sizeof(*nodes));
	if (nodes == NULL)
		return error_set(err, ENOMEM, "take the filter apart");
	graph->nodes = nodes;
	uint32_t *index = calloc(room * 2, sizeof(*index));
	if (index == NULL)
		return error_set(err, ENOMEM, "take the filter apart");
	free(graph->index);
	graph->index = index;
	graph->index_room = room * 2;
	graph->room = room;
	for (size_t i = 0; i < graph->count; i++)
		index_insert(graph, (uint32_t)i);
	return 0;
}

/* The one node that is like @wanted. */
static int graph_node(struct bpf_graph *graph, const struct bpf_node *wanted, uint32_t *ret,
		      struct error *err)
{
	if (!wanted->action && wanted->yes == wanted->no) {
		*ret = wanted->yes; /* a test without a consequence */
		return 0;
	}
	int result = graph_grow(graph, err);
	if (result < 0)
		return result;
	for (size_t at = node_hash(wanted); graph->index[at & (graph->index_room - 1)] != 0; at++) {
		uint32_t node = graph->index[at & (graph->index_room - 1)] - 1;

		if (node_equal(&graph->nodes[node], wanted)) {
			*ret = node;
			return 0;
		}
	}
	*ret = (uint32_t)graph->count;
	graph->nodes[graph->count++] = *wanted;
	index_insert(graph, *ret);
	return 0;
}

/* --- one walk: a number of an architecture ---------------------------------------------------------- */

struct walk {
	const struct bpf_program *program;
	struct bpf_decisions *decisions;
	uint32_t arch, nr;
	uint32_t last;   /* every number from nr to here takes the same way */
	uint32_t number; /* of this walk, for the memo */
	unsigned steps;
	uint32_t *archs; /* what the program compared the architecture with, so far */
	size_t arch_count;
};

static int walk_strange(const char *what, struct error *err)
{
	return error_set(err, EOPNOTSUPP, "the filter %s", what);
}

static int note_arch(struct walk *walk, uint32_t arch, struct error *err)
{
	for (size_t i = 0; i < walk->arch_count; i++)
		if (walk->archs[i] == arch)
			return 0;
	if (walk->arch_count == MAX_SECTIONS)
		return walk_strange("names too many architectures", err);
	walk->archs[walk->arch_count++] = arch;
	return 0;
}

/* Answer a test of the number or the architecture; note for which further numbers it is the same. */
static int answer_known(struct walk *walk, const struct sock_filter *at, uint32_t offset, bool *ret,
			struct error *err)
{
	uint32_t limit;

	if (offset == OFFSET_ARCH) {
		if (BPF_OP(at->code) != BPF_JEQ)
			return walk_strange("tests the architecture for more than equality", err);
		*ret = walk->arch == at->k;
		return note_arch(walk, at->k, err);
	}
	*ret = holds(at->code, walk->nr, at->k);
	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		limit = *ret ? walk->nr : at->k > walk->nr ? at->k - 1 : walk->last;
		break;
	case BPF_JGT:
		limit = *ret ? walk->last : at->k;
		break;
	case BPF_JGE:
		limit = *ret ? walk->last : at->k - 1;
		break;
	default:
		if ((at->k & (at->k - 1)) != 0)
			return walk_strange("tests several bits of the number at once", err);
		limit = walk->nr | (at->k - 1); /* as far as the bit stays what it is */
		break;
	}
	if (limit < walk->last)
		walk->last = limit;
	return 0;
}

static int walk_from(struct walk *walk, size_t pc, struct accumulator a, uint32_t *ret, struct error *err);

static int walk_test(struct walk *walk, size_t pc, struct accumulator a, uint32_t *ret, struct error *err)
{
	const struct sock_filter *at = &walk->program->instructions[pc];
	struct bpf_memo *memo = &walk->decisions->graph.memo[pc];

	if (memo->walk == walk->number && memo->accumulator.offset == a.offset &&
	    memo->accumulator.mask == a.mask) {
		*ret = memo->node;
		return 0;
	}
	struct bpf_node node = {
		.value = at->k, .jump = BPF_OP(at->code), .offset = a.offset, .mask = a.mask
	};
	int result = walk_from(walk, pc + 1 + at->jt, a, &node.yes, err);
	if (result == 0)
		result = walk_from(walk, pc + 1 + at->jf, a, &node.no, err);
	if (result == 0)
		result = graph_node(&walk->decisions->graph, &node, ret, err);
	if (result == 0)
		*memo = (struct bpf_memo){ .walk = walk->number, .accumulator = a, .node = *ret };
	return result;
}

/*
 * Follow the program from @pc to its node. Recursion is as deep as tests of arguments follow each
 * other, at most the length of the program: jumps only go forward.
 */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int walk_from(struct walk *walk, size_t pc, struct accumulator a, uint32_t *ret, struct error *err)
{
	for (;; pc++) {
		const struct sock_filter *at = &walk->program->instructions[pc];
		bool known = a.offset == OFFSET_NR || a.offset == OFFSET_ARCH, yes = false;

		if (++walk->steps > MAX_STEPS)
			return walk_strange("is too entangled", err);
		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = (struct accumulator){ .offset = at->k, .mask = UINT32_MAX };
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			if (known || a.offset == OFFSET_NONE)
				return walk_strange("computes with the number", err);
			a.mask &= at->k;
			break;
		case BPF_RET | BPF_K:
			return graph_node(&walk->decisions->graph,
					  &(struct bpf_node){ .action = true, .value = at->k }, ret, err);
		case BPF_JMP | BPF_JA:
			pc += at->k;
			break;
		default:
			if (a.offset == OFFSET_NONE)
				return walk_strange("tests before it loads", err);
			if (!known)
				return walk_test(walk, pc, a, ret, err);
			int result = answer_known(walk, at, a.offset, &yes, err);
			if (result < 0)
				return result;
			pc += yes ? at->jt : at->jf;
			break;
		}
	}
}

/* --- all numbers of an architecture ------------------------------------------------------------------ */

static int add_range(struct bpf_section *section, size_t *room, uint32_t first, uint32_t node,
		     struct error *err)
{
	if (section->count > 0 && section->ranges[section->count - 1].node == node)
		return 0;
	if (section->count == *room) {
		size_t more = *room == 0 ? 256 : *room * 2;
		struct bpf_range *ranges = realloc(section->ranges, more * sizeof(*ranges));

		if (ranges == NULL)
			return error_set(err, ENOMEM, "take the filter apart");
		section->ranges = ranges;
		*room = more;
	}
	section->ranges[section->count++] = (struct bpf_range){ .first = first, .node = node };
	return 0;
}

/* Fills @section, which its owner releases also after a failure. */
static int walk_section(struct walk *walk, struct bpf_section *section, struct error *err)
{
	const struct accumulator nothing = { .offset = OFFSET_NONE };
	size_t room = 0;

	walk->arch = section->arch;
	walk->nr = 0;
	for (;;) {
		uint32_t node;

		walk->last = UINT32_MAX;
		walk->steps = 0;
		walk->number++;
		int result = walk_from(walk, 0, nothing, &node, err);
		if (result == 0)
			result = add_range(section, &room, walk->nr, node, err);
		if (result < 0)
			return result;
		if (walk->last == UINT32_MAX)
			return 0;
		walk->nr = walk->last + 1;
	}
}

/* An architecture that the program cannot know: no constant in it is equal. */
static uint32_t unknown_arch(const struct bpf_program *program)
{
	uint32_t arch = 0x7fffffffU;

	for (size_t i = 0; i < program->count; i++) {
		if (program->instructions[i].k == arch) {
			arch--;
			i = SIZE_MAX; /* begin again: the new one is compared with all */
		}
	}
	return arch;
}

static int decide(const struct bpf_program *program, struct bpf_decisions *ret, struct error *err)
{
	uint32_t archs[MAX_SECTIONS];
	struct walk walk = { .program = program, .decisions = ret, .archs = archs };
	struct bpf_section other = { .arch = unknown_arch(program) };

	ret->graph.memo = calloc(program->count, sizeof(*ret->graph.memo));
	ret->sections = calloc(MAX_SECTIONS, sizeof(*ret->sections));
	if (ret->graph.memo == NULL || ret->sections == NULL)
		return error_set(err, ENOMEM, "take the filter apart");

	int result = walk_section(&walk, &other, err);
	bool single = result == 0 && other.count == 1;
	if (single)
		ret->other = other.ranges[0].node;
	free(other.ranges);
	if (result < 0)
		return result;
	if (!single)
		return walk_strange("tells numbers of unknown architectures apart", err);
	/* A walk may find further architectures. */
	for (size_t i = 0; i < walk.arch_count; i++) {
		struct bpf_section *section = &ret->sections[ret->section_count++];

		section->arch = archs[i];
		result = walk_section(&walk, section, err);
		if (result < 0)
			return result;
	}
	return 0;
}

int seccomp_bpf_decide(const struct bpf_program *program, struct bpf_decisions *ret, struct error *err)
{
	struct bpf_decisions decisions = { 0 };
	int result = decide(program, &decisions, err);

	if (result < 0) {
		seccomp_bpf_release(&decisions);
		return result;
	}
	*ret = decisions;
	return 0;
}

void seccomp_bpf_release(struct bpf_decisions *decisions)
{
	for (size_t i = 0; i < decisions->section_count; i++)
		free(decisions->sections[i].ranges);
	free(decisions->sections);
	free(decisions->graph.nodes);
	free(decisions->graph.index);
	free(decisions->graph.memo);
	*decisions = (struct bpf_decisions){ 0 };
}

uint32_t seccomp_bpf_find(const struct bpf_decisions *decisions, uint32_t arch, uint32_t nr)
{
	for (size_t i = 0; i < decisions->section_count; i++) {
		const struct bpf_section *section = &decisions->sections[i];
		size_t low = 0, high = section->count;

		if (section->arch != arch)
			continue;
		while (high - low > 1) { /* ranges[low] is at or before nr, ranges[high] behind it */
			size_t middle = low + (high - low) / 2;

			if (section->ranges[middle].first <= nr)
				low = middle;
			else
				high = middle;
		}
		return section->ranges[low].node;
	}
	return decisions->other;
}
