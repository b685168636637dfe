/*
 * index.json: which images there are and what they are called. One entry per name; an image without a name
 * has one entry without. What people ask for most (id, age, size) stands in annotations of the entry, so that
 * a list reads this one file; where another program wrote the entry, it is looked up in the image.
 *
 * An image is known to people by its id, the digest of its configuration, as docker has it. Several entries
 * may have the same id: other names, or the same image in other compression.
 */
#ifndef HULL_OCI_IMAGE_REFS_H
#define HULL_OCI_IMAGE_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "oci/image/reference.h"
#include "oci/image/store.h"
#include "oci/spec/image.h"

#define REFS_SHORT_ID 12 /* digits of an id, as people see it */

struct ref {
	const char *name;       /* "docker.io/library/busybox:latest"; NULL: none */
	const char *media_type; /* of what digest names */
	const char *digest;     /* of the manifest; of an index where another program put one here */
	int64_t size;           /* bytes of that document */
	const char *id;         /* "sha256:…"; NULL: the image is damaged */
	const char *created;    /* as the configuration has it; NULL: not told */
	int64_t unpacked;       /* bytes of its files; of its blobs where it is not unpacked; -1: unknown */
	const char *index;      /* digest of the index that the manifest was chosen from; NULL: none */
	const struct image_platform *platform; /* NULL: unknown */
	const struct json *json;               /* the entry as it stands there; NULL: a new one */
};

struct refs {
	struct ref *items;
	size_t count, room;
	const struct json *json; /* the document */
};

/* Read it; strings live in @arena. Errors: -EBADMSG it is damaged. */
must_check int refs_load(const struct store *store, struct arena *arena, struct refs *ret, struct error *err);
/*
 * Read it under store.lock, to be changed. refs_commit writes it to the disk and drops the lock; refs_cancel
 * drops the lock alone, also after errors. Errors: -EINVAL it became larger than can be read.
 */
must_check int refs_begin(const struct store *store, struct arena *arena, struct refs *ret,
			  struct error *err);
must_check int refs_commit(const struct store *store, struct arena *arena, const struct refs *refs,
			   struct error *err);
void refs_cancel(const struct store *store);

/*
 * Give @image the name @name (NULL: only see to it that it has an entry). Whoever had the name stays, without
 * it, when it has no other. @ret_moved unless NULL: another image lost the name.
 */
must_check int refs_set(struct refs *refs, struct arena *arena, const struct ref *image, const char *name,
			bool *ret_moved, struct error *err);
/* Remove entry @index. */
void refs_remove(struct refs *refs, size_t index);

/* What a word on the command line means. */
struct refs_found {
	size_t index;               /* the entry, or one of those with the id */
	bool by_id;                 /* the word is an id, not a name */
	struct reference reference; /* unless by_id */
};
/*
 * The image that @word names: a reference, "sha256:" and an id, or the beginning of an id.
 * Errors: -ENOENT in docker's words; -EINVAL several ids begin so; -EBUSY two entries have the name.
 */
must_check int refs_find(const struct refs *refs, struct arena *arena, const char *word,
			 struct refs_found *ret, struct error *err);
bool refs_same_image(const struct ref *a, const struct ref *b);
/* How many entries with a name are of the image of entry @index. */
size_t refs_count_names(const struct refs *refs, size_t index);
/* "sha256:…" cut to 12 digits. */
void refs_short_id(const char *id, char ret[REFS_SHORT_ID + 1]);

#endif
