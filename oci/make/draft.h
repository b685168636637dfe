/* A document in the making: what its parts (process, files, limits, network) work on. */
#ifndef HULL_OCI_MAKE_DRAFT_H
#define HULL_OCI_MAKE_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "oci/make/document.h"

/* Names with values in the order in which they came, each once. Grows: an image may have thousands. */
struct draft_pairs {
	size_t count, room;
	const char **names, **values;
};

/* What of one kind an image may have: each is looked for among the others. */
#define DRAFT_MAX_PAIRS 8192

struct draft {
	struct arena *arena;
	const struct document_request *request;
	const struct choices *choices;
	const struct document_image *image; /* never NULL: an empty one */
	const struct json *top;             /* NULL: memory ran out */
	uint64_t capabilities;              /* 1 << CAP_* of the bounding set, once draft_process has run */
	struct draft_pairs environment;     /* values are "NAME=VALUE" */
	struct draft_pairs annotations;
	const char *hostname;
	unsigned unnamed; /* volumes without a name, so far */
	bool host_network, host_uts;
};

/* The member at @path; see tree_put. Memory that runs out is remembered in top. */
void draft_put(struct draft *draft, const char *path, const struct json *value);
void draft_put_text(struct draft *draft, const char *path, const char *text);
void draft_put_bool(struct draft *draft, const char *path, bool truth);
void draft_put_i64(struct draft *draft, const char *path, int64_t number);
/* @value at the end of the array at @path, which is made. */
void draft_append(struct draft *draft, const char *path, const struct json *value);
/* @json: a text that is right by construction, parsed. NULL: no memory. */
const struct json *draft_parse(struct draft *draft, const char *json);
/* @value for @name, in place of an earlier one. Memory that runs out is remembered in top. */
void draft_set(struct draft *draft, struct draft_pairs *pairs, const char *name, const char *value);
/* A value of the arena; where memory runs out, draft->top becomes NULL and "" is returned. */
const char *draft_format(struct draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The parts, in the order in which they are called. Errors: -EINVAL with docker's words. */
must_check int draft_process(struct draft *draft, struct error *err);
must_check int draft_limits(struct draft *draft, struct error *err);
must_check int draft_devices(struct draft *draft, struct error *err);
must_check int draft_files(struct draft *draft, struct error *err);
must_check int draft_network(struct draft *draft, struct error *err);

/* --- shared by parts ------------------------------------------------------------------------------ */

/* "KEY=VALUE": the place of "=" and the key's copy. NULL key: no memory. */
const char *draft_split(struct draft *draft, const char *word, char separator, const char **ret_rest);

#endif
