/* Building blocks of a plan; see build.h. */
#include "runtime/plan/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define PLAN_MAX_BYTES ((size_t)64 << 20)

void build_init(struct plan_builder *builder)
{
	memset(builder, 0, sizeof(*builder));
	builder->head.magic = PLAN_MAGIC;
	/* The block begins with the head, so that no offset is ever 0. */
	text_append_bytes(&builder->block, &builder->head, sizeof(builder->head));
	memset(&builder->head.fds, 0xff, sizeof(builder->head.fds)); /* every descriptor -1 */
}

void build_release(struct plan_builder *builder)
{
	text_release(&builder->block);
}

/* Refused before memory is taken for it: a short document can ask for gigabytes of paths to try. */
static bool has_room(struct plan_builder *builder, size_t bytes)
{
	builder->too_big = builder->too_big || bytes > PLAN_MAX_BYTES - builder->block.length;
	return !builder->too_big;
}

static void align_block(struct plan_builder *builder)
{
	static const char zeros[8];

	text_append_bytes(&builder->block, zeros, (8 - builder->block.length % 8) % 8);
}

struct plan_text build_text(struct plan_builder *builder, const char *text)
{
	struct plan_text place = { 0 };

	if (text == NULL || !has_room(builder, strlen(text) + 16))
		return place;
	place.offset = (uint32_t)builder->block.length;
	text_append_bytes(&builder->block, text, strlen(text) + 1);
	return place;
}

struct plan_text build_format(struct plan_builder *builder, const char *format, ...)
{
	autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		builder->block.failed = true;
	}
	va_end(args);
	return build_text(builder, text);
}

struct plan_list build_list(struct plan_builder *builder, const void *items, size_t size, size_t count)
{
	struct plan_list list = { .count = (uint32_t)count };

	if (!has_room(builder, size * count + 16))
		return (struct plan_list){ 0 };
	align_block(builder);
	list.offset = (uint32_t)builder->block.length;
	text_append_bytes(&builder->block, items, size * count);
	return list;
}

struct plan_list build_strings(struct plan_builder *builder, const struct strings *strings)
{
	autofree struct plan_text *places = calloc(strings->count + 1, sizeof(*places));

	if (places == NULL) {
		builder->block.failed = true;
		return (struct plan_list){ 0 };
	}
	for (size_t i = 0; i < strings->count; i++)
		places[i] = build_text(builder, strings->items[i]);
	return build_list(builder, places, sizeof(*places), strings->count);
}

int build_finish(struct plan_builder *builder, const struct plan **ret, struct error *err)
{
	if (builder->too_big)
		return error_set(err, EFBIG, "the plan has more than %zu bytes", PLAN_MAX_BYTES);
	align_block(builder);
	int result = text_done(&builder->block, err);
	if (result < 0)
		return result;
	builder->head.size = (uint32_t)builder->block.length;
	memcpy(builder->block.data, &builder->head, sizeof(builder->head));
	*ret = (const struct plan *)(const void *)builder->block.data;
	return 0;
}
