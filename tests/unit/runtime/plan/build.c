/* The plan's block: texts and lists by offset, whole or not at all. */
#include "runtime/plan/build.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tests/unit/check.h"

static void empty(void)
{
	struct plan_builder builder;
	const struct plan *plan;
	struct error err;

	build_init(&builder);
	CHECK_INT(build_finish(&builder, &plan, &err), 0);
	CHECK_INT(plan->magic, PLAN_MAGIC);
	CHECK(plan->size >= sizeof(struct plan) && plan->size % 8 == 0);
	/* No descriptor is 0 by accident. */
	const int32_t *fds = &plan->fds.sync;
	for (size_t i = 0; i < sizeof(plan->fds) / sizeof(*fds); i++)
		CHECK_INT(fds[i], -1);
	CHECK(plan_text(plan, plan->hostname) == NULL);
	for (PLAN_EACH(struct plan_mount, mount, plan, plan->mounts))
		CHECK(mount == NULL); /* not reached */
	build_release(&builder);
}

static void texts(void)
{
	struct plan_builder builder;
	const struct plan *plan;
	struct error err;

	build_init(&builder);
	struct plan_text none = build_text(&builder, NULL), nothing = build_text(&builder, "");
	struct plan_text word = build_text(&builder, "word"), made = build_format(&builder, "%s-%d", "x", 7);
	CHECK_INT(none.offset, 0);
	CHECK_INT(build_finish(&builder, &plan, &err), 0);
	CHECK(plan_text(plan, none) == NULL);
	CHECK_STR(plan_text(plan, nothing), "");
	CHECK_STR(plan_text(plan, word), "word");
	CHECK_STR(plan_text(plan, made), "x-7");
	build_release(&builder);
}

/* The block moves while it grows: offsets stay right, lists are aligned wherever they begin. */
static void growing(void)
{
	enum { COUNT = 2000 };
	struct plan_builder builder;
	struct plan_list lists[COUNT];
	struct plan_text names[COUNT];
	const struct plan *plan;
	struct error err;

	build_init(&builder);
	for (uint64_t i = 0; i < COUNT; i++) {
		const uint64_t values[3] = { i, i * i, UINT64_MAX - i };

		names[i] = build_format(&builder, "name %d", (int)i);
		lists[i] = build_list(&builder, values, sizeof(values[0]), i % 4);
	}
	CHECK_INT(build_finish(&builder, &plan, &err), 0);
	for (uint64_t i = 0; i < COUNT; i++) {
		char name[32];
		uint64_t got = 0, want = 0;

		(void)snprintf(name, sizeof(name), "name %d", (int)i);
		CHECK_STR(plan_text(plan, names[i]), name);
		CHECK_INT(lists[i].count, i % 4);
		CHECK_INT(lists[i].offset % 8, 0);
		for (PLAN_EACH(uint64_t, value, plan, lists[i]))
			got += *value;
		for (uint64_t j = 0; j < i % 4; j++)
			want += j == 0 ? i : j == 1 ? i * i : UINT64_MAX - i;
		CHECK_INT(got, want);
	}
	build_release(&builder);
}

static void strings(void)
{
	static const char *const words[] = { "a", "", "c d" };
	const struct strings list = { 3, words }, none = { 0, NULL };
	struct plan_builder builder;
	const struct plan *plan;
	struct error err;
	size_t i = 0;

	build_init(&builder);
	builder.head.args = build_strings(&builder, &list);
	builder.head.env = build_strings(&builder, &none);
	CHECK_INT(build_finish(&builder, &plan, &err), 0);
	CHECK_INT(plan->args.count, 3);
	for (PLAN_EACH(struct plan_text, text, plan, plan->args))
		CHECK_STR(plan_text(plan, *text), words[i++]);
	CHECK_INT(plan->env.count, 0);
	build_release(&builder);
}

/* What does not fit is an error at the end, never a plan with a hole. */
static void failures(void)
{
	struct plan_builder builder;
	const struct plan *plan = NULL;
	struct error err;

	build_init(&builder);
	builder.block.failed = true;
	(void)build_text(&builder, "x");
	CHECK_INT(build_finish(&builder, &plan, &err), -ENOMEM);
	CHECK(plan == NULL);
	build_release(&builder);

	size_t size = (size_t)65 << 20;
	autofree char *large = calloc(1, size);
	CHECK(large != NULL);
	if (large == NULL)
		return;
	build_init(&builder);
	(void)build_list(&builder, large, 1, size);
	CHECK_INT(build_finish(&builder, &plan, &err), -EFBIG);
	build_release(&builder);
}

static const struct test tests[] = {
	{ "an empty plan", empty },
	{ "texts", texts },
	{ "a block that grows", growing },
	{ "lists of strings", strings },
	{ "failures are told at the end", failures },
};

TEST_MAIN(tests)
