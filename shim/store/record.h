/*
 * A record: a small JSON file that is whole or not there. Written beside its place, synced, renamed
 * into it, and the directory synced. Read with every type checked: what is damaged is an error that
 * says where, never a value.
 */
#ifndef HULL_SHIM_STORE_RECORD_H
#define HULL_SHIM_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "oci/spec/spec.h"

struct json;

#define RECORD_MAX_BYTES ((size_t)1 << 20)

/* @text as file @name of the directory @dir; with @sync on disk when this returns. Errors: those of
 * open, write, fsync. */
must_check int record_write(int dir, const char *name, struct text *text, bool sync, struct error *err);
/* The object in file @name. Errors: -ENOENT; -EINVAL damaged. */
must_check int record_read(int dir, const char *name, struct arena *arena, const struct json **ret,
			   struct error *err);

/* Members of @object; each is required. Errors: -EINVAL missing or of another type or range. */
must_check int record_string(const struct json *object, const char *name, const char **ret,
			     struct error *err);
must_check int record_strings(const struct json *object, const char *name, struct arena *arena,
			      struct strings *ret, struct error *err);
must_check int record_bool(const struct json *object, const char *name, bool *ret, struct error *err);
must_check int record_i64(const struct json *object, const char *name, int64_t min, int64_t max, int64_t *ret,
			  struct error *err);
must_check int record_u64(const struct json *object, const char *name, uint64_t max, uint64_t *ret,
			  struct error *err);
/* The place of the string in @names. */
must_check int record_choice(const struct json *object, const char *name, const char *const *names,
			     size_t count, unsigned *ret, struct error *err);
must_check int record_process(const struct json *object, const char *name, struct process_id *ret,
			      struct error *err);
/* "name": {…} without a comma. */
void record_append_process(struct text *text, const char *name, const struct process_id *id);

#endif
