/*
 * The store of a user without privileges: files of an image belong to many users, so the work on layers is
 * done in a user namespace, where 0 is the user and what follows are its subordinate ids (subuid(5)).
 */
#ifndef HULL_OCI_IMAGE_ROOTLESS_H
#define HULL_OCI_IMAGE_ROOTLESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct rootless_range {
	uint32_t id, first, count; /* id: of the user itself; count 0: there are no subordinate ones */
};

/*
 * Enter a user and a mount namespace, with newuidmap(1) and newgidmap(1) where /etc/subuid gives the user
 * ids, else with its own id alone. Nothing for root.
 */
must_check int rootless_enter(struct error *err);
/* True after it entered. */
bool rootless_entered(void);
/* What is mapped; only after rootless_entered. */
const struct rootless_range *rootless_uids(void);
const struct rootless_range *rootless_gids(void);
/* True where overlays take user.overlay.* marks only: this user namespace is not the machine's. */
bool rootless_user_xattr(void);

#endif
