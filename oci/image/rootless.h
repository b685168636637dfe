/*
 * The store of a user without privileges: files of an image belong to many users, so the work on layers is
 * done in a user namespace, where 0 is the user and what follows are its subordinate ids (subuid(5)).
 */
#ifndef HULL_OCI_IMAGE_ROOTLESS_H
#define HULL_OCI_IMAGE_ROOTLESS_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Enter a user and a mount namespace, with newuidmap(1) and newgidmap(1) where /etc/subuid gives the user
 * ids, else with its own id alone. Nothing for root.
 */
must_check int rootless_enter(struct error *err);
/* True after it entered. */
bool rootless_entered(void);
/* True where overlays take user.overlay.* marks only: this user namespace is not the machine's. */
bool rootless_user_xattr(void);

#endif
