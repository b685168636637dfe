/*
 * A layer's blob becomes a directory. The work is done by hull-unpack, a program of its own that confines
 * itself before it reads a byte: it has nothing but the blob, the target as its root directory, and a few
 * capabilities, and who decompresses or extracts is not who computes the digests (pipeline.h); several can
 * run at once. This is the side that starts it and hears how it ended.
 *
 * What a layer's directory looks like: an overlay's lower layer. Whiteouts are character devices 0:0, opaque
 * directories have the xattr trusted.overlay.opaque (user.overlay.opaque when rootless); no other xattr in
 * those namespaces ever comes out of an archive. Beside it the path index, see index.h.
 */
#ifndef HULL_OCI_LAYER_UNPACK_H
#define HULL_OCI_LAYER_UNPACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/process.h"
#include "oci/layer/codec.h"
#include "oci/layer/digest.h"

struct unpack_limits {
	uint64_t entries;      /* members of one archive */
	uint64_t bytes;        /* of the tar, and of any file in it (sparse ones as well) */
	uint64_t ratio;        /* the tar may be ratio times the blob … */
	uint64_t ratio_excess; /* … and so many bytes */
	uint64_t memory_bytes; /* address space of the worker; 0: no limit */
};

struct unpack_request {
	int blob;                         /* read from its offset on; may be a pipe. Borrowed */
	uint64_t blob_size;               /* exactly so much is read; UINT64_MAX: to its end */
	const struct digest *blob_digest; /* NULL: not checked, only computed */
	const struct digest *diff_id;     /* the same */
	int target;                       /* directory, O_PATH or O_RDONLY; empty unless flat. Borrowed */
	int index;         /* an empty regular file, O_RDWR, for the path index; -1: none. Borrowed */
	bool keep_devices; /* make device nodes; otherwise they are left out and counted */
	bool user_xattr;   /* rootless: user.overlay.* instead of trusted.overlay.* */
	bool flat;         /* whiteouts take away from what target has, none are left; no index */
	struct unpack_limits limits;
	const char *program; /* path of hull-unpack; NULL: as base/program.h finds it */
};

struct unpack_result {
	struct digest blob_digest, diff_id;
	enum codec codec;
	uint64_t blob_bytes, tar_bytes;
	uint64_t entries;
	uint64_t files_bytes;     /* on disk: blocks, files with several links once */
	uint64_t implied;         /* directories that the archive has no entry for */
	uint64_t lower_links;     /* hard links to what only a layer below can have; they are in the index */
	uint64_t devices_skipped; /* device nodes that were left out */
	uint64_t xattrs_dropped;  /* xattrs that layers may not have, or that the file system refused */
};

/* How far it is, for a bar. Shared with the worker: numbers to show, not to rely on. */
struct unpack_progress {
	_Atomic uint64_t blob_bytes, tar_bytes, entries;
};

struct unpack_job {
	int fd; /* readable once the worker has ended or is about to */
	struct pidfd process;
	int life; /* hung up once all of its processes have ended */
	const struct unpack_progress *progress;
	int target, index;
	bool user_xattr, flat;
};

#define UNPACK_JOB_NONE                                                                                      \
	((struct unpack_job){ .fd = -1, .process = { -1 }, .life = -1, .target = -1, .index = -1 })

struct unpack_limits unpack_default_limits(void);
/* Borrows what @request points to for the call only. unpack_wait or unpack_kill must follow. */
must_check int unpack_start(const struct unpack_request *request, struct unpack_job *ret, struct error *err);
/*
 * Wait for the end of @job and release it. On error the target may hold anything: remove it.
 * Errors: -EBADMSG broken archive or digest mismatch (both digests are in the text), -EFBIG a limit, -ENOSPC,
 * -EPROTO the worker died, others as they came.
 */
must_check int unpack_wait(struct unpack_job *job, struct unpack_result *ret, struct error *err);
/* End @job at once, wait for its end, release it. Does nothing for one that is released. */
void unpack_kill(struct unpack_job *job);

#endif
