/*
 * Building blocks of a plan: a growing block into which strings and lists are put; the offsets go
 * into the struct plan at its head. A failed allocation is remembered and reported by plan_finish.
 */
#ifndef HULL_RUNTIME_PLAN_BUILD_H
#define HULL_RUNTIME_PLAN_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"
#include "runtime/plan/plan.h"

struct plan_builder {
	struct plan head;  /* copied to the front of the block by build_finish */
	struct text block; /* starts with room for the head */
	bool too_big;      /* something was left out: build_finish fails */
};

void build_init(struct plan_builder *builder);
void build_release(struct plan_builder *builder);
/* A copy of @text in the block; absent for NULL. */
struct plan_text build_text(struct plan_builder *builder, const char *text);
struct plan_text build_format(struct plan_builder *builder, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* @count items of @size bytes each, aligned to 8. */
struct plan_list build_list(struct plan_builder *builder, const void *items, size_t size, size_t count);
/* A list of struct plan_text. */
struct plan_list build_strings(struct plan_builder *builder, const struct strings *strings);
/* The finished block, borrowed from the builder. Errors: -ENOMEM, -EFBIG over 64 MiB. */
must_check int build_finish(struct plan_builder *builder, const struct plan **ret, struct error *err);

/* The plan as text for people and for the golden files: one fact a line, nothing of this run. */
void print_plan(const struct plan *plan, struct text *ret);

#endif
