/*
 * Reading tar archives that are not trusted: ustar, PAX, GNU (long names, base-256 numbers, sparse files).
 * There is one cursor, moved on by the effective size of each member, whatever header that came from; what
 * does not follow a rule is an error, never skipped. A reader has no effects: what an entry means for a
 * directory is decided by extract.c, and names are only brought into one form here.
 *
 * Names: bytes without NUL; leading "/" and "./" and empty parts are gone; "." stands for the root; "..",
 * parts over 255 bytes, names over 4095 bytes or TAR_MAX_DEPTH parts are errors.
 */
#ifndef HULL_OCI_LAYER_TAR_H
#define HULL_OCI_LAYER_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TAR_BLOCK 512
#define TAR_MAX_NAME 4095
#define TAR_MAX_PART 255
#define TAR_MAX_DEPTH 256
#define TAR_MAX_EXTENDED_BYTES ((size_t)1 << 20) /* one PAX header, one GNU long name */
#define TAR_MAX_XATTRS 256
#define TAR_MAX_XATTR_BYTES 65536
#define TAR_MAX_SPARSE 65536

enum tar_type {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_CHARACTER,
	TAR_BLOCK_DEVICE,
	TAR_DIRECTORY,
	TAR_FIFO,
	TAR_TYPE_COUNT
};

struct tar_xattr {
	const char *name;
	const void *value; /* length bytes, maybe none */
	size_t length;
};

/* @length bytes of the member's data belong at @offset of the file; what lies between is a hole. */
struct tar_extent {
	uint64_t offset, length;
};

/* Lives until the next tar_next. */
struct tar_entry {
	enum tar_type type;
	const char *path; /* in the form above */
	const char *link; /* TAR_SYMLINK: as it stands; TAR_HARDLINK: in the form above; else NULL */
	uint32_t mode;    /* 07777 only */
	uint32_t uid, gid;
	uint32_t major, minor;
	uint64_t size; /* of the file as it will be */
	int64_t mtime;
	uint32_t mtime_ns;
	const struct tar_xattr *xattrs;
	size_t xattr_count;
	const char *acl_access, *acl_default; /* SCHILY.acl.*: POSIX ACLs as text; NULL: none */
	const struct tar_extent *sparse;      /* NULL: the data is the whole file */
	size_t sparse_count;
};

/*
 * Where an archive comes from. Errors: its own. Gives the next piece, 0 bytes at the end; it stays until the
 * next call. Every piece but the last one is a multiple of TAR_BLOCK long.
 */
struct tar_source {
	int (*next)(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err);
	void *context;
};

struct tar;

/* Borrows what @source points to. */
must_check int tar_open(const struct tar_source *source, struct tar **ret, struct error *err);
void tar_close(struct tar *tar);
/*
 * The next entry; data of the last one that was not read is passed over. Returns 1, or 0 after the last one.
 * Errors: -EBADMSG the archive is broken or has what is refused, -EFBIG a limit, those of the source.
 */
must_check int tar_next(struct tar *tar, const struct tar_entry **ret, struct error *err);
/*
 * The next piece of the last entry's data, as it is stored: a file with a sparse map has its extents one
 * after the other. 0 bytes at its end. It stays until the next call.
 */
must_check int tar_data(struct tar *tar, const uint8_t **ret_bytes, size_t *ret_length, struct error *err);
/*
 * After tar_next returned 0: read what follows the end of the archive. Padding of zeros is usual; anything
 * else is ignored as any tar does, but belongs to the digest.
 */
must_check int tar_drain(struct tar *tar, struct error *err);

#endif
