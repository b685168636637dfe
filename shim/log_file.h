/*
 * A log in files that are rotated by rename: nothing that is in a file is ever changed or cut, but for
 * the torn end that a full disk leaves.
 */
#ifndef HULL_SHIM_LOG_FILE_H
#define HULL_SHIM_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define LOG_FILE_NAME "container.log"

struct log_file {
	int dir, fd;                    /* -1: none; the directory is held */
	uint64_t size_bytes, max_bytes; /* max 0: never rotated */
	uint32_t max_files;
};

/* Opens log/container.log below @dir, made where missing, to append. */
must_check int log_file_open(int dir, uint64_t max_bytes, uint32_t max_files, struct log_file *ret,
			     struct error *err);
/* Whole entries. Errors: those of open and write; nothing of @bytes is then in the file. */
must_check int log_file_append(struct log_file *file, const char *bytes, size_t length, struct error *err);
/* The next entry begins a new file; the oldest goes when there are too many. */
void log_file_rotate(struct log_file *file);
void log_file_close(struct log_file *file);

#endif
