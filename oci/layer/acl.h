/*
 * POSIX ACLs as archives have them (text) into what the kernel takes (the value of system.posix_acl_*).
 */
#ifndef HULL_OCI_LAYER_ACL_H
#define HULL_OCI_LAYER_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACL_MAX_ENTRIES 512
#define ACL_MAX_BYTES (4 + 8 * ACL_MAX_ENTRIES)

/*
 * "user::rwx,user:500:r-x,user:name:r--:501,group::r-x,mask::r-x,other::---", separated by commas or
 * newlines. A name without a number cannot be known here. Returns the length of @ret, 0 where the text is not
 * such an ACL.
 */
size_t acl_parse(const char *text, uint8_t ret[ACL_MAX_BYTES]);

#endif
