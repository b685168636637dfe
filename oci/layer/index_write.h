/*
 * Writing a path index, in its order; see index.h.
 */
#ifndef HULL_OCI_LAYER_INDEX_WRITE_H
#define HULL_OCI_LAYER_INDEX_WRITE_H

#include "base/error.h"
#include "base/text.h"
#include "oci/layer/index.h"

struct index_writer {
	int fd;
	uint64_t offset; /* of the next string in the file */
	uint64_t count;
	struct text strings, records;
};

/* Borrows @fd, an empty file. */
void index_write_begin(struct index_writer *writer, int fd);
/* Copies @entry. */
must_check int index_write_entry(struct index_writer *writer, const struct index_entry *entry,
				 struct error *err);
must_check int index_write_end(struct index_writer *writer, struct error *err);
void index_write_release(struct index_writer *writer);

#endif
