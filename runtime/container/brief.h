/*
 * What exec needs of a container's document, in brief: the document without its seccomp profile, which
 * is most of its text, and the filter that came of the profile. Written at create beside the whole
 * document, which stays the truth: without these two files exec reads that.
 */
#ifndef HULL_RUNTIME_CONTAINER_BRIEF_H
#define HULL_RUNTIME_CONTAINER_BRIEF_H

#include <stddef.h>

#include "base/error.h"
#include "oci/spec/spec.h"
#include "runtime/linux/process.h"
#include "runtime/plan/plan.h"

/*
 * Keep @document, which @spec was parsed from, and @plan's filter in the container's directory @dir.
 * Nothing is written where there is no profile.
 */
must_check int brief_save(int dir, const struct spec *spec, const char *document, size_t length,
			  const struct plan *plan, struct error *err);
/*
 * Load the document for exec: in brief with @ret_filter, or the whole (then @ret_filter is empty).
 * The caller releases both.
 */
must_check int brief_load(int dir, struct spec **ret_spec, struct process_filter *ret_filter,
			  struct error *err);

#endif
