/*
 * Users by name: looked up in /etc/passwd and /etc/group of a container, files that whoever is in the
 * container writes. They are resolved beneath its root, opened only when regular, and read to a limit.
 */
#ifndef HULL_OCI_MAKE_USERS_H
#define HULL_OCI_MAKE_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/path.h"

#define USERS_MAX_GROUPS 64

struct users_found {
	uint32_t uid, gid;
	uint32_t groups[USERS_MAX_GROUPS]; /* supplementary */
	size_t group_count;
};

/*
 * @word is "user[:group]", names or numbers; what looks like a number is one. A user without a group gets the
 * groups that the files give, gid 0 where they know none.
 * Errors: -EINVAL with docker's words ("unable to find user x: no matching entries in passwd file").
 */
must_check int users_find(const struct rootdir *root, const char *word, struct users_found *ret,
			  struct error *err);

#endif
