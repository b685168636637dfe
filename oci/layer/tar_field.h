/*
 * The fields of a tar header block, and names brought into one form. Part of the reader: see tar.h.
 */
#ifndef HULL_OCI_LAYER_TAR_FIELD_H
#define HULL_OCI_LAYER_TAR_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/layer/tar.h"

/* The block as POSIX has it; other dialects use the end otherwise. */
struct tar_header {
	uint8_t name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	uint8_t magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is one block");

#define TAR_EXTENT_BYTES 24 /* offset and length of 12 bytes each, in headers of type S */

/* Octal with blanks around it, or base 256; an empty field is 0. Errors: -EBADMSG, naming @what. */
must_check int tar_field_number(const uint8_t *field, size_t length, const char *what, int64_t *ret,
				struct error *err);
/* The same, of 0 to @max. */
must_check int tar_field_unsigned(const uint8_t *field, size_t length, const char *what, uint64_t max,
				  uint64_t *ret, struct error *err);
/* The sum of the block is what its checksum field says; both ways of summing are in use. */
bool tar_field_checksum(const struct tar_header *header);
bool tar_field_zero(const uint8_t *block);
/* The name with its prefix, where the dialect has one. @ret has room for 256 bytes. */
void tar_field_name(const struct tar_header *header, char *ret);

/*
 * @name in the form that tar.h describes, in place. @ret_slash: it ended with a slash. Errors: -EBADMSG.
 */
must_check int tar_field_clean(char *name, const char *what, bool *ret_slash, struct error *err);

#endif
