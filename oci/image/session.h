/*
 * One process's work on the store: a directory below tmp/ for what is not yet checked, and the list of
 * objects that it counts on. Both live as long as the lock on the directory, which the kernel drops with the
 * process; what a killed one leaves is collected.
 *
 * An object is claimed before it is looked for, under store.lock shared. Garbage is moved away under
 * store.lock exclusive, by one who has read all claims. So an object is either seen and kept, or not seen
 * and made anew: never seen and lost.
 */
#ifndef HULL_OCI_IMAGE_SESSION_H
#define HULL_OCI_IMAGE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/image/store.h"

struct session {
	const struct store *store;
	char name[STORE_NAME_BYTES]; /* below tmp/ */
	int dir;                     /* holds the lock; -1: none */
	int claims;
	unsigned made; /* how many names session_place gave */
	bool wrote;    /* something waits for session_sync */
};

/* Borrows @store. */
must_check int session_open(const struct store *store, struct session *ret, struct error *err);
/* Removes what it left in its directory. Accepts a zeroed one with dir -1. */
void session_close(struct session *session);
/* Count on the object @path ("blobs/sha256/HEX"). @ret_there: it is there and stays. */
must_check int session_claim(struct session *session, const char *path, bool *ret_there, struct error *err);
/* A path below the store for something new of this session's. */
void session_place(struct session *session, char ret[STORE_PATH_BYTES]);
/* Everything written so far is on the disk afterwards: one syncfs for however much there was. */
must_check int session_sync(struct session *session, struct error *err);
/*
 * Move @from, complete and synced, to the claimed @path. Where another was faster, theirs stays.
 * A directory that is damaged there must be discarded before.
 */
must_check int session_publish(struct session *session, const char *from, const char *path,
			       struct error *err);
/*
 * One process at a time makes the layer (or chain) that @digest names. @wait false: -EAGAIN where another
 * does. Ends when @ret_lock is closed, or with the process.
 */
must_check int session_lock_make(struct session *session, const char *digest, bool wait, int *ret_lock,
				 struct error *err);

#endif
