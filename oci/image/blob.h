/*
 * Content by its digest: read from the store, and brought into it. Nothing is believed: what is read or
 * copied has the size and the digest that its descriptor says, or it is an error.
 */
#ifndef HULL_OCI_IMAGE_BLOB_H
#define HULL_OCI_IMAGE_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/image/session.h"
#include "oci/image/store.h"
#include "oci/layer/digest.h"

#define BLOB_DIGEST_BYTES DIGEST_TEXT_BYTES

/* A part of a file: what a blob is read from. */
struct blob_source {
	int fd;          /* borrowed; regular */
	uint64_t offset; /* where it begins */
	uint64_t size;
};

/* The digest (sha256) of @bytes as text. */
void blob_digest(const void *bytes, size_t length, char ret[BLOB_DIGEST_BYTES]);
/*
 * The whole content of @digest, of @size bytes (-1: any), at most @max. Errors: -ENOENT it is not in the
 * store; -EBADMSG it is damaged.
 */
must_check int blob_read(const struct store *store, const char *digest, int64_t size, size_t max,
			 struct text *ret, struct error *err);
/* The same out of @from. */
must_check int blob_read_source(const struct blob_source *from, const char *digest, int64_t size, size_t max,
				struct text *ret, struct error *err);
/* All of @from, which is called @name, whatever its digest. */
must_check int blob_read_bytes(const struct blob_source *from, const char *name, struct text *ret,
			       struct error *err);
/* Open it for reading; @size as above. */
must_check int blob_open(const struct store *store, const char *digest, int64_t size, int *ret_fd,
			 struct error *err);
/* Write all of it to @into and compare: what was written is right only after success. */
must_check int blob_write(const struct store *store, const char *digest, int64_t size, int into,
			  struct error *err);
/* Read all of it and compare. Errors: as blob_read. */
must_check int blob_check(const struct store *store, const char *digest, int64_t size, struct error *err);

/*
 * A blob on its way into the store: in the session's directory until blob_publish, which must come after
 * session_sync.
 */
struct blob_new {
	char digest[BLOB_DIGEST_BYTES];
	char place[STORE_PATH_BYTES]; /* "": the store has it */
	uint64_t size;
	bool unchecked; /* nobody has compared its digest yet: blob_verify, or who unpacks it */
};

/* @bytes, whose digest (sha256) is @ret's. */
must_check int blob_add(struct session *session, const void *bytes, size_t length, struct blob_new *ret,
			struct error *err);
/*
 * Copy @from. @digest: what it must have; NULL: whatever it has (sha256). @hash false: the bytes are not read
 * for their digest here, because the caller has somebody else do it before it publishes.
 */
must_check int blob_copy(struct session *session, const struct blob_source *from, const char *digest,
			 bool hash, struct blob_new *ret, struct error *err);
/* Copy @from without a look at it: its digest is not known yet, and "" in @ret. */
must_check int blob_spool(struct session *session, const struct blob_source *from, struct blob_new *ret,
			  struct error *err);
/*
 * @blob was written to its place by somebody else, who knows its digest and size: count on it. Where the
 * store has it already, its place becomes "".
 */
must_check int blob_claim(struct session *session, struct blob_new *blob, struct error *err);
/* Compare the digest of one that was copied without. */
must_check int blob_verify(struct session *session, struct blob_new *blob, struct error *err);
/* Open it for reading, where it is. */
must_check int blob_open_new(struct session *session, const struct blob_new *blob, int *ret_fd,
			     struct error *err);
/* It has its name afterwards. Once is enough, twice does no harm. */
must_check int blob_publish(struct session *session, struct blob_new *blob, struct error *err);

#endif
