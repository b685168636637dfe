/*
 * From the text of a document to the text of the plan, for the tests of runtime/linux. Quotes in the
 * documents are single ones and turned into double ones.
 */
#ifndef HULL_TESTS_UNIT_RUNTIME_LINUX_PLANNED_H
#define HULL_TESTS_UNIT_RUNTIME_LINUX_PLANNED_H

#include <stdlib.h>

#include "oci/spec/spec.h"
#include "runtime/plan/build.h"
#include "tests/unit/check.h"

/* A document with a root and these members. */
#define DOCUMENT(members) "{'ociVersion':'1.3.0','root':{'path':'rootfs'}," members "}"
#define LINUX(members) DOCUMENT("'linux':{" members "}")

/* NULL, and a failed check, where @quoted is no document. */
static inline struct spec *planned_spec(const char *quoted)
{
	char *bytes = strdup(quoted);
	struct spec *spec = NULL;
	struct error err = { 0 };

	for (char *c = bytes; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	if (spec_parse("document", bytes, strlen(bytes), &spec, &err) < 0) {
		printf("# %s: %s\n", quoted, err.text);
		CHECK(spec != NULL);
	}
	free(bytes);
	return spec;
}

/*
 * The text of the plan that is in @builder, without its first line and without "flags "; takes the builder.
 * Valid until the next call.
 */
static inline const char *planned_text(struct plan_builder *builder)
{
	static char result[16384];
	const struct plan *plan;
	struct text text = TEXT_EMPTY;
	struct error err;

	builder->head.id = build_text(builder, "test");
	result[0] = '\0';
	CHECK_INT(build_finish(builder, &plan, &err), 0);
	print_plan(plan, &text);
	CHECK_INT(text_done(&text, &err), 0);
	const char *rest = strchr(text.data, '\n') + 1;
	if (strncmp(rest, "flags ", 6) == 0)
		rest = strchr(rest, '\n') + 1;
	(void)snprintf(result, sizeof(result), "%s", rest);
	text_release(&text);
	build_release(builder);
	return result;
}

typedef int planned_maker(const struct spec *spec, struct plan_builder *builder, struct error *err);

/* What @make adds to an empty plan for @document, as text; or the error's text. Valid until the next call. */
static inline const char *planned(planned_maker *make, const char *document)
{
	static char text[ERROR_TEXT_SIZE];
	struct spec *spec = planned_spec(document);
	struct plan_builder builder;
	struct error err = { 0 };

	if (spec == NULL)
		return "";
	build_init(&builder);
	int result = make(spec, &builder, &err);
	spec_free(spec);
	if (result == 0)
		return planned_text(&builder);
	build_release(&builder);
	memcpy(text, err.text, sizeof(text));
	return text;
}

#endif
