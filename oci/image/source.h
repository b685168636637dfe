/*
 * Where an image is imported from: files by name, whether they lie in a directory or in an archive. An
 * archive is read by the same reader as layers are; its members are found without unpacking it.
 */
#ifndef HULL_OCI_IMAGE_SOURCE_H
#define HULL_OCI_IMAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/image/blob.h"

enum source_kind {
	SOURCE_OCI,    /* an image layout: oci-layout, index.json, blobs/ */
	SOURCE_DOCKER, /* `docker save`: manifest.json and what it names */
	SOURCE_ROOTFS, /* neither: the files of a root file system */
};

struct source_member {
	const char *name;
	const char *link; /* it is another name for that one; NULL: a file */
	uint64_t offset, size;
};

struct source {
	enum source_kind kind;
	const char *name;              /* as a person knows it */
	int directory;                 /* -1: it is an archive */
	int file;                      /* -1: it is a directory */
	struct source_member *members; /* of an archive, sorted by name */
	size_t count;
	int open; /* the member of a directory that source_member opened last */
};

#define SOURCE_NONE ((struct source){ .directory = -1, .file = -1, .open = -1 })

/* The directory @fd (taken) is called @name. */
must_check int source_open_directory(int fd, const char *name, struct source *ret, struct error *err);
/* The plain tar @fd (borrowed, seekable); strings live in @arena. */
must_check int source_open_archive(int fd, const char *name, struct arena *arena, struct source *ret,
				   struct error *err);
void source_close(struct source *source);
/*
 * Where the bytes of the file @name are; links in the source are followed within it. @ret is good until the
 * next call. Errors: -ENOENT there is none.
 */
must_check int source_find(struct source *source, const char *name, struct blob_source *ret,
			   struct error *err);
/* The whole file @name, at most @max bytes. */
must_check int source_read(struct source *source, const char *name, size_t max, struct text *ret,
			   struct error *err);
/* The blob @digest (checked) of a layout. */
must_check int source_find_blob(struct source *source, const char *digest, struct blob_source *ret,
				struct error *err);

#endif
