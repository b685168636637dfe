/*
 * Which images and containers `prune --filter` takes, in docker's words: until=MOMENT, label=KEY[=VALUE],
 * label!=KEY[=VALUE]. All that are given must hold, and what cannot be known does not: who filters wants
 * something to stay.
 */
#ifndef HULL_OCI_SPEC_FILTER_H
#define HULL_OCI_SPEC_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/flags.h"
#include "oci/spec/spec.h"

#define FILTER_UNKNOWN INT64_MIN /* nobody said when it was made */

struct filter_prune {
	struct opt_i64 until_ns;
	bool by_label;               /* without labels nothing can be said */
	const struct flag_list *all; /* borrowed */
};

/* The values @all of --filter, borrowed. Errors: -EINVAL with docker's words. */
must_check int filter_prune_parse(const struct flag_list *all, int64_t now_ns, struct filter_prune *ret,
				  struct error *err);
/*
 * Whether what was made at @created_ns (FILTER_UNKNOWN: stays where there is an until) and has @labels (NULL:
 * not known, stays where there is a filter by label) may go.
 */
bool filter_prune_passes(const struct filter_prune *filter, int64_t created_ns,
			 const struct spec_kvs *labels);
/* @wanted is "KEY": one has the key; or "KEY=VALUE": and the value. */
bool filter_has_label(const struct spec_kvs *labels, const char *wanted);

#endif
