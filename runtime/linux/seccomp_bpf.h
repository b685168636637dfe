/*
 * Classic BPF programs for seccomp as hull-seccomp handles them: running one on given data, and
 * taking one apart into decisions. No libseccomp, no effects.
 *
 * Taken apart means: for one architecture and one system call number, what is left of the program
 * once the tests of these two are answered. That is an action, or a graph of tests of the arguments
 * that ends in actions. Equal graphs are the same node, so "do these two numbers fare alike?" is a
 * comparison of two integers.
 */
#ifndef HULL_RUNTIME_LINUX_SECCOMP_BPF_H
#define HULL_RUNTIME_LINUX_SECCOMP_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bpf_program {
	size_t count;
	const struct sock_filter *instructions;
};

/* What the kernel would answer. @program must be seccomp_format_sane. */
uint32_t seccomp_bpf_run(const struct bpf_program *program, const struct seccomp_data *data);

/* An action, or a test of one word of struct seccomp_data that decides between two nodes. */
struct bpf_node {
	bool action;
	uint32_t value;   /* the SECCOMP_RET_* value, or what is compared with */
	uint16_t jump;    /* BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET */
	uint32_t offset;  /* of the word that is tested */
	uint32_t mask;    /* ANDed to it first, 0xffffffff: nothing */
	uint32_t yes, no; /* nodes, always with smaller numbers than this one's */
};

struct bpf_graph {
	struct bpf_node *nodes;
	size_t count, room;
	uint32_t *index; /* hash table over nodes, of index_room places, 0: free, else node + 1 */
	size_t index_room;
	struct bpf_memo *memo; /* per instruction: what was found for which accumulator */
};

/* Numbers [first, the next one's first) of one architecture that fare alike. */
struct bpf_range {
	uint32_t first, node;
};
struct bpf_section {
	uint32_t arch; /* AUDIT_ARCH_* */
	size_t count;
	struct bpf_range *ranges; /* ascending, from 0, neighbours differ */
};
/* A whole program taken apart. */
struct bpf_decisions {
	struct bpf_graph graph;
	size_t section_count;
	struct bpf_section *sections; /* in the order in which the program tests them */
	uint32_t other;               /* node for every architecture that is not named */
};

/*
 * Take @program apart. Errors: -EOPNOTSUPP it computes in ways that libseccomp's programs do not
 * (arithmetic on the number, an architecture tested for other than equality); -ENOMEM.
 */
must_check int seccomp_bpf_decide(const struct bpf_program *program, struct bpf_decisions *ret,
				  struct error *err);
void seccomp_bpf_release(struct bpf_decisions *decisions);
/* The node for @arch and @nr. */
uint32_t seccomp_bpf_find(const struct bpf_decisions *decisions, uint32_t arch, uint32_t nr);

#endif
